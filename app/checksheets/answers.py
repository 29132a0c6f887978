"""Reading answers against a check sheet, and merging observations into the state of a sheet."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from app.checksheets.schemas import AnswerText, Item, SheetInput
from app.errors import FieldProblem, Unprocessable, escaped

UNKNOWN = "unknown"
Answers = dict[str, Any]
_LARGEST = 1e15


class NotAnAnswer(ValueError):
    """A value that is no answer to its item; the code says how, the text says what to send."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def read_answer(item: Item, value: object) -> bool | float | str | None:
    """The answer a value stands for; text is read, because some callers can send nothing else."""
    if value is None:
        return None
    if value == UNKNOWN:
        return UNKNOWN
    return _READERS[item.kind](item, value)


def _yes_no(item: Item, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise NotAnAnswer("not_yes_no", f"'{item.key}' takes true, false or \"unknown\".")


def _choice(item: Item, value: object) -> str:
    keys = [choice.key for choice in item.choices]
    if isinstance(value, str) and value in keys:
        return value
    raise NotAnAnswer("wrong_choice", f"'{item.key}' takes one of {', '.join(keys)} or \"unknown\".")


def _number(item: Item, value: object) -> float:
    try:
        # float() would read "1_000" too.
        unread = isinstance(value, bool) or (isinstance(value, str) and "_" in value)
        number = math.nan if unread else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not abs(number) <= _LARGEST:
        raise NotAnAnswer("not_a_number", f"'{item.key}' takes a number or \"unknown\".")
    return int(number) if number.is_integer() else number


_READERS: dict[str, Callable[[Item, object], bool | float | str]] = {
    "yes_no": _yes_no,
    "choice": _choice,
    "scale": _choice,
    "number": _number,
}


def say_answer(item: Item | None, value: object) -> str:
    """An answer as people say it; an item the sheet no longer has is said as it was sent."""
    if value is None:
        return "taken back"
    if value == UNKNOWN:
        return "unknown: looked for, not learnt"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if item is None:
        return str(value)
    if item.kind == "number":
        return f"{value} {item.unit or ''}".strip()
    return next((choice.label for choice in item.choices if choice.key == value), str(value))


@dataclass(frozen=True)
class Sheet:
    """One version of a check sheet, ready to read answers with."""

    key: str
    version: int
    body: SheetInput

    @cached_property
    def items(self) -> dict[str, Item]:
        """The items by key."""
        return {item.key: item for item in self.body.items}

    def read(self, raw: Mapping[str, object], pointers: Mapping[str, str] | None = None) -> Answers:
        """The answers in a caller's mapping; every one that is wrong is named, by where it stands in the body."""
        answers: Answers = {}
        problems = []
        for key, value in raw.items():
            try:
                answers[key] = self._read_one(key, value)
            except NotAnAnswer as error:
                pointer = pointers[key] if pointers else f"/answers/{escaped(key)}"
                problems.append(FieldProblem(pointer=pointer, code=error.code, detail=str(error)))
        if problems:
            raise Unprocessable(problems, code=problems[0].code)
        return answers

    def _read_one(self, key: str, value: object) -> bool | float | str | None:
        item = self.items.get(key)
        if item is None:
            raise NotAnAnswer("unknown_item", f"Check sheet '{self.key}' has no item '{key}'.")
        return read_answer(item, value)


class Answering(Protocol):
    """A body with answers in either of the two forms."""

    @property
    def answers(self) -> Mapping[str, Any] | None: ...
    @property
    def answers_list(self) -> Sequence[AnswerText] | None: ...


def listed(sheet: Sheet, given: Answering) -> Answers:
    """The answers of a body, in whichever form they came."""
    if given.answers is not None:
        return sheet.read(given.answers)
    entries = given.answers_list or []
    values = {entry.item: entry.value for entry in entries}
    if len(values) < len(entries):
        raise Unprocessable.field("/answers_list", "item_twice", "An item stands twice in answers_list.")
    return sheet.read(values, {entry.item: f"/answers_list/{place}" for place, entry in enumerate(entries)})


class Seen(Protocol):
    """What merging needs of an observation."""

    @property
    def answers(self) -> Answers: ...
    @property
    def observed_at(self) -> datetime: ...


@dataclass(slots=True)
class SheetState:
    """The answers in force and when each was seen; a retraction is kept as a time without an answer."""

    answers: Answers
    answered_at: dict[str, str]

    def add(self, answers: Mapping[str, Any], observed_at: datetime) -> bool:
        """Merge one more observation, recorded after all before it; whether any current answer changed."""
        seen = observed_at.isoformat()
        changed = False
        for item, value in answers.items():
            if seen < self.answered_at.get(item, ""):
                continue
            self.answered_at[item] = seen
            if self.answers.get(item) != value or type(self.answers.get(item)) is not type(value):
                changed = True
            if value is None:
                self.answers.pop(item, None)
            else:
                self.answers[item] = value
        return changed


def merge(observations: Iterable[Seen]) -> SheetState:
    """The state of a sheet after observations given in the order they were recorded."""
    state = SheetState({}, {})
    for observation in observations:
        state.add(observation.answers, observation.observed_at)
    return state
