"""Cards as callers see them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.fields import Input, Moment, Text

Basis = Literal["belief", "learning", "data"]


class CurveBody(BaseModel):
    """probability = 1 / (1 + exp(-(intercept + slope × points)))."""

    intercept: float
    slope: float


class CardSummary(BaseModel):
    """A stored card, without its lines."""

    id: str = Field(examples=["sc_0187f2a4c0de"])
    check_sheet: str
    sheet_version: int
    basis: Basis = Field(description="`belief` = opinion, `learning` = some outcomes, `data` = 40 won and 40 lost.")
    prospects: int
    won: int
    lost: int
    hash: str
    data_fingerprint: str = Field(description="The same data give the same fingerprint.")
    parent: str | None = Field(description="The card in force when this one was made.")
    as_of: Moment | None
    created_at: Moment
    in_force: bool
    activated: bool = Field(description="Whether it was put in force when it was made.")
    reason: str = Field(description="Why it was, or was not.")
    evaluation: dict[str, Any] | None = Field(description="How it did on prospects it had not seen.")


class CardBody(CardSummary):
    """A stored card, whole."""

    card: dict[str, Any] = Field(description="The card itself, as `winnow export card` prints it.")
    warnings: list[str] = []
    request_id: str | None = None


class CardPage(BaseModel):
    """One page of cards, newest first."""

    items: list[CardSummary]
    next: str | None


class LevelBody(BaseModel):
    """What one answer of a line counts."""

    model_config = ConfigDict(extra="allow")

    state: Literal["answered", "unknown", "not_observed"]
    answer: Any = Field(description="For a pair: item → answer.")
    points: int
    log_odds: float = Field(description="The weight before rounding.")
    low: float
    high: float
    support: float = Field(description="Prospects with this answer.")
    won: float = Field(description="How many of them were won.")
    from_belief: float = Field(description="The share of the weight that is still opinion, 0..1.")


class LineBody(BaseModel):
    """One line of the card: an item, or a pair of items."""

    model_config = ConfigDict(extra="allow")

    line: str
    items: list[str]
    label: str
    share: float = Field(description="Its part of what sets scores apart.")
    belief: dict[str, Any] | None
    contradicts_belief: bool
    chosen_in: float | None = Field(description="In what share of resamples the line was chosen.")
    answers: list[LevelBody]


class WeightsBody(BaseModel):
    """Feature weights: enough for anyone to recompute any score."""

    model_config = ConfigDict(extra="allow")

    scorecard: str
    check_sheet: str
    basis: Basis
    prospects: int
    won: int
    lost: int
    reconstructed_share: float
    base_points: int
    curve: CurveBody
    grades: dict[str, float]
    lines: list[LineBody]
    request_id: str | None = None


class ActivateInput(Input):
    """Why a manager puts a card in force."""

    reason: Text | None = Field(default=None, description="Kept in the audit; needed where the gate had said no.")


class ActivationReply(BaseModel):
    """A card that was put in force."""

    scorecard: str
    check_sheet: str
    activated_at: Moment
    rescored: int = Field(description="How many open prospects got another score.")
    warnings: list[str]
    request_id: str
