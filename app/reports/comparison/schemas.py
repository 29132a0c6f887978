"""The forecast comparison as callers get it."""

from typing import Literal

from pydantic import BaseModel, Field

from app.reports.frame import ReportBody


class Plain(BaseModel):
    """Counts before figures: as many deals on either side."""

    reps_called_likely: int = Field(description="Deals whose forecast was at least one half.", examples=[20])
    of_those_won: int = Field(examples=[9])
    data_called_likely: int = Field(description="As many, those the data called likeliest.", examples=[20])
    of_those_won_data: int = Field(examples=[14])


class Calibration(BaseModel):
    """CORP: Brier = miscalibration − discrimination + uncertainty."""

    miscalibration: float = Field(description="What forecasts lose by not meaning what they say; 0 is best.")
    discrimination: float = Field(description="What they gain by telling deals apart; more is better.")
    uncertainty: float = Field(description="What a forecast of the close ratio for every deal would score.")


class Spread(BaseModel):
    """Where a figure lies with the stated chance; null where one account holds all deals."""

    low: float | None
    high: float | None


class Measured(Spread):
    """A figure with its interval."""

    value: float


class SkillBody(BaseModel):
    """How good one forecaster is."""

    brier: float = Field(description="Mean squared error of the probability; 0 is best.", examples=[0.171])
    log_loss: float = Field(description="Mean surprise, clipped as scikit-learn does.", examples=[0.52])
    auc: float = Field(description="Chance that a won deal was rated above a lost one.", examples=[0.79])
    calibration: Calibration
    wrong_for_sure: int = Field(description="Forecasts of 0 that were won and of 1 that were lost.")
    intervals: dict[str, Spread] = Field(description="90 % intervals of brier, log_loss and auc, by account.")


class Difference(Spread):
    """Data less reps on the same deals: below 0 the data were closer."""

    brier: float = Field(examples=[-0.035])
    level: float = 0.9
    method: str = "cluster-robust t by account"
    log_loss: Measured
    auc: Measured


class SetApart(BaseModel):
    """Forecasts of another kind, with figures of their own; null figures while there are too few."""

    deals: int
    needed: int = Field(description="How many more until its figures are shown.")
    brier: float | None = None
    log_loss: float | None = None
    auc: float | None = None
    calibration: Calibration | None = None
    wrong_for_sure: int | None = None
    intervals: dict[str, Spread] | None = None
    before: SkillBody | None = Field(
        default=None, description="For revisions: the first forecast of the very same deals."
    )
    data: SkillBody | None = Field(default=None, description="The data on those of the same deals that had a card.")
    difference: Difference | None = Field(default=None, description="Data less these forecasts.")


class BlendBody(SkillBody):
    """Both together, each deal's weight learnt from deals decided before it was forecast."""

    weight_on_data: float = Field(description="The weight learnt by the end; the rest is on the reps.", examples=[0.64])
    gain_on_data: Measured = Field(description="Brier of the data less that of the blend.")
    gain_on_reps: Measured = Field(description="Brier of the reps less that of the blend.")


class LookBody(BaseModel):
    """The running difference in Brier after so many deals; the band holds at all looks together."""

    deals: int
    difference: float
    low: float | None
    high: float | None


class AddsBody(Spread):
    """Whether one forecaster knows what the other does not."""

    yes: bool = Field(description="By a bound that may be looked at every day: at most 5 % false alarms in all.")
    coefficient: float = Field(description="Of its log-odds beside the other's, in a regression of the outcome.")
    level: float = 0.9


class Disagreement(BaseModel):
    """A deal the two saw differently, and what happened."""

    prospect: str
    name: str | None = Field(default=None, description="What it is called, where it has a name.")
    data: float
    rep: float
    outcome: Literal["won", "lost"]


class BiasBody(Spread):
    """Forecasts less what happened: above 0 is too hopeful."""

    value: float
    shrunk: float = Field(description="Pulled toward the team's by as much as chance explains.")


class PersonBody(BaseModel):
    """One person's own forecasts; named and shown to others only from the minimum on."""

    owner: str | None = Field(description="Null below the minimum, for all but the person itself.")
    deals: int
    needed: int = Field(description="How many more until the figures are shown.")
    bias: BiasBody | None
    brier: float | None


class ReliabilityPoint(BaseModel):
    """Of deals forecast so, how many were won, after recalibration; the band holds right forecasts."""

    forecaster: Literal["data", "reps"]
    forecast: float
    observed: float
    low: float
    high: float


class ComparisonBody(ReportBody):
    """Data and reps on the same deals at the same moment. All figures are null below the minimum."""

    deals: int = Field(description="Closed deals with the owner's blind forecast and a score at that moment.")
    won: int
    minimum: int = 30
    needed: int = Field(description="How many more until figures are shown.")
    without_card: int = Field(description="Deals forecast while there was no card; they are left out.")
    from_categories: int = Field(description="Forecasts given as a category, read by the category's own record.")
    from_beliefs: int = Field(description="Deals whose card was still opinion.")
    plain: Plain | None
    winner: Literal["data", "reps"] | None = Field(description="Who was closer beyond doubt, however often one looks.")
    data: SkillBody | None
    reps: SkillBody | None
    revision: SetApart | None = Field(description="The last forecast after a reveal, where there was one.")
    informed: SetApart | None = Field(description="First forecasts made where the score could have been seen.")
    imported: SetApart | None = Field(description="Forecasts from a CRM's history.")
    blend: BlendBody | None
    difference: Difference | None
    sequence: list[LookBody]
    sequence_level: float = Field(default=0.95, description="Chance that the band holds at all looks together.")
    reps_add_information: AddsBody | None
    data_adds_information: AddsBody | None
    disagreements: list[Disagreement]
    reliability: list[ReliabilityPoint]
    people: list[PersonBody] = Field(description="By name, never ranked; those below the minimum last.")
