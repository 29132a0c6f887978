"""The effort report as callers get it."""

from typing import Literal

from pydantic import BaseModel, Field

from app.fields import Moment
from app.reports.frame import Interval, ReportBody


class Spent(BaseModel):
    """What was put into some prospects, and what came of the very same ones."""

    prospects: int = Field(description="Prospects that something was done for.")
    hours: float
    hours_estimated: float = Field(description="Of the hours, those of the team's standard, which nobody logged.")
    cost: float = Field(description="In `currency`.")
    quoted: int = Field(description="Prospects with a quote.")
    quotes_sold: int = Field(description="Of those, how many were won.")
    closed: int = Field(description="Of these prospects, how many are won or lost.")
    won: int
    won_amount: float
    won_margin: float | None = Field(description="Null unless the margin is known of every one of the won.")


class ByGrade(Spent):
    """By the grade at the first sheet."""

    grade: Literal["A", "B", "C", "D"] | None = Field(description="Null: no sheet was filled in.")
    productivity: Interval | None = Field(
        description="Won margin, or amount, per hour, of closed deals with effort; null under 10 of them."
    )


class BySource(Spent):
    """By where the prospect came from."""

    source: str | None


class ByKind(BaseModel):
    """By what was done."""

    kind: str
    entries: int
    prospects: int
    hours: float
    hours_estimated: float
    cost: float


class Below(BaseModel):
    """Hours on prospects whose first sheet scored below a chosen score."""

    score: int
    prospects: int
    hours: float
    closed: int = Field(description="Of these prospects, how many are won or lost.")
    won: int
    share_of_hours: float | None


class Qualifying(BaseModel):
    """Hours before the first sheet was filled in, and after."""

    before: float
    after: float
    without_sheet: float = Field(description="Hours on prospects that never had a sheet.")


class Allocation(BaseModel):
    """Where the hours there are would have earned more, by the team's own past."""

    from_grade: str
    to_grade: str
    hours: float = Field(description="Half of the first grade's hours, and at most as many as the second has.")
    gain: Interval = Field(description="What they would have brought there less what they brought, in `currency`.")
    assumptions: list[str]


class Side(BaseModel):
    """Deals before scoring began, or after."""

    deals: int
    won: int
    close_ratio: Interval | None
    deal_size: Interval | None = Field(description="Mean amount of a won deal.")
    margin: Interval | None = Field(description="Mean margin of a won deal.")
    productivity: Interval | None = Field(description="Won margin, or amount, per hour.")


class Began(BaseModel):
    """Before and after scoring began. Not proof: whatever else changed, changed too."""

    at: Moment | None = Field(description="When the first card was put in force.")
    before: Side
    after: Side
    straddling: int = Field(description="Deals that arrived before and were decided after; on neither side.")
    needed: int = Field(description="How many more closed deals on the smaller side until there are figures.")
    difference: Interval | None = Field(description="Close ratio after less before.")
    deals_for_proof: int | None = Field(
        description="Deals on each side, dealt by lot, with which such a difference would be shown with 80 % chance."
    )


class EffortBody(ReportBody):
    """Where effort went, and where quality was."""

    currency: str | None = Field(description="Of all money here; what is in another is left out and counted.")
    other_currency: int = Field(description="Deals and entries in another currency, whose money is left out.")
    by_margin: bool = Field(
        description="Whether productivity is of margin; false: of amount, for a won deal's margin is not known."
    )
    won_with_effort: int = Field(description="Won deals with effort, in `currency`: those productivity is of.")
    without_margin: int = Field(description="Of these, how many have no margin; any, and productivity is of amount.")
    without_money: int = Field(description="Of these, those left out because what productivity is of is not known.")
    hours: float
    prospects: int = Field(description="Prospects that something was done for.")
    closed: int = Field(description="Of these, how many are won or lost.")
    without_effort: int = Field(description="Closed deals nobody noted any effort for; in no figure by the hour.")
    won_without_effort: int = Field(description="Of those, how many were won.")
    minimum: int
    needed: int = Field(description="How many more closed deals with effort until grades are compared.")
    grades: list[ByGrade]
    kinds: list[ByKind]
    sources: list[BySource]
    below: Below
    qualifying: Qualifying
    allocation: Allocation | None
    began: Began
