"""What the pages of the lists are asked, and what their forms send."""

import re
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from app.fields import Amount, Currency, Day, Key, Name, Text

NOBODY = "(nobody)"  # the filter's word for prospects that have no owner
_MOST_WORDS = 8


def _printable(value: object) -> object:
    return "".join(letter for letter in value if letter.isprintable()).strip() if isinstance(value, str) else value


Wanted = Annotated[str, BeforeValidator(_printable), Field(max_length=200)]


class Asked(BaseModel):
    """What a list is asked for in its address; what is empty leaves a field open."""

    q: Wanted = ""
    owner: Wanted = ""
    stage: Wanted = ""
    source: Wanted = ""
    check_sheet: Wanted = ""
    grade: Literal["", "A", "B", "C", "D"] = ""
    order: Literal["", "score"] = ""
    cursor: Annotated[str, Field(max_length=1000)] = ""

    @cached_property
    def words(self) -> list[str]:
        """The words searched for."""
        return self.q.lower().split()[:_MOST_WORDS]

    @property
    def filters(self) -> dict[str, str]:
        """What narrows the list, beside the search."""
        return self.model_dump(exclude={"q", "order", "cursor"}, exclude_defaults=True)

    @property
    def query(self) -> dict[str, str]:
        """All of it but the page, to be carried to another list or page."""
        return self.model_dump(exclude={"cursor"}, exclude_defaults=True)


_SPACES = re.compile(r"[\s'’_]")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")


def read_amount(text: str) -> str:
    """An amount as people type it, as decimal text: 60 000 · 60,000 · 60.000,50 · 60'000."""
    bare = _SPACES.sub("", text)
    if _GROUPED.fullmatch(bare):
        return re.sub("[.,]", "", bare)
    whole, mark, cents = bare.replace(",", ".").rpartition(".")
    return f"{whole.replace('.', '')}{mark}{cents}"


def _empty_is_none(value: object) -> object:
    if isinstance(value, str):
        return value.strip() or None
    return value


def _typed_amount(value: object) -> object:
    if not isinstance(value, str) or not value.strip():
        return None
    text = read_amount(value)
    if not re.fullmatch(r"\d{1,13}(\.\d{1,2})?", text):
        msg = "write the amount as a number, as in 60000 or 60,000.50"
        raise ValueError(msg)
    return Decimal(text)


def _typed_currency(value: object) -> object:
    text = _empty_is_none(value)
    if isinstance(text, str):
        text = text.upper()
        if not re.fullmatch("[A-Z]{3}", text):
            msg = "take the three letters of a currency, as in EUR"
            raise ValueError(msg)
    return text


def _typed_day(value: object) -> object:
    text = _empty_is_none(value)
    if isinstance(text, str):
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            msg = "write the day as in 2026-03-02"
            raise ValueError(msg) from error
        if not 1900 <= day.year < 2999:
            msg = "take a day of this century"
            raise ValueError(msg)
    return text


Typed = BeforeValidator(_empty_is_none)
TypedAmount = Annotated[Amount | None, BeforeValidator(_typed_amount)]
TypedCurrency = Annotated[Currency | None, BeforeValidator(_typed_currency)]
TypedDay = Annotated[Day | None, BeforeValidator(_typed_day)]
Required = Annotated[Name, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)]


class NewInput(BaseModel):
    """A new prospect as it is typed."""

    external_id: Annotated[str, StringConstraints(pattern=r"^w(-[a-z0-9]{4}){3}$")]
    name: Required
    account: Required
    amount: TypedAmount = None
    currency: TypedCurrency = None
    owner: Annotated[Name | None, Typed] = None
    check_sheet: Annotated[Key | None, Typed] = None


class NurtureInput(BaseModel):
    """What a prospect waits for, and when to look at it again."""

    waiting_for: Annotated[Text | None, Typed] = None
    look_again_on: TypedDay = None


class EditInput(NurtureInput):
    """A prospect's own fields as they are typed; what is left empty is cleared."""

    name: Required
    account: Annotated[Name | None, Typed] = None
    amount: TypedAmount = None
    currency: TypedCurrency = None
    source: Annotated[Name | None, Typed] = None
    expected_close: TypedDay = None
    owner: Annotated[Name | None, Typed] = None
    looks_for: Annotated[Text | None, Typed] = None
    what_fits: Annotated[Text | None, Typed] = None
    trust: Annotated[Text | None, Typed] = None
