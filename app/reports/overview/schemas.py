"""The overview as callers get it."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from app.fields import Moment
from app.reports.frame import ReportBody


class Number(BaseModel):
    """A figure behind a sentence."""

    label: str = Field(description="What it is.", examples=["Brier, data less reps"])
    value: str = Field(description="As people read it, with its interval where it has one.", examples=["−0.035"])
    link: str = Field(description="Where the rows behind it stand on Winnow's pages.")


class Finding(BaseModel):
    """What one report found, in plain words."""

    about: Literal["forecasts", "card", "surprises", "effort", "items", "people", "waiting"] = Field(
        description="Which report it comes from; `waiting` = the list of prospects to qualify."
    )
    title: str = Field(description="What it is about, for people.", examples=["Data and reps"])
    state: Literal["found", "nothing", "not_enough", "alarm"] = Field(
        description="`nothing` = there is enough to tell, and what there is may be chance; `alarm` = something to mend."
    )
    needed: int = Field(description="How many more closed deals until it can be told; 0: it can.")
    sentences: list[str] = Field(
        description="What was found, or what is missing.",
        examples=[["Of 20 deals reps called likely 9 bought; of as many by the data, 14."]],
    )
    link: str = Field(description="The report it comes from.", examples=["/reports/forecasts"])
    numbers: list[Number] = Field(description="The figures behind the sentences; none where there is not enough.")


class Meter(BaseModel):
    """How far a report is from being able to tell anything."""

    title: str = Field(description="What it is about, for people.", examples=["Data and reps"])
    counted: str = Field(description="Which closed deals it is made of.", examples=["with effort noted"])
    deals: int = Field(description="How many of these there are.", examples=[112])
    have: int = Field(description="Of the closed deals it takes; more than enough counts as enough.")
    minimum: int = Field(description="Closed deals from which on the report tells anything.")
    needed: int = Field(description="How many more it takes.")
    about: date | None = Field(description="When it will be enough at the team's pace; null: it is, or who knows.")
    link: str = Field(description="The report on Winnow's pages.")


class OverviewBody(ReportBody):
    """What the reports found, in plain sentences with the figures under them."""

    week: Moment = Field(description="Surprises are those decided from this moment on.")
    closed: int = Field(description="Closed deals there are.")
    closed_a_week: float = Field(description="The team's pace: deals closed a week over the last 13.")
    findings: list[Finding]
    meters: list[Meter] = Field(description="One for each report that needs a least number of closed deals.")
