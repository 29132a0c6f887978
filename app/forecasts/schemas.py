"""Forecasts as callers send and get them."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from app.batches import ENTRIES, UNREAD, Batch, EntryId
from app.fields import Input, Moment, Name, PastMoment, Probability
from app.scoring.schemas import ScoreBody

Kind = Literal["blind", "informed", "revision", "imported"]
Category = Literal["commit", "best_case", "pipeline", "omitted"]


class ForecastInput(Input):
    """How likely somebody thinks a prospect is to buy."""

    probability: Probability | None = Field(default=None, description="0..1.", examples=[0.75])
    category: Category | None = Field(default=None, description="A category in place of a probability.")
    by: Name | None = Field(default=None, description="Whose forecast it is. Default: the owner's.", examples=["ada"])
    made_at: PastMoment | None = Field(
        default=None, description="For a forecast from a CRM's history; it is then `imported`, and reported apart."
    )

    @model_validator(mode="after")
    def one_form(self) -> Self:
        """Either a probability or a category."""
        if (self.probability is None) == (self.category is None):
            msg = "give either probability or category"
            raise ValueError(msg)
        return self


class ForecastEntry(ForecastInput):
    """A forecast to lock, as the single call takes it."""

    external_id: EntryId


class ForecastBatch(Batch):
    """Up to a thousand entries."""

    items: Annotated[list[ForecastEntry], ENTRIES, UNREAD]


class ForecastBody(BaseModel):
    """A forecast as it is kept: locked, never changed."""

    id: str
    kind: Kind = Field(description="`blind` = before the score was shown.")
    by: str | None
    probability: float | None
    category: Category | None
    made_at: Moment
    locked_at: Moment
    data_probability: float | None = Field(description="What the card said at that moment.")
    scorecard: str | None


class ForecastReply(ForecastBody):
    """A forecast that was locked, and the score it reveals."""

    score: ScoreBody | None = Field(description="Null while there is no card.")
    request_id: str


class ForecastPage(BaseModel):
    """One page of a prospect's forecasts, newest first."""

    items: list[ForecastBody]
    next: str | None
