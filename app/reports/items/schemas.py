"""The item review as callers get it."""

from typing import Literal

from pydantic import BaseModel, Field

from app.reports.frame import Interval, ReportBody


class Agreement(BaseModel):
    """Two people who looked at the same prospect before its outcome."""

    prospects: int = Field(description="Prospects of whom two people answered it.")
    alike: int = Field(description="Of those, how many times they gave the same answer.")
    kappa: Interval | None = Field(description="Agreement beyond chance, 1 is full; null under 10 or where all agree.")


class ItemReview(BaseModel):
    """What one characteristic is worth."""

    item: str = Field(examples=["budget"])
    label: str
    answered: int = Field(description="Closed deals of which it was answered before the outcome.")
    unknown: int = Field(description="Looked for and not learnt.")
    not_observed: int
    completeness: float | None = Field(description="Share answered or looked for.")
    signal: Interval | None = Field(
        description="AUC of it alone, each deal rated by how others with its answer ended: one half tells nothing, and "
        "less no more, for chance alone leads there. Null under 30 deals, or 5 of either kind."
    )
    on_card: bool
    points: int | None = Field(description="Between its best and its worst answer on the card in force.")
    log_odds: float | None = Field(description="The same before rounding.")
    chosen_in: float | None = Field(description="Share of resamples in which the card's training chose it.")
    commonest: str | None = Field(description="The answer given most often.")
    commonest_share: float | None
    agreement: Agreement | None
    findings: list[Literal["tells", "dead_weight", "same_answer", "contradicts_belief", "observers_differ"]]
    sentence: str = Field(description="What was found, in words.")


class Before(BaseModel):
    """Whether the sheet came before the expense."""

    prospects: int = Field(description="Prospects that arrived in the time asked for and had a visit or a quote.")
    filled_before: int = Field(description="Of those, how many had an answer on the sheet before it.")
    low: float | None
    high: float | None


class Completeness(BaseModel):
    """How full the sheets are; by name, never ranked."""

    owner: str | None = Field(description="Null: those with fewer than 30 closed deals, together.")
    deals: int
    completeness: float


class ItemsBody(ReportBody):
    """Each characteristic on the sheet: signal, dead weight, agreement, completeness."""

    deals: int = Field(description="Closed deals looked at, the latest 5,000 at most.")
    of: int = Field(description="Closed deals there are.")
    won: int
    minimum: int
    needed: int
    scorecard: str | None
    sheet_version: int
    telling: int = Field(
        description="Items that tell won from lost beyond chance, for all looked at together: one review in twenty at "
        "most says so of any that does not."
    )
    items: list[ItemReview]
    before_expense: Before
    owners: list[Completeness]
