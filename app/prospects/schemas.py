"""What callers send and get of prospects and outcomes."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PlainSerializer, model_validator

from app.fields import Amount, Currency, Day, DecidedMoment, Input, Key, Moment, Name, PastMoment, SignedAmount, Text
from app.paths import SLASH


def _external_id(value: str) -> str:
    if not value.isprintable():
        msg = "an external id is 1 to 200 printable characters"
        raise ValueError(msg)
    return value


ExternalId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_external_id)]
ExternalIdPath = Annotated[
    ExternalId,
    BeforeValidator(lambda value: value.replace(SLASH, "/")),
    Path(description="Your own id of the prospect: printable, case-sensitive, percent-encoded.", examples=["crm-1042"]),
]


EntryIdPath = Annotated[
    str, Field(max_length=60), Path(description="The `id` of the entry.", examples=["ef_18eab9c7fb3653f0cca3ce52d50f"])
]


class Brief(Input):
    """The three lines a rep reads before a call."""

    looks_for: Text | None = Field(default=None, description="What they look for.", examples=["less scrap on line 2"])
    what_fits: Text | None = Field(default=None, description="What of ours fits.", examples=["inline inspection"])
    trust: Text | None = Field(default=None, description="How we earn trust.", examples=["trial on their own parts"])


class OutcomeInput(Input):
    """How a prospect ended."""

    result: Literal["won", "lost", "void"] = Field(
        description="`won`; `lost` = did not buy from us, whatever they did instead; `void` = should not exist.",
        examples=["won"],
    )
    decided_at: DecidedMoment | None = Field(
        default=None, description="When the customer decided; a bare date means the end of that day. Default: now."
    )
    amount: Amount | None = Field(default=None, description="What was sold.", examples=["60000.00"])
    margin: SignedAmount | None = Field(default=None, description="What of it stays with us.", examples=["18000.00"])
    currency: Currency | None = Field(default=None, description="ISO 4217.", examples=["EUR"])
    reason: Text | None = Field(
        default=None, description="Why; `no_decision` when the customer went silent or cancelled.", examples=["price"]
    )


class ProspectInput(Input):
    """What is known of a prospect: left out = unchanged, null = cleared."""

    check_sheet: Key | None = Field(
        default=None,
        description="The check sheet it belongs to; may be left out while only one exists.",
        examples=["industrial"],
    )
    name: Name | None = Field(default=None, description="What the opportunity is called.", examples=["Inline gauge"])
    owner: Name | None = Field(default=None, description="Who works on it, as your CRM writes it.", examples=["ada"])
    account: Name | None = Field(default=None, description="The customer's company.", examples=["Brandt Castings"])
    source: Name | None = Field(default=None, description="Where it came from.", examples=["trade fair"])
    amount: Amount | None = Field(default=None, description="What is at stake.", examples=["60000.00"])
    currency: Currency | None = Field(default=None, description="ISO 4217.", examples=["EUR"])
    stage: Key | None = Field(default=None, description="Step of the customer's journey.", examples=["comparing"])
    arrived_at: PastMoment | None = Field(default=None, description="When it came to us. Default: now.")
    expected_close: Day | None = Field(default=None, description="When a decision is expected.")
    brief: Brief | None = Field(default=None, description="Three lines to read before a call.")
    waiting_for: Text | None = Field(default=None, description="What must happen before it is ready.")
    look_again_at: Moment | None = Field(default=None, description="When to look at it again.")


class Outcome(BaseModel):
    """How a prospect ended, as it stands now."""

    result: Literal["won", "lost", "void"]
    decided_at: Moment
    amount: Amount | None
    margin: SignedAmount | None
    currency: str | None
    reason: str | None
    recorded_at: Moment


class ProspectBody(BaseModel):
    """A prospect as it stands now."""

    external_id: str = Field(examples=["crm-1042"])
    check_sheet: str | None = Field(examples=["industrial"])
    name: str | None
    owner: str | None
    account: str | None
    source: str | None
    amount: Amount | None
    currency: str | None
    stage: str | None
    arrived_at: Moment
    expected_close: date | None
    brief: Brief
    waiting_for: str | None
    look_again_at: Moment | None
    state: Literal["open", "won", "lost", "void"]
    outcome: Outcome | None
    answers: dict[str, Any] = Field(description="The current answers; what is absent has not been observed.")
    score: int | None = Field(description="Quality score, 1–99.", examples=[71])
    grade: str | None = Field(examples=["B"])
    scorecard: str | None = Field(description="The card the score was made with.")
    score_changed_at: Moment | None = Field(
        description="When its score moved last; send the greatest one seen as `score_changed_since`."
    )
    created_at: Moment
    updated_at: Moment
    etag: str = Field(description="Send it as If-Match to change only what you have read.", examples=['"3"'])


class ProspectPage(BaseModel):
    """One page of prospects."""

    items: list[ProspectBody]
    next: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class OutcomeReply(BaseModel):
    """What became of an outcome that was sent."""

    external_id: str
    state: Literal["open", "won", "lost", "void"]
    outcome: Outcome | None
    applied: bool = Field(description="false: nothing was changed; `reason` says why.")
    reason: str | None = Field(description="`stale` = an outcome decided later is there; `same` = it said just this.")
    etag: str
    score: int | None
    grade: str | None
    scorecard: str | None
    warnings: list[str]
    request_id: str


class StageInput(Input):
    """A step the customer took, by the sign it gave."""

    stage: Key = Field(examples=["comparing"])
    sign: Text | None = Field(default=None, description="What the customer said or did.")
    seen_at: PastMoment | None = Field(default=None, description="Default: now.")


class StageReply(BaseModel):
    """A step that was recorded."""

    id: str
    stage: str
    sign: str | None
    seen_at: Moment
    recorded_at: Moment
    applied: bool = Field(description="false: a later step is known already (`stale`), or this one is (`same`).")
    reason: Literal["stale", "same"] | None
    request_id: str


Hours = Annotated[
    Decimal,
    Field(ge=0, le=1000, max_digits=6, decimal_places=2, allow_inf_nan=False),
    PlainSerializer(float, return_type=float),
]


EffortKind = Literal["call", "visit", "demo", "quote", "other"]


class EffortInput(Input):
    """Work spent on a prospect."""

    kind: EffortKind
    hours: Hours | None = Field(default=None, description="Left out, the team's standard for the kind stands in.")
    cost: Amount | None = None
    currency: Currency | None = None
    spent_at: PastMoment | None = Field(default=None, description="Default: now.")
    by: Name | None = Field(default=None, description="Who spent it. Default: the owner.")
    requested_at: PastMoment | None = Field(default=None, description="For a quote: when the customer asked.")
    sent_at: PastMoment | None = Field(default=None, description="For a quote: when it went out.")

    @model_validator(mode="after")
    def asked_before_sent(self) -> Self:
        """A quote is asked for before it is sent."""
        if self.requested_at and self.sent_at and self.sent_at < self.requested_at:
            msg = "a quote is asked for before it is sent: the day asked for lies after the day sent"
            raise ValueError(msg)
        return self


class EffortReply(BaseModel):
    """Work that was recorded."""

    id: str
    kind: str
    hours: Hours
    estimated: bool = Field(description="The hours are the team's standard, nobody logged them.")
    cost: Amount | None
    currency: str | None
    by: str | None
    spent_at: Moment
    requested_at: Moment | None
    sent_at: Moment | None
    recorded_at: Moment
    request_id: str


class ExperienceInput(Input):
    """What happened after a won sale."""

    kind: Literal["satisfied", "complained", "returned", "bought_again"]
    happened_at: PastMoment | None = Field(default=None, description="Default: now.")
    amount: Amount | None = None
    currency: Currency | None = None
    note: Text | None = None


class ExperienceReply(BaseModel):
    """An experience that was recorded."""

    id: str
    kind: str
    happened_at: Moment
    amount: Amount | None
    currency: str | None
    note: str | None
    recorded_at: Moment
    request_id: str
