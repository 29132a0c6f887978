"""Scores as callers ask for and get them."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from app.batches import ENTRIES, UNREAD, Batch, EntryId
from app.checksheets.schemas import AnswersInput, AnswersList, ObservationBody, ObservationInput
from app.fields import Amount, Input, Key, Moment, PastMoment
from app.prospects.schemas import ExternalId, OutcomeInput, ProspectBody, ProspectInput


class ScoreInterval(BaseModel):
    """Where the probability lies, with the certainty of `level`."""

    level: float = Field(examples=[0.9])
    low: float
    high: float


class ReasonBody(BaseModel):
    """What one line of the card adds; all of them and `base_points` sum to `points`."""

    line: str = Field(examples=["budget"])
    items: list[str]
    state: Literal["answered", "unknown", "not_observed"]
    answer: Any = Field(description="The answer; for a pair item → answer.", examples=[True])
    answer_text: str = Field(examples=["yes"])
    points: int = Field(examples=[4])
    label: str = Field(examples=["Budget is allocated"])
    close_ratio: float | None = Field(description="Of prospects with this answer, the share that was won.")
    support: float = Field(description="How many prospects had this answer.")


class Possibility(BaseModel):
    """The score an answer would give."""

    answer: Any
    answer_text: str
    score: int


class FindOutNext(BaseModel):
    """The item whose answer would move the score most."""

    item: str
    label: str
    how: str | None
    gain: float | None = Field(description="Expected change of the score, in points of 100.")
    outcomes: list[Possibility] | None = Field(alias="if")


class ScoreFields(BaseModel):
    """What a score comes with; all null while there is no card or the score is withheld."""

    basis: Literal["belief", "learning", "data"] | None
    scorecard_hash: str | None
    grade_close_ratio: float | None = Field(description="What share of prospects of this grade was won.")
    grade_support: float | None = Field(description="How many prospects that share rests on.")
    probability: float | None = Field(examples=[0.709])
    interval: ScoreInterval | None
    points: int | None = Field(examples=[9])
    base_points: int | None = Field(examples=[2])
    reasons: list[ReasonBody]
    not_observed: list[str]
    unknown: list[str]
    find_out_next: FindOutNext | None
    expected_amount: Amount | None = Field(description="Probability × amount.")
    as_of: Moment
    withheld: str | None
    warnings: list[str] = Field(
        description="`no_card_yet`; `nothing_observed`; `late` = seen or told after the outcome; "
        "`item_not_on_card` = an item came after the card and counts 0; `card_newer_than_outcome` = hindsight; "
        "`default_close_ratio` = 0.5 stands in for the sheet's expected_close_ratio; `numbers_need_outcomes` = what "
        "numbers count is learnt, not believed; `mostly_reconstructed`."
    )
    request_id: str


class ScoreBody(ScoreFields):
    """A quality score with its reasons."""

    prospect: str | None = Field(examples=["crm-1042"])
    check_sheet: str | None
    scorecard: str | None
    score: int | None = Field(description="1–99: the card's probability of winning, in percent.", examples=[71])
    grade: Literal["A", "B", "C", "D"] | None


class ObservationReply(ScoreBody):
    """An observation that was stored, and the score it led to."""

    observation: ObservationBody
    applied: bool = Field(description="false: no current answer changed; `reason` says why.")
    reason: Literal["stale", "same"] | None = Field(
        description="`stale` = newer answers are there; `same` = the sheet says so already, or this call came before."
    )


class CarriedOutcome(OutcomeInput):
    """How a prospect ended, told in the call that puts it."""


class UpsertInput(ProspectInput):
    """A prospect with, in the same call, what was observed and how it ended."""

    answers: AnswersInput | None = None
    answers_list: AnswersList | None = None
    observed_at: PastMoment | None = Field(default=None, description="When the answers were seen. Default: now.")
    reconstructed: bool = Field(default=False, description="The answers were ticked afterwards, from notes.")
    outcome: CarriedOutcome | None = None

    @model_validator(mode="after")
    def one_form(self) -> Self:
        """Answers come in one form or the other."""
        if self.answers is not None and self.answers_list is not None:
            msg = "give either answers or answers_list"
            raise ValueError(msg)
        return self


class ProspectReply(ProspectBody, ScoreFields):
    """A prospect that was put, with its score."""

    created: bool
    applied: bool = Field(description="false: the answers or the outcome changed nothing; `reason` says why.")
    reason: Literal["stale", "same"] | None = Field(
        description="`stale` = newer answers, or an outcome decided later, are there; `same` = it is so already."
    )


class WhatIfInput(Input):
    """Answers to score without storing anything, in either form."""

    check_sheet: Key | None = None
    answers: AnswersInput | None = None
    answers_list: AnswersList | None = None

    @model_validator(mode="after")
    def one_form(self) -> Self:
        """Answers come in one form or the other."""
        if (self.answers is None) == (self.answers_list is None):
            msg = "give either answers or answers_list"
            raise ValueError(msg)
        return self


class ScoreEntry(Input):
    """One sheet to score: a prospect's, or answers of your own, or a prospect's with some answers changed."""

    prospect: ExternalId | None = None
    check_sheet: Key | None = None
    answers: AnswersInput | None = None
    answers_list: AnswersList | None = None


class ProspectEntry(UpsertInput):
    """A prospect to put, as the single call takes it."""

    external_id: EntryId


class ObservationEntry(ObservationInput):
    """An observation to append, as the single call takes it."""

    external_id: EntryId


class OutcomeEntry(OutcomeInput):
    """How a prospect ended, as the single call takes it."""

    external_id: EntryId


class ScoreBatch(Batch):
    """Up to a thousand entries."""

    items: Annotated[list[ScoreEntry], ENTRIES, UNREAD]


class ProspectBatch(Batch):
    """Up to a thousand entries."""

    items: Annotated[list[ProspectEntry], ENTRIES, UNREAD]


class ObservationBatch(Batch):
    """Up to a thousand entries."""

    items: Annotated[list[ObservationEntry], ENTRIES, UNREAD]


class OutcomeBatch(Batch):
    """Up to a thousand entries."""

    items: Annotated[list[OutcomeEntry], ENTRIES, UNREAD]


class ScoreLogEntry(BaseModel):
    """A score a prospect had from some moment on."""

    scorecard: str
    points: int
    score: int
    grade: str
    probability: float
    cause: Literal["observation", "outcome", "card"] = Field(description="What moved it.")
    scored_at: Moment


class ScorePage(BaseModel):
    """One page of a prospect's scores, newest first."""

    items: list[ScoreLogEntry]
    next: str | None
    withheld: str | None = None
