"""Items from the raw text of a table, as a CSV file gives it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.encoding import UNKNOWN, Answer, Choice, Item

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a", "<na>", "-", "?"})
YES, NO = frozenset({"yes", "y", "true", "t", "1", "1.0"}), frozenset({"no", "n", "false", "f", "0", "0.0"})
MOSTLY = 0.8  # share of readable numbers that makes a column a number
ALL_DIFFERENT = 0.95
_NUMBER = re.compile(r"[-+]?(\d{1,3}([ ',]\d{3})+|\d+)?(\.\d*)?([eE][-+]?\d+)?")


def infer_items(columns: Mapping[str, Sequence[str]]) -> tuple[tuple[Item, ...], dict[str, NDArray[np.object_]]]:
    """Infer the item behind each column of text and read its answers.

    Empty text (and NA, null and the like) is not observed. "Unknown", in any case, is the state *unknown*, which has a
    level and points of its own just as any answer. Two values that say yes and no are `yes_no`; mostly numbers are a
    `number`, whose unreadable rest is not observed; all else is a `choice`. What :func:`identifiers` names is left out.

    Examples
    --------
    >>> items, answers = infer_items({"Budget": ["yes", "No", "", "Unknown"], "Visits": ["3", "1,200", "x", "4"] * 2})
    >>> [item.kind for item in items], answers["Budget"].tolist()
    (['yes_no', 'choice'], [True, False, None, 'unknown'])
    """
    left_out = identifiers(columns)
    items, answers = [], {}
    for name, texts in columns.items():
        if name not in left_out:
            item, column = _infer(name, texts)
            items.append(item)
            answers[name] = column
    return tuple(items), answers


def identifiers(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Name the columns that identify a row rather than describe it, with the reason.

    Examples
    --------
    >>> identifiers({"id": [f"row {n}" for n in range(30)], "size": ["big", "small"] * 15})
    {'id': 'nearly every row has a text of its own'}
    """
    return {
        name: "nearly every row has a text of its own"
        for name, texts in columns.items()
        if _all_different([text.strip() for text in texts if text.strip().casefold() not in MISSING])
    }


def _all_different(texts: Sequence[str]) -> bool:
    distinct = set(texts)
    if len(texts) < 20 or len(distinct) < ALL_DIFFERENT * len(texts):
        return False
    return sum(read_number(text) is not None for text in distinct) < MOSTLY * len(distinct)


def _infer(name: str, texts: Sequence[str]) -> tuple[Item, NDArray[np.object_]]:
    meaning: dict[str, Answer | None] = {}
    plain = {text: text.strip() for text in dict.fromkeys(texts)}
    telling = {
        text: value for text, value in plain.items() if value.casefold() not in MISSING and value.casefold() != UNKNOWN
    }
    meaning.update(dict.fromkeys(plain))
    meaning.update({text: UNKNOWN for text, value in plain.items() if value.casefold() == UNKNOWN})
    folded = {value.casefold() for value in telling.values()}
    numbers = {text: read_number(value) for text, value in telling.items()}
    choices: tuple[Choice, ...] = ()
    if folded <= YES | NO and folded & YES and folded & NO:
        kind = "yes_no"
        meaning.update({text: value.casefold() in YES for text, value in telling.items()})
    elif telling and sum(numbers[text] is not None for text in texts if text in telling) >= MOSTLY * sum(
        text in telling for text in texts
    ):
        kind = "number"
        meaning.update(numbers)
    else:
        kind = "choice"
        meaning.update(telling)
        choices = tuple(Choice(value, value) for value in sorted(set(telling.values())))
    column = np.empty(len(texts), dtype=object)
    column[:] = [meaning[text] for text in texts]
    return Item(name, name, kind, choices), column  # type: ignore[arg-type]


def read_number(text: str) -> float | None:
    """Read a number as people write it, with thousands marks, a currency or a percent sign; None where it is none.

    Examples
    --------
    >>> read_number("1,200.50"), read_number("$ 7"), read_number("12 %"), read_number("inf"), read_number("seven")
    (1200.5, 7.0, 12.0, None, None)
    """
    bare = text.strip().strip("$€£%").strip()
    if not bare or not _NUMBER.fullmatch(bare) or not any(letter.isdigit() for letter in bare):
        return None
    number = float(re.sub("[ ',]", "", bare))
    return number if np.isfinite(number) else None
