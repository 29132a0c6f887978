"""Answers as people read them and as forms carry them, and whose answer stands where several saw the same item."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.checksheets.answers import UNKNOWN
from app.checksheets.schemas import Item
from app.checksheets.tables import Observation
from app.fields import Moment

YES, NO, NOT_OBSERVED = "true", "false", ""


def as_sent(value: object) -> str:
    """An answer as a form carries it; not observed is nothing."""
    if value is None:
        return NOT_OBSERVED
    if isinstance(value, bool):
        return YES if value else NO
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def in_words(item: Item, value: object) -> str:
    """An answer as people say it."""
    if value is None:
        return "not observed"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value == UNKNOWN:
        return "unknown"
    if item.kind == "number":
        return f"{as_sent(value)} {item.unit or ''}".strip()
    return next((choice.label for choice in item.choices if choice.key == value), str(value))


@dataclass(frozen=True, slots=True)
class Given:
    """One answer to an item, by the observation that holds it."""

    observation: Observation
    value: Any


def standing(observations: Iterable[Observation]) -> dict[str, Given]:
    """The answer that stands for each item, from observations in the order they were recorded; as answers merge."""
    found: dict[str, Given] = {}
    for row in observations:
        for key, value in row.answers.items():
            before = found.get(key)
            if before is None or row.observed_at >= before.observation.observed_at:
                found[key] = Given(row, value)
    return found


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two people who answered one item at the same time, and differ; both answers are kept."""

    item: Item
    mine: Given
    theirs: Given
    mine_stands: bool


def disagreements(
    items: Iterable[Item], observations: list[Observation], *, me: str, since: Moment
) -> dict[str, Disagreement]:
    """Where somebody else answered after what I was shown, and I answered differently."""

    def new(row: Observation) -> bool:
        return row.recorded_at > since

    mine = _new_answers(observations, lambda row: not new(row) or row.recorded_by == me, new)
    theirs = _new_answers(observations, lambda row: not new(row) or row.recorded_by != me, new)
    now = standing(observations)
    return {
        item.key: Disagreement(item, mine[item.key], theirs[item.key], now[item.key] == mine[item.key])
        for item in items
        if item.key in mine and item.key in theirs and mine[item.key].value != theirs[item.key].value
    }


def _new_answers(
    observations: list[Observation], counts: Callable[[Observation], bool], new: Callable[[Observation], bool]
) -> dict[str, Given]:
    found = standing(row for row in observations if counts(row))
    return {key: given for key, given in found.items() if new(given.observation)}
