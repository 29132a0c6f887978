"""Cards as callers see them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.fields import Input, Moment, Text

Basis = Literal["belief", "learning", "data"]
Grade = Literal["A", "B", "C", "D"]


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
    from_belief: float = Field(
        description="The share of the weight that is still opinion, 0..1; 0 where nobody had one."
    )


class LineBody(BaseModel):
    """One line of the card: an item, or a pair of items."""

    model_config = ConfigDict(extra="allow")

    line: str
    items: list[str]
    label: str
    share: float = Field(description="Its part of what sets scores apart.")
    belief: dict[str, Any] | None = Field(
        description="What the team said alone: `expected` and `importance`, and `choices` → for or against."
    )
    contradicts_belief: bool = Field(
        description="Whether the data say the opposite of what the team believed: beyond chance for all the sheet's "
        "beliefs looked at together, so that without any such line one card in a hundred at most says so of one."
    )
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


class PointsChange(BaseModel):
    """Points by either card; null where the card says nothing of it."""

    before: int | None = Field(examples=[2])
    after: int | None = Field(examples=[4])


class BaseChange(BaseModel):
    """The points both cards start with."""

    before: int
    after: int


class CurveChange(BaseModel):
    """The curves of both cards, from points to probability."""

    before: CurveBody
    after: CurveBody


class GradesChange(BaseModel):
    """The least probability of each grade, by either card."""

    before: dict[str, float] = Field(examples=[{"A": 0.75, "B": 0.5, "C": 0.25}])
    after: dict[str, float] = Field(examples=[{"A": 0.72, "B": 0.46, "C": 0.22}])


class ComparedCard(BaseModel):
    """One of the two cards."""

    id: str = Field(examples=["sc_0187f2a4c0de"])
    hash: str
    basis: Basis
    prospects: int
    won: int
    lost: int
    created_at: Moment
    in_force: bool


class AnswerChange(BaseModel):
    """What an answer counts by either card."""

    state: Literal["answered", "unknown", "not_observed"]
    answer: Any = Field(description="For a pair: item → answer.", examples=[True])
    start: float | None = Field(serialization_alias="from", description="Bounds of a number's bin.")
    below: float | None
    answer_text: str = Field(examples=["yes"])
    points: PointsChange


class LineChange(BaseModel):
    """A line that only one card has, or that counts differently."""

    line: str = Field(examples=["budget"])
    items: list[str]
    label: str = Field(examples=["Budget is allocated"])
    change: Literal["added", "dropped", "changed"]
    answers: list[AnswerChange] = Field(description="Of a changed line, the answers whose points differ.")


class Figure(BaseModel):
    """A figure on prospects the card had not seen, with its interval where it has one."""

    value: float = Field(examples=[0.53])
    low: float | None = None
    high: float | None = None


class FigureChange(BaseModel):
    """One figure of both evaluations; null where a card was not evaluated, as one of beliefs is not."""

    figure: str = Field(examples=["log_loss"])
    before: Figure | None
    after: Figure | None


class GradeMoves(BaseModel):
    """How many open prospects go from one grade to another."""

    before: Grade
    after: Grade
    prospects: int


class ProspectCounts(BaseModel):
    """What the change would do to the open prospects the caller may see."""

    open: int = Field(description="Open prospects that were scored by both cards.", examples=[212])
    complete: bool = Field(description="false: there are more, and only the newest to arrive were scored.")
    changed_score: int
    changed_grade: int = Field(examples=[31])
    up: int
    down: int
    moves: list[GradeMoves]


class ScoreChange(BaseModel):
    """The score by either card."""

    before: int = Field(examples=[46])
    after: int = Field(examples=[58])


class GradeChange(BaseModel):
    """The grade by either card."""

    before: Grade = Field(examples=["C"])
    after: Grade = Field(examples=["B"])


class MovedLine(BaseModel):
    """What one line does to the difference between two scores."""

    line: str | None = Field(description="null: where the cards start, which no answer changes.", examples=["budget"])
    label: str = Field(examples=["Budget is allocated"])
    answer_text: str = Field(examples=["yes"])
    points: PointsChange
    log_odds: float = Field(
        description="Points × slope, after less before, so that curves of different slopes compare. Over all lines and "
        "the start it sums to the whole difference in log-odds.",
        examples=[0.62],
    )


class MovedProspect(BaseModel):
    """An open prospect whose grade changes."""

    prospect: str = Field(examples=["crm-1042"])
    name: str | None
    owner: str | None
    score: ScoreChange
    grade: GradeChange
    because: list[MovedLine] = Field(description="What moves the score most, at most three.")


class DiffBody(BaseModel):
    """Two cards of one check sheet side by side, and what the second would change."""

    check_sheet: str
    before: ComparedCard
    after: ComparedCard
    identical: bool = Field(description="Both are the same card.")
    base_points: BaseChange
    curve: CurveChange
    grades: GradesChange
    lines: list[LineChange] = Field(description="Lines added, dropped or changed.")
    unchanged: list[str] = Field(description="Lines that count the same on both cards.", examples=[["tender"]])
    evaluation: list[FigureChange]
    prospects: ProspectCounts
    items: list[MovedProspect] = Field(description="Open prospects that change grade, largest change of score first.")
    next: str | None
    warnings: list[str] = Field(
        default=[],
        description="`evaluated_on_different_data`: the figures were not reached on the same prospects.",
    )
    request_id: str | None = None
