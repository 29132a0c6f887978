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

    Answers are expected as often as they were seen in training; an item is open while not observed or unknown.

    Returns
    -------
    Finding or None
        None when no open item's answer can change the score.

    Examples
    --------
    >>> from models.scorecard import Curve
    >>> line = Line("budget", ("budget",), "Budget", "yes_no",
    ...             (Level("answered", True, "yes", 2, support=6), Level("answered", False, "no", -2, support=2)))
    >>> card = Scorecard(prospects=8, won=4, lost=4, base_points=0, curve=Curve(0.0, 0.5), lines=(line,))
    >>> finding = find_out_next(card, {})
    >>> finding.item, round(finding.gain, 1), [score for *_, score in finding.outcomes]
    ('budget', 23.1, [73, 27])
    """
    points = card.points_of(answers)
    now = card.probability(points)
    best, best_gain = None, 0.0
    for key in card.items:
        if answers.get(key) in (None, UNKNOWN):
            levels = possible_answers(card, key)
            total = sum(level.support for level, _ in levels) or 1
            gain = 0.0
            for level, answer in levels:
                then = card.points_of({**answers, key: answer})
                gain += level.support * abs(card.probability(then) - now)
            if gain / total > best_gain + 1e-12:
                best, best_gain = key, gain / total
    return None if best is None else _finding(card, answers, best, best_gain)


def possible_answers(card: Scorecard, key: str) -> list[tuple[Level, Answer]]:
    """List an item's answers on the card, each with a value that stands for it.

    Examples
    --------
    >>> from models.scorecard import Curve
    >>> line = Line("visits", ("visits",), "Visits", "number",
    ...             (Level("answered", None, "below 3", -1, below=3.0), Level("answered", None, "3 or more", 1, start=3.0)))
    >>> card = Scorecard(prospects=8, won=4, lost=4, base_points=0, curve=Curve(0.0, 0.5), lines=(line,))
    >>> [answer for _, answer in possible_answers(card, "visits")]
    [2.0, 3.0]
    """
    line = next(line for line in card.lines if line.items == (key,))
    found: list[tuple[Level, Answer]] = []
    for level in line.levels:
        if level.state != "answered":
            continue
        if level.answer is not None:
            found.append((level, level.answer))
        elif line.kind == "number":
            found.append((level, level.start if level.start is not None else (level.below or 1.0) - 1.0))
    return found


def _finding(card: Scorecard, answers: Mapping[str, Answer], key: str, gain: float) -> Finding:
    line = next(line for line in card.lines if key in line.items)
    outcomes = tuple(
        (level.answer, level.text, as_score(card.probability(card.points_of({**answers, key: answer}))))
        for level, answer in possible_answers(card, key)
    )
    return Finding(key, line.label, 100 * gain, outcomes)
