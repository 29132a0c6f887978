"""Numbers, amounts, currencies and days as people type them into forms."""

import re
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator

from app.fields import Amount, Currency, Day, SignedAmount

_SPACES = re.compile(r"[\s'’_]")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
# What some write for thousands; the page itself never shows a number with a point so (see as_sent).
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3}|\.[0-9]{2}0)")


def read_amount(text: str) -> str:
    """An amount as people type it, as decimal text: 60 000 · 60,000 · 60.000,50 · 60'000."""
    bare = _SPACES.sub("", text).replace("−", "-")
    sign, bare = ("-", bare[1:]) if bare.startswith("-") else ("", bare)
    if _GROUPED.fullmatch(bare):
        return sign + re.sub("[.,]", "", bare)
    whole, mark, cents = bare.replace(",", ".").rpartition(".")
    return f"{sign}{whole.replace('.', '')}{mark}{cents}"


def as_number(typed: str) -> float:
    """The number somebody typed, with a comma or a point; ValueError with a sentence where it could be two."""
    text = typed.strip().replace("−", "-")
    point = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        raise ValueError("This takes a number, as in 12.5 or 12,5")
    if _THOUSANDS.fullmatch(text):
        whole, part = point.replace(".", ""), f"{float(point):g}"
        raise ValueError(
            f"“{text}” may mean {whole} or {part}: please write {whole} if you mean that, else fewer decimals"
        )
    return float(point)


def _empty_is_none(value: object) -> object:
    if isinstance(value, str):
        return value.strip() or None
    return value


def _typed_amount(value: object, *, sign: str = "") -> object:
    if not isinstance(value, str) or not value.strip():
        return None
    text = read_amount(value)
    if not re.fullmatch(rf"{sign}\d{{1,13}}(\.\d{{1,2}})?", text):
        msg = "write the amount as a number, as in 60000 or 60,000.50"
        raise ValueError(msg)
    return Decimal(text)


def _typed_hours(value: object) -> object:
    return str(as_number(value)) if isinstance(value, str) and value.strip() else None


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
TypedMargin = Annotated[SignedAmount | None, BeforeValidator(partial(_typed_amount, sign="-?"))]
TypedHours = BeforeValidator(_typed_hours)
TypedCurrency = Annotated[Currency | None, BeforeValidator(_typed_currency)]
TypedDay = Annotated[Day | None, BeforeValidator(_typed_day)]
