"""The frozen card: whole points, one curve, reasons that add up, and JSON to and from.

Scoring needs only the standard library. The same integers give points, probability, reasons, weights and exports.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from math import exp, sqrt
from statistics import NormalDist
from typing import Any, Literal, TypeAlias

from models.errors import UnknownAnswer

UNKNOWN = "unknown"
Answer: TypeAlias = bool | str | float
State: TypeAlias = Literal["answered", "unknown", "not_observed"]
Basis: TypeAlias = Literal["belief", "learning", "data"]
GRADES = ("A", "B", "C", "D")
_LEAST_CHANCE = 1e-6  # however extreme the points, never exactly 0 or 1
_TEXT = {"unknown": "unknown", "not_observed": "not observed"}


@dataclass(frozen=True, slots=True)
class Level:
    """One answer of a line, and what it is worth.

    Attributes
    ----------
    state : {"answered", "unknown", "not_observed"}
    answer : bool, str, dict or None
        None in the state "answered" is a number's bin, or any answer that has no points of its own (rare ones are
        pooled there). A pair's answer is ``{item: answer}``.
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
        Share of the weight's precision that comes from the belief, 0 to 1.
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
    """An item, or a pair of items, with the points of each answer.

    Attributes
    ----------
    share : float
        This line's part of the card's spread of log-odds, 0 to 1.
    belief : dict or None
        ``{"expected", "importance"}`` as the team gave it.
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
class Curve:
    """From total points to log-odds: ``intercept + slope * points``."""

    intercept: float
    slope: float


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


@dataclass(frozen=True, slots=True)
class Score:
    """A quality score with its reasons; ``base_points`` + the reasons' points = ``points``, always."""

    points: int
    base_points: int
    probability: float
    score: int
    grade: str
    grade_close_ratio: float | None
    grade_support: float
    low: float
    high: float
    reasons: tuple[Reason, ...]
    not_observed: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Scorecard:
    """A trained card. Immutable; equal cards have equal hashes on every machine.

    Attributes
    ----------
    basis : {"belief", "learning", "data"}
        A label for how much evidence stands behind the card; outcomes always weigh.
    curve : Curve
        Log-odds = ``curve.intercept + curve.slope * points``.
    grades : dict
        Lowest probability of each of the grades A, B, C; less is D.
    grade_evidence : dict
        For each grade ``{"close_ratio", "support"}`` out of sample.
    covariance : tuple of tuple of float
        Lower triangle of the covariance of the base (row 0) and the terms, in squared log-odds.
    rounding : dict
        What whole points cost: log loss before and after, and the scale used.
    evaluation : dict or None
        The honest, out-of-sample evaluation.

    Examples
    --------
    >>> line = Line("budget", ("budget",), "Budget", "yes_no",
    ...             (Level("answered", True, "yes", 3), Level("answered", False, "no", -2)))
    >>> card = Scorecard(prospects=40, won=20, lost=20, base_points=1, curve=Curve(0.0, 0.5), lines=(line,))
    >>> card.points_of({"budget": True}), card.score({"budget": True}).score, card.score({}).points
    (4, 88, 1)
    >>> Scorecard.from_json(card.to_json()) == card
    True
    """

    prospects: int
    won: int
    lost: int
    base_points: int
    curve: Curve
    lines: tuple[Line, ...]
    basis: Basis = "learning"
    base_rate: float = 0.5
    reconstructed_share: float = 0.0
    grades: dict[str, float] = field(default_factory=lambda: {"A": 0.75, "B": 0.5, "C": 0.25})
    grade_evidence: dict[str, dict[str, float | None]] = field(default_factory=dict)
    interval_level: float = 0.9
    covariance: tuple[tuple[float, ...], ...] = ()
    rounding: dict[str, float] = field(default_factory=dict)
    evaluation: dict[str, Any] | None = None
    leaks: tuple[dict[str, Any], ...] = ()
    left_out: tuple[dict[str, str], ...] = ()
    lengths: tuple[dict[str, float], ...] = ()
    sample_size: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def points_of(self, answers: Mapping[str, Answer]) -> int:
        """Add up the points of a sheet; items the card does not know count nothing."""
        get = answers.get
        total = self.base_points
        for table in self._tables:
            total += table.points(get)
        return total

    def probability(self, points: int) -> float:
        """Read the curve at a total of points; never exactly 0 or 1."""
        log_odds = self.curve.intercept + self.curve.slope * points
        chance = 1 / (1 + exp(-log_odds)) if log_odds > -700 else 0.0
        return min(max(chance, _LEAST_CHANCE), 1 - _LEAST_CHANCE)

    def grade(self, probability: float) -> str:
        """Grade a probability by the card's thresholds."""
        return next((grade for grade in "ABC" if probability >= self.grades[grade]), "D")

    def score(self, answers: Mapping[str, Answer]) -> Score:
        """Score a sheet, with its reasons and interval."""
        get = answers.get
        chosen = [(table, table.level(get)) for table in self._tables]
        points = self.base_points + sum(level.points for _, level in chosen)
        probability = self.probability(points)
        low, high = self._interval(points, [level.term for _, level in chosen])
        grade = self.grade(probability)
        evidence = self.grade_evidence.get(grade, {})
        keys = self.items
        return Score(
            points=points,
            base_points=self.base_points,
            probability=probability,
            score=as_score(probability),
            grade=grade,
            grade_close_ratio=evidence.get("close_ratio"),
            grade_support=evidence.get("support") or 0,
            low=low,
            high=high,
            reasons=tuple(table.reason(level, get) for table, level in chosen),
            not_observed=tuple(key for key in keys if get(key) is None),
            unknown=tuple(key for key in keys if get(key) == UNKNOWN),
        )

    @cached_property
    def items(self) -> tuple[str, ...]:
        """Keys of the items the card uses, in the order of its lines."""
        return tuple(dict.fromkeys(key for line in self.lines for key in line.items))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the card's canonical JSON."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def to_json(self) -> dict[str, Any]:
        """Return the card as plain JSON types."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), allow_nan=False))
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Scorecard:
        """Rebuild a card from its JSON; keys this version does not know are ignored."""
        known = _known(cls, plain)
        known["curve"] = Curve(**_known(Curve, known["curve"]))
        known["lines"] = tuple(_line(line) for line in known["lines"])
        for name in ("leaks", "left_out", "lengths", "warnings"):
            known[name] = tuple(known.get(name, ()))
        known["covariance"] = tuple(tuple(row) for row in known.get("covariance", ()))
        return cls(**known)

    def weights(self) -> dict[str, Any]:
        """Return the feature weights: enough for anyone to recompute any score."""
        return {
            "basis": self.basis,
            "prospects": self.prospects,
            "won": self.won,
            "lost": self.lost,
            "reconstructed_share": self.reconstructed_share,
            "base_points": self.base_points,
            "curve": {"intercept": self.curve.intercept, "slope": self.curve.slope},
            "grades": dict(self.grades),
            "lines": [_weights_of(line) for line in self.lines],
        }

    @cached_property
    def _tables(self) -> tuple[_Table, ...]:
        return tuple(_Pair(line) if len(line.items) == 2 else _Single(line) for line in self.lines)

    @cached_property
    def _z(self) -> float:
        return NormalDist().inv_cdf(0.5 + self.interval_level / 2)

    def _interval(self, points: int, terms: list[int]) -> tuple[float, float]:
        """Interval of the probability: the variance of the summed weights around the curve's log-odds."""
        rows = self.covariance
        if not rows:
            return _LEAST_CHANCE, 1 - _LEAST_CHANCE
        terms = sorted([0, *(term for term in terms if term)])
        variance = 0.0
        for place, term in enumerate(terms):
            row = rows[term]
            variance += row[term] + 2 * sum([row[other] for other in terms[:place]])
        log_odds = self.curve.intercept + self.curve.slope * points
        spread = self._z * sqrt(max(variance, 0.0))
        return _chance(log_odds - spread), _chance(log_odds + spread)


class _Single:
    """Look-up from one item's answer to its level."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.key = line.items[0]
        missing = Level("answered", None, "another answer", 0)
        self.levels: dict[Any, Level] = {
            None: Level("not_observed", None, "not observed", 0),
            UNKNOWN: Level("unknown", None, "unknown", 0),
        }
        self.other = missing
        bins = []
        for level in line.levels:
            if level.state == "not_observed":
                self.levels[None] = level
            elif level.state == "unknown":
                self.levels[UNKNOWN] = level
            elif level.answer is not None:
                self.levels[level.answer] = level
            elif line.kind == "number":
                bins.append(level)
            else:
                self.other = level
        self.bins = bins
        self.cuts = [level.start for level in bins[1:] if level.start is not None]
        self.numeric = line.kind == "number"
        self.points_by_answer = {answer: level.points for answer, level in self.levels.items()}

    def points(self, get: Any) -> int:
        answer = get(self.key)
        if answer in self.points_by_answer:
            return self.points_by_answer[answer]
        return self.level(get).points

    def level(self, get: Any) -> Level:
        answer = get(self.key)
        level = self.levels.get(answer)
        if level is not None:
            return level
        if not self.numeric:
            return self.other
        if not isinstance(answer, (int, float)) or answer != answer:
            raise UnknownAnswer(self.key, answer)
        return self.bins[bisect_right(self.cuts, answer)] if self.bins else self.other

    def reason(self, level: Level, get: Any) -> Reason:
        answer = get(self.key)
        shown = None if level.state != "answered" else answer
        text = level.text if level is not self.other and not self.numeric else _TEXT.get(level.state) or say(answer)
        line = self.line
        return Reason(
            line.line, line.items, line.label, level.state, shown, text, level.points, level.close_ratio, level.support
        )


class _Pair:
    """Look-up from two items' answers to the level of their combination; any other combination is worth nothing."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.first, self.second = line.items
        self.levels = {(level.answer[self.first], level.answer[self.second]): level for level in line.levels}

    def points(self, get: Any) -> int:
        level = self.levels.get((get(self.first), get(self.second)))
        return level.points if level else 0

    def level(self, get: Any) -> Level:
        answers = (get(self.first), get(self.second))
        if level := self.levels.get(answers):
            return level
        state: State = "not_observed" if None in answers else "unknown" if UNKNOWN in answers else "answered"
        return Level(state, None, "otherwise", 0)

    def reason(self, level: Level, get: Any) -> Reason:
        line = self.line
        shown = {key: get(key) for key in line.items}
        return Reason(
            line.line, line.items, line.label, level.state, shown, level.text, level.points, level.close_ratio,
            level.support,
        )


_Table: TypeAlias = _Single | _Pair


def as_score(probability: float) -> int:
    """Turn a probability into the quality score, 1 to 99.

    Examples
    --------
    >>> as_score(0.705), as_score(0.0001), as_score(0.9999)
    (71, 1, 99)
    """
    return min(max(int(100 * probability + 0.5), 1), 99)


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


def _chance(log_odds: float) -> float:
    chance = 1 / (1 + exp(-log_odds)) if log_odds > -700 else 0.0
    return min(max(chance, _LEAST_CHANCE), 1 - _LEAST_CHANCE)


def _known(cls: type, plain: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(cls)}
    return {name: value for name, value in plain.items() if name in names}


def _line(plain: Mapping[str, Any]) -> Line:
    known = _known(Line, plain)
    known["items"] = tuple(known["items"])
    known["levels"] = tuple(Level(**_known(Level, level)) for level in known["levels"])
    return Line(**known)


def _weights_of(line: Line) -> dict[str, Any]:
    answers = [
        {
            "state": level.state,
            "answer": level.answer,
            "from": level.start,
            "below": level.below,
            "points": level.points,
            "log_odds": level.log_odds,
            "low": level.low,
            "high": level.high,
            "support": level.support,
            "won": level.won,
            "from_belief": level.from_belief,
        }
        for level in line.levels
    ]
    return {
        "line": line.line,
        "items": list(line.items),
        "label": line.label,
        "share": line.share,
        "belief": line.belief,
        "contradicts_belief": line.contradicts_belief,
        "chosen_in": line.chosen_in,
        "answers": answers,
    }
