"""The frozen card: whole points, one curve, reasons that add up, and JSON to and from.

Scoring needs only the standard library. The same integers give points, probability, reasons, weights and exports.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from math import exp, sqrt
from statistics import NormalDist
from typing import Any, Literal, TypeAlias

from models.lines import UNKNOWN, Answer, Entry, Level, Line, PairTable, Reason, State, Table, say

__all__ = ["UNKNOWN", "Answer", "Curve", "Level", "Line", "Reason", "Score", "Scorecard", "State", "as_score", "say"]

Basis: TypeAlias = Literal["belief", "learning", "data"]
_LEAST_CHANCE = 1e-6  # however extreme the points, never exactly 0 or 1


@dataclass(frozen=True, slots=True)
class Curve:
    """From total points to log-odds: ``intercept + slope * points``."""

    intercept: float
    slope: float


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
        for item, points, table in self._tables:
            answer = get(item)
            found = points.get(answer)
            total += table.points_at(answer) if found is None else found
        for pair in self._pairs:
            total += pair.entry(get(pair.first), get(pair.second)).points
        return total

    def probability(self, points: int) -> float:
        """Read the curve at a total of points; never exactly 0 or 1."""
        return _chance(self.curve.intercept + self.curve.slope * points)

    def grade(self, probability: float) -> str:
        """Grade a probability by the card's thresholds."""
        return next((grade for grade in "ABC" if probability >= self.grades[grade]), "D")

    def score(self, answers: Mapping[str, Answer]) -> Score:
        """Score a sheet, with its reasons and interval."""
        get = answers.get
        entries = self._entries(answers)
        points = self.base_points + sum([entry.points for entry in entries])
        probability = self.probability(points)
        low, high = self._interval(points, [entry.term for entry in entries])
        grade = self.grade(probability)
        evidence = self.grade_evidence.get(grade, {})
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
            reasons=tuple([entry.reason for entry in entries]),
            not_observed=tuple(key for key in self.items if get(key) is None),
            unknown=tuple(key for key in self.items if get(key) == UNKNOWN),
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
    def _tables(self) -> tuple[tuple[str, dict[Any, int], Table], ...]:
        tables = [Table(line) for line in self.lines if len(line.items) == 1]
        return tuple((table.item, table.points, table) for table in tables)

    @cached_property
    def _pairs(self) -> tuple[PairTable, ...]:
        return tuple(PairTable(line) for line in self.lines if len(line.items) == 2)

    def _entries(self, answers: Mapping[str, Answer]) -> list[Entry]:
        """What each line says, in the order of the lines."""
        get = answers.get
        if not self._pairs:
            return [table.entry(get(item)) for item, _, table in self._tables]
        said = {table.item: table.entry(get(item)) for item, _, table in self._tables}
        pairs = {pair.line.line: pair.entry(get(pair.first), get(pair.second)) for pair in self._pairs}
        return [pairs[line.line] if len(line.items) == 2 else said[line.items[0]] for line in self.lines]

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


def as_score(probability: float) -> int:
    """Turn a probability into the quality score, 1 to 99.

    Examples
    --------
    >>> as_score(0.705), as_score(0.0001), as_score(0.9999)
    (71, 1, 99)
    """
    return min(max(int(100 * probability + 0.5), 1), 99)


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
