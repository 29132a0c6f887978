"""A card's lines: what each answer to an item is worth, and the reason that says so."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal, NamedTuple, TypeAlias

from models.errors import UnknownAnswer

UNKNOWN = "unknown"
Answer: TypeAlias = bool | str | float
State: TypeAlias = Literal["answered", "unknown", "not_observed"]


@dataclass(frozen=True, slots=True)
class Level:
    """One answer of a line, and what it is worth.

    Attributes
    ----------
    state : {"answered", "unknown", "not_observed"}
    answer : bool, str, dict or None
        For a pair, the answer to each of its items; of a number the range, ``{"from", "below"}``.
        None in the state "answered" is a number's bin, or any answer that has no points of its own (rare ones are
        pooled there).
    start, below : float or None
        Bounds of a number's bin, ``start <= answer < below``; None is unbounded.
    text : str
        The answer as people read it.
    points : int
    log_odds, low, high : float
        The weight before rounding and its interval, in log-odds.
    support, won : float
        Prospects with this answer in training, and how many of them were won.
    from_belief : float
        Share of the weight's precision that comes from the belief, 0 to 1; 0 where nobody had one.
    term : int
        Row of the card's covariance that holds this weight.
    """

    state: State
    answer: Any
    text: str
    points: int
    log_odds: float = 0.0
    low: float = 0.0
    high: float = 0.0
    support: float = 0.0
    won: float = 0.0
    from_belief: float = 0.0
    term: int = 0
    start: float | None = None
    below: float | None = None

    @property
    def close_ratio(self) -> float | None:
        """Won prospects over all prospects with this answer; None without any."""
        return self.won / self.support if self.support else None


@dataclass(frozen=True, slots=True)
class Line:
    """An item, or a pair of items (kind "pair"), with the points of each answer.

    Attributes
    ----------
    share : float
        This line's part of the card's spread of log-odds, 0 to 1.
    belief : dict or None
        ``{"expected", "importance"}`` as the team gave it, and ``"choices"`` where it spoke of each choice.
    contradicts_belief : bool
        Whether its weights run against the belief beyond chance, for all the sheet's beliefs looked at together.
    chosen_in : float or None
        Share of resamples in which the line was chosen.
    """

    line: str
    items: tuple[str, ...]
    label: str
    kind: str
    levels: tuple[Level, ...]
    share: float = 0.0
    belief: dict[str, Any] | None = None
    contradicts_belief: bool = False
    chosen_in: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """What one line adds to a score, and the experience behind it."""

    line: str
    items: tuple[str, ...]
    label: str
    state: State
    answer: Any
    answer_text: str
    points: int
    close_ratio: float | None
    support: float


class Entry(NamedTuple):
    """What a line says to an answer."""

    points: int
    term: int
    reason: Reason


class Table:
    """Look-up from one line's answers to their points and reasons, made once for each card.

    An answer the line has no level for is worth nothing, and so is a state that training never met.

    Examples
    --------
    >>> bins = Level("answered", None, "below 3", -1, below=3.0), Level("answered", None, "3 or more", 2, start=3.0)
    >>> table = Table(Line("visits", ("visits",), "Visits", "number", bins))
    >>> table.entry(7).points, table.entry("unknown").points, table.entry(None).reason.answer_text
    (2, 0, 'not observed')
    """

    __slots__ = ("bins", "cuts", "entries", "item", "numeric", "other", "points")

    def __init__(self, line: Line) -> None:
        self.item = line.items[0]
        self.numeric = line.kind == "number"
        self.entries: dict[Any, Entry] = {
            None: _entry(line, Level("not_observed", None, "not observed", 0)),
            UNKNOWN: _entry(line, Level("unknown", None, "unknown", 0)),
        }
        self.other = _entry(line, Level("answered", None, "another answer", 0))
        self.bins: list[Entry] = []
        self.cuts: list[float] = []
        for level in line.levels:
            self._add(line, level)
        self.points = {answer: entry.points for answer, entry in self.entries.items()}

    def _add(self, line: Line, level: Level) -> None:
        entry = _entry(line, level)
        if level.state != "answered":
            self.entries[None if level.state == "not_observed" else UNKNOWN] = entry
        elif level.answer is not None:
            self.entries[level.answer] = entry
        elif self.numeric:
            self.bins.append(entry)
            if level.start is not None:
                self.cuts.append(level.start)
        else:
            self.other = entry

    def points_at(self, answer: Answer | None) -> int:
        """Look up the points of an answer that no level names, without a reason.

        Raises
        ------
        UnknownAnswer
            When a number line is asked about something that is no number.
        """
        return self._unnamed(answer).points

    def _unnamed(self, answer: Answer | None) -> Entry:
        if not self.numeric:
            return self.other
        if not isinstance(answer, int | float) or answer != answer:
            raise UnknownAnswer(self.item, answer)
        return self.bins[bisect_right(self.cuts, answer)] if self.bins else self.other

    def entry(self, answer: Answer | None) -> Entry:
        """Look an answer up.

        Raises
        ------
        UnknownAnswer
            When a number line is asked about something that is no number.
        """
        known = self.entries.get(answer)
        if known is not None:
            return known
        entry = self._unnamed(answer)
        return entry._replace(reason=replace(entry.reason, answer=answer, answer_text=say(answer)))


class PairTable:
    """Look-up from the answers to two items to their points and reason; what no level names is worth nothing.

    Examples
    --------
    >>> both = Level("answered", {"referral": True, "visits": {"from": 3.0, "below": None}}, "yes and 3 or more", 3)
    >>> table = PairTable(Line("referral+visits", ("referral", "visits"), "Referral and visits", "pair", (both,)))
    >>> table.entry(True, 7).points, table.entry(True, 2).points, table.entry(True, None).points
    (3, 0, 0)
    """

    __slots__ = ("entries", "first", "line", "ranges", "second")

    def __init__(self, line: Line) -> None:
        self.line = line
        self.first, self.second = line.items
        self.ranges = tuple(
            tuple({_key(level.answer.get(item)) for level in line.levels if isinstance(level.answer.get(item), dict)})
            for item in line.items
        )
        self.entries = {
            (_key(level.answer.get(self.first)), _key(level.answer.get(self.second))): _entry(line, level)
            for level in line.levels
        }

    def entry(self, first: Answer | None, second: Answer | None) -> Entry:
        """Look two answers up."""
        found = self.entries.get((self._side(0, first), self._side(1, second)))
        answer = {self.first: first, self.second: second}
        if found is None:
            return _entry(self.line, Level("answered", answer, f"{say(first)} and {say(second)}", 0))
        return found._replace(reason=replace(found.reason, answer=answer)) if any(self.ranges) else found

    def _side(self, place: int, answer: Answer | None) -> Any:
        """What the levels call this answer: itself, or the range a number lies in."""
        if isinstance(answer, int | float):
            for each in self.ranges[place]:
                if each[0] <= answer < each[1]:
                    return each
        return answer


def names(named: Any, answer: Answer | None) -> bool:
    """Whether an answer is the one a pair's level names, or a number in the range it names.

    Examples
    --------
    >>> names(True, True), names({"from": 3.0, "below": None}, 7), names({"from": 3.0, "below": None}, "unknown")
    (True, True, False)
    """
    if not isinstance(named, dict):
        return bool(named == answer)
    low, high = _key(named)
    return isinstance(answer, int | float) and low <= answer < high


def _key(named: Any) -> Any:
    """A range as its bounds; any other answer as it is."""
    if not isinstance(named, dict):
        return named
    start, below = named["from"], named["below"]
    return -inf if start is None else start, inf if below is None else below


def _entry(line: Line, level: Level) -> Entry:
    reason = Reason(
        line=line.line,
        items=line.items,
        label=line.label,
        state=level.state,
        answer=level.answer,
        answer_text=level.text,
        points=level.points,
        close_ratio=level.close_ratio,
        support=level.support,
    )
    return Entry(level.points, level.term, reason)


def say(answer: object) -> str:
    """Say an answer as people read it.

    Examples
    --------
    >>> say(True), say(None), say(3.0), say("referral")
    ('yes', 'not observed', '3', 'referral')
    """
    if answer is None:
        return "not observed"
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return f"{answer:.6g}" if isinstance(answer, (int, float)) else str(answer)
