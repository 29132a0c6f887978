"""Surprises, review notes and proposed items as callers send and get them."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from app.checksheets.schemas import Label
from app.fields import Amount, Currency, Input, Moment, Text
from app.reports.frame import ReportBody

_blank = BeforeValidator(lambda value: value or None)


class Against(BaseModel):
    """How many deals on one side of 50 went the other way, and how many were bound to."""

    deals: int = Field(examples=[88])
    against: int = Field(description="Of those, how many went against their score.", examples=[19])
    expected: float = Field(
        description="How many right scores let happen: a 20 wins one time in five.", examples=[18.6]
    )


class Note(BaseModel):
    """What somebody said of a deal."""

    note: str | None
    by: str = Field(examples=["Maren"])
    at: Moment
    proposed_item: str | None = Field(description="The label of an item proposed for the next version of the sheet.")


class Surprise(BaseModel):
    """A deal whose outcome went against its score."""

    prospect: str = Field(examples=["crm-1042"])
    name: str | None
    outcome: Literal["won", "lost"]
    decided_at: Moment
    score: int = Field(description="As it stood before the outcome.", examples=[12])
    grade: str
    surprise: float = Field(description="−ln of the chance the score gave to what happened.", examples=[2.12])
    amount: Amount | None
    currency: Currency | None
    notes: list[Note]


class Proposal(BaseModel):
    """An item somebody proposed because the sheet did not see it."""

    label: str = Field(examples=["Their plant manager changed"])
    definition: str = Field(description="The sign that must be seen to tick it.")
    by: str
    at: Moment
    prospect: str | None = Field(description="The deal it came from; null once its personal data were erased.")
    taken_up: bool = Field(
        description="Whether a version of the sheet since has had an item with this label or this sign."
    )


class SurprisesBody(ReportBody):
    """Deals that went against their score, most surprising first."""

    deals: int = Field(description="Closed deals with a score from before the outcome.")
    left_out: int = Field(description="Closed deals without one, or ticked afterwards from notes.")
    low: Against = Field(description="Deals below 50, and how many of them were won.")
    high: Against = Field(description="Deals of 50 or more, and how many of them were lost.")
    items: list[Surprise] = Field(description="At most 50.")
    proposals: list[Proposal]


class NoteInput(Input):
    """What is said of a deal: a note, an item for the next sheet, or both."""

    note: Annotated[Text | None, _blank] = None
    label: Annotated[Label | None, _blank] = None
    definition: Annotated[Text | None, _blank] = None

    @model_validator(mode="before")
    @classmethod
    def says_something(cls, given: dict[str, str]) -> dict[str, str]:
        """An item is proposed whole."""
        there = {name for name, value in given.items() if value}
        if not there:
            msg = "write what you found, or what the sheet did not see"
            raise ValueError(msg)
        if ("label" in there) != ("definition" in there):
            msg = "an item needs both its name and the sign to see"
            raise ValueError(msg)
        return given
