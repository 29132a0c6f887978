"""A card read as rules: what every form writes in its own language, so that all forms add up the same integers."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

from models.scorecard import UNKNOWN, Answer, Line, Scorecard, as_score

LEAST_CHANCE = 1e-6  # however extreme the points, a card's chance never comes nearer to 0 or 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")


@dataclass(frozen=True, slots=True)
class Exported:
    """A card to take out, with what it is called and the step the team agreed for each grade."""

    card: Scorecard
    title: str
    id: str | None = None
    steps: Mapping[str, str] = field(default_factory=dict)


class Is(NamedTuple):
    """Whether an item's answer is one of these; None stands for not observed."""

    item: str
    answers: tuple[Answer | None, ...]


class Below(NamedTuple):
    """Whether an item's number lies below a threshold."""

    item: str
    threshold: float


class Within(NamedTuple):
    """Whether an item's answer is a number from a threshold on, and below another; None is no threshold."""

    item: str
    start: float | None
    below: float | None


Test: TypeAlias = Is | Below | Within


class When(NamedTuple):
    """Points that count when every test holds."""

    tests: tuple[Test, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of a card: the first of `whens` that holds gives the points, else `otherwise` does."""

    items: tuple[str, ...]
    label: str
    numeric: bool
    whens: tuple[When, ...]
    otherwise: int

    @property
    def points(self) -> list[int]:
        """Every number of points the line can give."""
        return [self.otherwise, *(when.points for when in self.whens)]


def rules(card: Scorecard) -> list[Rule]:
    """The lines of a card as rules, in its order."""
    return [_pair(line) if len(line.items) > 1 else _single(line) for line in card.lines]


def _single(line: Line) -> Rule:
    """Not observed and unknown are asked first, then answers with points of their own, then a number's bins."""
    item = line.items[0]
    state = {"not_observed": 0, "unknown": 0}
    same: dict[int, list[Answer]] = defaultdict(list)
    bins, otherwise = [], 0
    for level in line.levels:
        if level.state != "answered":
            state[level.state] = level.points
        elif level.answer is not None:
            same[level.points].append(level.answer)
        elif line.kind == "number":
            bins.append(level)
        else:
            otherwise = level.points
    if bins:
        otherwise = bins[-1].points
    whens = [When((Is(item, (None,)),), state["not_observed"]), When((Is(item, (UNKNOWN,)),), state["unknown"])]
    whens += [
        When((Is(item, tuple(answers)),), points) for points, answers in same.items() if bins or points != otherwise
    ]
    whens += [When((Below(item, level.below),), level.points) for level in bins[:-1] if level.below is not None]
    return Rule((item,), line.label, line.kind == "number", tuple(whens), otherwise)


def _pair(line: Line) -> Rule:
    """A pair's answer names the answer of each of its items."""
    whens, otherwise = [], 0
    for level in line.levels:
        if isinstance(level.answer, dict):
            whens.append(When(tuple(_names(item, level.answer.get(item)) for item in line.items), level.points))
        elif level.state == "answered":
            otherwise = level.points
    return Rule(line.items, line.label, numeric=False, whens=tuple(whens), otherwise=otherwise)


def _names(item: str, answer: Any) -> Test:
    return Within(item, answer["from"], answer["below"]) if isinstance(answer, dict) else Is(item, (answer,))


def totals(card: Scorecard) -> range:
    """Every total of points the card can reach."""
    found = [rule.points for rule in rules(card)]
    least, most = (card.base_points + sum(map(which, found)) for which in (min, max))
    return range(least, most + 1)


class Run(NamedTuple):
    """Neighbouring totals that come to the same."""

    first: int
    last: int
    value: Any


def runs(card: Scorecard, value: Callable[[int], Any]) -> list[Run]:
    """The totals in rising order, those that come to the same put together."""
    found = [(value, list(same)) for value, same in groupby(totals(card), key=value)]
    return [Run(same[0], same[-1], value) for value, same in found]


def grade_at(card: Scorecard) -> Callable[[int], str]:
    """The grade a total stands for."""
    return lambda points: card.grade(card.probability(points))


def score_at(card: Scorecard) -> Callable[[int], int]:
    """The score a total stands for."""
    return lambda points: as_score(card.probability(points))


def reaches_certainty(card: Scorecard) -> bool:
    """Whether some total lies where the card's chances are cut off."""
    ends = totals(card)[0], totals(card)[-1]
    return any(card.probability(points) in (LEAST_CHANCE, 1 - LEAST_CHANCE) for points in ends)


@dataclass(frozen=True, slots=True)
class Column:
    """An item as a column of a table: what it is called, and what its cells hold."""

    label: str
    numeric: bool
    answers: tuple[Answer, ...]

    @property
    def yes_no(self) -> bool:
        """Whether it is answered by true and false."""
        return any(isinstance(answer, bool) for answer in self.answers)


def columns(card: Scorecard) -> dict[str, Column]:
    """The items a card asks for, in the order of its lines, with the answers it names."""
    found: dict[str, Column] = {}
    for line in sorted(card.lines, key=lambda line: len(line.items)):
        for item in line.items:
            known = found.get(item, Column(line.label if len(line.items) == 1 else item, line.kind == "number", ()))
            named = dict.fromkeys([*known.answers, *_named(line, item)])
            found[item] = replace(known, answers=tuple(named))
    return {item: found[item] for item in card.items}


def _named(line: Line, item: str) -> Iterator[Answer]:
    for level in line.levels:
        answer = level.answer.get(item) if isinstance(level.answer, dict) else level.answer
        if answer not in (None, UNKNOWN) and not isinstance(answer, dict):
            yield answer


def literal(number: float) -> str:
    """A number as every language here reads it."""
    return repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def one_line(text: str) -> str:
    """Text on one line, without control characters: fit for a comment or a heading."""
    return _CONTROL.sub(" ", text).strip()


def in_parts(terms: list[str], *, most: int) -> list[str]:
    """Terms summed in as few formulas as fit a length."""
    parts = [terms[0]]
    for term in terms[1:]:
        longer = f"{parts[-1]}+{term}"
        if len(longer) > most:
            parts.append(term)
        else:
            parts[-1] = longer
    return parts
