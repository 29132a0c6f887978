"""The calibration report as callers get it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.reports.frame import Interval, ReportBody


class LeftOut(BaseModel):
    """Closed deals that are no evidence here."""

    card_newer_than_outcome: int = Field(description="No card was in force before they were decided.")
    reconstructed: int = Field(description="Their sheets were ticked afterwards, from notes.")


class Likely(BaseModel):
    """Counts before figures."""

    deals: int = Field(description="Deals with a score of 50 or more.", examples=[62])
    won: int = Field(description="How many of them were won.", examples=[41])
    expected: float = Field(description="How many their scores promised.", examples=[43.8])
    others: int = Field(description="Deals with less.", examples=[88])
    others_won: int = Field(examples=[19])


class Parts(BaseModel):
    """CORP: Brier = miscalibration − discrimination + uncertainty."""

    miscalibration: float
    discrimination: float
    uncertainty: float


class Figures(BaseModel):
    """How good the chances were."""

    brier: Interval = Field(description="Mean squared error; 0 is best.")
    log_loss: Interval = Field(description="Mean surprise; 0 is best.")
    auc: Interval = Field(description="Chance that a won deal stood above a lost one.")
    gain: Interval = Field(description="Log loss of the usual close ratio less the card's, on the same deals.")
    base_brier: float = Field(description="Brier score of the close ratio the card knew from its training.")
    slope: float = Field(description="1 is calibrated, below 1 too extreme.")
    calibration: Parts


class Step(BaseModel):
    """A point of the reliability curve."""

    forecast: float
    observed: float = Field(description="Share that was won, by isotonic regression.")
    low: float = Field(description="Where it would lie with 90 % chance were the scores right.")
    high: float


class Tenth(BaseModel):
    """A tenth of the deals, best scores first."""

    tenth: int
    prospects: int
    close_ratio: float
    low: float
    high: float
    lift: float = Field(description="Its close ratio over that of all.")
    lift_low: float
    lift_high: float


class Bar(BaseModel):
    """Deals by score and outcome."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    start: float = Field(alias="from")
    end: float = Field(alias="to")
    won: int
    lost: int


class Group(BaseModel):
    """Deals of one stage, source or quarter: won against expected."""

    by: Literal["stage", "source", "period"]
    value: str
    deals: int
    won: int
    expected: float
    brier: float
    difference: Interval | None = Field(description="Close ratio less the mean score; null under 10 deals.")


class Share(BaseModel):
    """An answer's share, then and now."""

    answer: str
    then: float
    now: float


class ItemDrift(BaseModel):
    """An item whose answers are compared with those the card was made from."""

    item: str
    label: str
    asked: int = Field(description="Newer prospects of whom it is answered.")
    index: float | None = Field(description="Population stability index; 0 is no change.")
    limit: float | None = Field(description="Above it the change is beyond chance and matters.")
    moved: bool
    shares: list[Share]


class Drift(BaseModel):
    """What has changed since the card in force was made."""

    scorecard: str
    prospects: int = Field(description="Prospects that arrived since, at most the latest 1,000.")
    minimum: int
    needed: int
    items: list[ItemDrift]
    base_rate_then: float
    base_rate_now: float | None
    closed_since: int
    base_rate_low: float | None
    base_rate_high: float | None
    base_rate_moved: bool


class Verdict(BaseModel):
    """Whether the card still serves, in words."""

    state: Literal["not_enough", "serves", "doubtful", "aged"]
    sentence: str
    latest: int = Field(description="The latest deals it looks at.")
    latest_won: int
    latest_expected: float


class CalibrationBody(ReportBody):
    """The cards in force at the time, on outcomes they never saw."""

    deals: int
    won: int
    minimum: int
    needed: int = Field(description="How many more closed deals until there are figures.")
    left_out: LeftOut
    scorecards: list[str] = Field(description="The cards that were in force.")
    verdict: Verdict
    likely: Likely | None
    figures: Figures | None
    reliability: list[Step]
    lift: list[Tenth]
    histogram: list[Bar]
    groups: list[Group]
    drift: Drift | None
