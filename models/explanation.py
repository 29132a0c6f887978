"""What to find out next: the open question whose answer would move the score most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.scorecard import UNKNOWN, Answer, Level, Line, Scorecard, as_score


@dataclass(frozen=True, slots=True)
class Finding:
    """An item worth finding out.

    Attributes
    ----------
    gain : float
        Expected absolute change of the score, in points of 100.
    outcomes : tuple of (answer, answer text, score)
        The score each answer would give.
    """

    item: str
    label: str
    gain: float
    outcomes: tuple[tuple[Answer | None, str, int], ...]


def find_out_next(card: Scorecard, answers: Mapping[str, Answer]) -> Finding | None:
    """Find the open item whose answer would move the score most in expectation.

    An item is open while not observed or unknown. Its answers are expected as often as training saw them, all alike
    where it saw none; given equal gains the card's earlier line comes first.

    Returns
    -------
    Finding or None
        None when no open item's answer can change the score.

    Examples
    --------
    >>> from models.scorecard import Curve
    >>> levels = Level("answered", True, "yes", 2, support=6), Level("answered", False, "no", -2, support=2)
    >>> line = Line("budget", ("budget",), "Budget", "yes_no", levels)
    >>> card = Scorecard(prospects=8, won=4, lost=4, base_points=0, curve=Curve(0.0, 0.5), lines=(line,))
    >>> finding = find_out_next(card, {})
    >>> finding.item, round(finding.gain, 1), [score for *_, score in finding.outcomes]
    ('budget', 23.1, [73, 27])
    """
    points = card.points_of(answers)
    now = card.probability(points)
    best: tuple[Line, int] | None = None
    most = 0.0
    for line in card.lines:
        if answers.get(line.line) in (None, UNKNOWN):
            without = points - _points_now(line, answers.get(line.line))
            gain = _gain(card, line, without, now)
            if gain > most + 1e-12:
                best, most = (line, without), gain
    if best is None:
        return None
    line, without = best
    outcomes = tuple(
        (level.answer, level.text, as_score(card.probability(without + level.points))) for level in _answers(line)
    )
    return Finding(line.line, line.label, 100 * most, outcomes)


def _gain(card: Scorecard, line: Line, without: int, now: float) -> float:
    """Expected absolute change of the probability once the line is answered."""
    moved = total = 0.0
    levels = _answers(line)
    even = 0.0 if any(level.support for level in levels) else 1.0
    for level in levels:
        weight = level.support + even
        total += weight
        moved += weight * abs(card.probability(without + level.points) - now)
    return moved / total if total else 0.0


def _answers(line: Line) -> list[Level]:
    return [level for level in line.levels if level.state == "answered"]


def _points_now(line: Line, answer: Answer | None) -> int:
    state = "not_observed" if answer is None else "unknown"
    return next((level.points for level in line.levels if level.state == state), 0)
