"""Check sheets, items and observations as callers send and get them."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from app.fields import Input, Key, Moment, Name, PastMoment, Probability, Text

Grade = Literal["A", "B", "C", "D"]
Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Value = bool | float | str | None
AnswersInput = Annotated[
    dict[str, Value],
    Field(
        max_length=500,
        description="Item key → answer: true/false, a choice's key, a number, `unknown` (looked for, not learnt), "
        "or null to retract. An item left out is not observed.",
        examples=[{"budget": True, "standing": "current", "competitors": "unknown"}],
    ),
]


class Choice(Input):
    """One answer of a `choice` or `scale` item."""

    key: Key
    label: Label
    expected: Literal["for", "against"] | None = Field(default=None, description="What the team believes it says.")


class Item(Input):
    """One characteristic, worded so that two people tick alike."""

    key: Key = Field(examples=["budget"])
    label: Label = Field(examples=["Budget is allocated"])
    definition: Text = Field(
        description="The sign that must be seen to tick it.",
        examples=["The customer named the amount and the cost centre, in writing or before a witness."],
    )
    kind: Literal["yes_no", "choice", "scale", "number"] = Field(description="`scale` = choices in a rising order.")
    choices: list[Choice] = Field(default=[], max_length=200, description="For `choice` and `scale`.")
    unit: Label | None = Field(default=None, description="For `number`.", examples=["employees"])
    expected: Literal["for", "against"] | None = Field(default=None, description="Direction the team believes in.")
    importance: int | None = Field(default=None, ge=0, le=3, description="How much the team believes it counts, 0–3.")
    in_order: bool = Field(
        default=False,
        description="For `scale` and `number`: points only rise, or only fall, from the lowest answer to the highest.",
    )
    stage: Key | None = Field(default=None, description="The step of the customer's journey it belongs to.")
    how: Text | None = Field(default=None, description="Where to look, or whom to hear it from.")
    help: Text | None = Field(default=None, description="What we can offer when the answer is unfavourable.")
    rationale: Text | None = Field(default=None, description="Why the team believes so.")

    @model_validator(mode="after")
    def choices_fit_the_kind(self) -> Self:
        """Choices belong to `choice` and `scale`, and differ; an order belongs to `scale` and `number`."""
        keys = [choice.key for choice in self.choices]
        if (self.kind in {"choice", "scale"}) != bool(keys):
            msg = f"item '{self.key}': a {self.kind} item {'needs' if not keys else 'has no'} choices"
            raise ValueError(msg)
        if self.in_order and self.kind not in {"scale", "number"}:
            msg = f"item '{self.key}': only a scale or a number has an order to keep"
            raise ValueError(msg)
        if len(set(keys)) < len(keys) or "unknown" in keys:
            msg = f"item '{self.key}': each choice needs a key of its own, and `unknown` is taken"
            raise ValueError(msg)
        return self


class Stage(Input):
    """A step of the customer's journey, entered by a sign the customer gave."""

    key: Key
    label: Label
    sign: Text


class GradeOdds(Input):
    """Where the grades are cut, as close ratios; D is what lies below C."""

    A: Probability
    B: Probability
    C: Probability

    @model_validator(mode="after")
    def falling(self) -> Self:
        """A is better than B is better than C."""
        if not 1 > self.A > self.B > self.C > 0:
            msg = "grades must fall from A to C, between 0 and 1"
            raise ValueError(msg)
        return self


class SheetInput(Input):
    """A check sheet as the team writes it."""

    key: Key = Field(examples=["industrial"])
    name: Name = Field(examples=["Industrial buyers"])
    items: list[Item] = Field(min_length=1, max_length=300)
    stages: list[Stage] | None = Field(default=None, max_length=30, description="Default: the seven usual steps.")
    expected_close_ratio: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] | None = Field(
        default=None,
        description="What share the team expects to win, for the card made of beliefs alone.",
        examples=[0.35],
    )
    grades: GradeOdds | None = Field(default=None, description="Default: cut on odds against the usual close ratio.")
    grade_steps: dict[Grade, Text] | None = Field(
        default=None, description="The step the team agreed for each grade.", examples=[{"A": "visit this week"}]
    )

    @model_validator(mode="after")
    def items_differ(self) -> Self:
        """Each item and stage has a key of its own."""
        for what, keys in (("items", [i.key for i in self.items]), ("stages", [s.key for s in self.stages or []])):
            if len(set(keys)) < len(keys):
                msg = f"{what}: each needs a key of its own"
                raise ValueError(msg)
        return self


class SheetBody(SheetInput):
    """A version of a check sheet."""

    version: int = Field(examples=[1])
    created_at: Moment


class SheetReply(SheetBody):
    """A check sheet that was stored, and the card of beliefs it gave."""

    created: bool = Field(description="true: there was no sheet of this key before.")
    scorecard: str | None = Field(description="The card in force, null while there is none.")
    warnings: list[str]
    request_id: str


class SheetPage(BaseModel):
    """All check sheets, each in its latest version."""

    items: list[SheetBody]
    next: None = None


class TemplatePage(BaseModel):
    """The check sheets that come with Winnow; post one as it is, or change it first."""

    items: list[SheetInput]
    next: None = None


class AnswerText(Input):
    """One answer as text, for tools that have no mixed types."""

    item: Key
    value: Annotated[str, StringConstraints(max_length=200)]


AnswersList = Annotated[
    list[AnswerText],
    Field(max_length=500, description="The same as `answers`, every value as text.", examples=[[]]),
]


class ObservationInput(Input):
    """One filling-in of a check sheet, whole or in part."""

    answers: AnswersInput | None = None
    answers_list: AnswersList | None = None
    observed_at: PastMoment | None = Field(default=None, description="When it was seen. Default: now.")
    observer: Name | None = Field(default=None, description="Who saw it.", examples=["ada"])
    evidence: Text | None = Field(default=None, description="What was seen, and where it is kept.")
    reconstructed: bool = Field(
        default=False,
        description="Ticked afterwards from notes of a closed prospect; `observed_at` is then the decision by default.",
    )
    check_sheet: Key | None = None
    sheet_version: int | None = Field(default=None, ge=1, le=10**6, description="Default: the latest.")

    @model_validator(mode="after")
    def one_form(self) -> Self:
        """Answers come in one form or the other."""
        if (self.answers is None) == (self.answers_list is None):
            msg = "give either answers or answers_list"
            raise ValueError(msg)
        return self


class ObservationBody(BaseModel):
    """An observation as it is kept."""

    id: str
    check_sheet: str
    sheet_version: int
    answers: dict[str, Any]
    observed_at: Moment
    recorded_at: Moment
    observer: str | None
    evidence: str | None
    reconstructed: bool
    imported: bool
    late: bool = Field(description="Seen or told after the outcome: kept, and never trained on.")


class ObservationPage(BaseModel):
    """One page of a prospect's observations, newest first."""

    items: list[ObservationBody]
    next: str | None
