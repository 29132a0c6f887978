"""What callers say when a card is to be trained."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.fields import Input, Key, PastMoment


class TrainInput(Input):
    """How to train."""

    check_sheet: Key | None = None
    as_of: PastMoment | None = Field(
        default=None, description="Train on what had happened by then, by your own times; for back-tests."
    )
    activate: Literal["if_better", "never"] = Field(
        default="if_better",
        description="`if_better`: put it in force when its log loss on the newest outcomes is below the base rate's "
        "and at most 5 % above that of the card in force.",
    )
    max_lines: int | None = Field(
        default=None,
        ge=1,
        le=50,
        description="The most lines the card may have; without it 12, or up to 40 where 12 clearly cannot say what the "
        "answers tell.",
    )
    max_points: int = Field(default=10, ge=1, le=100, description="The most points an answer may count.")
    allow: list[Key] = Field(default=[], max_length=300, description="Items kept although they look like leaks.")


class ActivationForm(Input):
    """What a manager says on the page of a card; roll-backs and overruling need a reason, which is audited."""

    reason: Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True)] = ""
