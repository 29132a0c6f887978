"""What to find out next: the open question whose answer would move the score most.

How often each answer is to be expected depends on what is already answered, by way of the chance they give: a likely
buyer's answers are those of buyers. Given the outcome, answers are taken as independent, so that the counts behind the
card's levels say it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.lines import names
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
    grade_can_change : bool
        Whether any answers to the open items, all together, can still change the grade; if not, stop asking.
    """

    item: str
    label: str
    gain: float
    outcomes: tuple[tuple[Answer | None, str, int], ...]
    grade_can_change: bool = True


def find_out_next(
    card: Scorecard, answers: Mapping[str, Answer], *, costs: Mapping[str, float] | None = None
) -> Finding | None:
    """Find the open item whose answer would move the score most in expectation.

    An item is open while not observed or unknown. Given equal gains the card's earlier line comes first.

    Parameters
    ----------
    costs : mapping of item key to float, optional
        What finding an item out costs, 1 where not given; the gain for each unit of cost then decides.

    Returns
    -------
    Finding or None
        None when no open item's answer can change the score.

    Examples
    --------
    >>> from models.scorecard import Curve
    >>> yes, no = Level("answered", True, "yes", 2, support=4), Level("answered", False, "no", -2, support=4)
    >>> line = Line("budget", ("budget",), "Budget", "yes_no", (yes, no))
    >>> card = Scorecard(prospects=8, won=4, lost=4, base_points=0, curve=Curve(0.0, 0.5), lines=(line,))
    >>> finding = find_out_next(card, {})
    >>> finding.item, round(finding.gain, 1), [score for *_, score in finding.outcomes]
    ('budget', 23.1, [73, 27])
    """
    points = card.points_of(answers)
    now = card.probability(points)
    best: Line | None = None
    most = most_for_cost = 0.0
    for line in _open(card, answers):
        gain = _gain(card, line, answers, points, now)
        cost = max((costs or {}).get(line.line, 1.0), 1e-9)
        if gain / cost > most_for_cost + 1e-12:
            best, most, most_for_cost = line, gain, gain / cost
    if best is None:
        return None
    outcomes = tuple(
        (level.answer, level.text, as_score(card.probability(points + _change(card, best, level, answers))))
        for level in _answers(best)
    )
    return Finding(best.line, best.label, 100 * most, outcomes, grade_can_change(card, answers))


def grade_can_change(card: Scorecard, answers: Mapping[str, Answer]) -> bool:
    """Whether answers to the open items could still change the grade, from the least to the most points they can give.

    Examples
    --------
    >>> from models.scorecard import Curve
    >>> levels = Level("answered", True, "yes", 1), Level("answered", False, "no", -1)
    >>> line = Line("fit", ("fit",), "Fit", "yes_no", levels)
    >>> card = Scorecard(prospects=8, won=4, lost=4, base_points=9, curve=Curve(0.0, 0.5), lines=(line,))
    >>> grade_can_change(card, {})
    False
    """
    points = card.points_of(answers)
    grade = card.grade(card.probability(points))
    low = high = points
    for line in card.lines:
        changes = [0, *_possible(line, answers)]
        low, high = low + min(changes), high + max(changes)
    return not grade == card.grade(card.probability(low)) == card.grade(card.probability(high))


def _open(card: Scorecard, answers: Mapping[str, Answer]) -> Iterable[Line]:
    return (line for line in card.lines if len(line.items) == 1 and answers.get(line.line) in (None, UNKNOWN))


def _possible(line: Line, answers: Mapping[str, Answer]) -> list[int]:
    """Changes of the line's own points that answers to its open items can bring."""
    open_items = [key for key in line.items if answers.get(key) in (None, UNKNOWN)]
    if not open_items:
        return []
    if len(line.items) == 1:
        now = _points_now(line, answers.get(line.line))
        return [level.points - now for level in _answers(line)]
    held = {key: answers.get(key) for key in line.items}
    now = _pair_points(line, held)
    fitting = [
        level.points
        for level in line.levels
        if all(names(level.answer.get(key), held[key]) for key in line.items if key not in open_items)
    ]
    return [points - now for points in [*fitting, 0]]


def _gain(card: Scorecard, line: Line, answers: Mapping[str, Answer], points: int, now: float) -> float:
    """Expected absolute change of the probability once the line is answered."""
    moved = total = 0.0
    levels = _answers(line)
    won, support = sum(level.won for level in levels), sum(level.support for level in levels)
    for level in levels:
        # P(answer) = P(answer | won) P(won) + P(answer | lost) P(lost), at the chance the sheet has now.
        weight = 1.0
        if support > 0:
            among_won = level.won / won if won else 0.0
            among_lost = (level.support - level.won) / (support - won) if support > won else 0.0
            weight = now * among_won + (1 - now) * among_lost
        total += weight
        moved += weight * abs(card.probability(points + _change(card, line, level, answers)) - now)
    return moved / total if total else 0.0


def _change(card: Scorecard, line: Line, level: Level, answers: Mapping[str, Answer]) -> int:
    """Points that this answer adds to the sheet, by its line and by the pairs its item is part of."""
    change = level.points - _points_now(line, answers.get(line.line))
    for pair in card.lines:
        if len(pair.items) == 2 and line.line in pair.items:
            before = {key: answers.get(key) for key in pair.items}
            change += _pair_points(pair, {**before, line.line: _example(level)}) - _pair_points(pair, before)
    return change


def _example(level: Level) -> Answer | None:
    """An answer of this level: of a number's bin, a number in it."""
    if level.answer is not None or level.start is not None:
        return level.start if level.answer is None else level.answer
    return None if level.below is None else level.below - 1


def _pair_points(pair: Line, answers: Mapping[str, Answer | None]) -> int:
    return next(
        (level.points for level in pair.levels if all(names(level.answer.get(k), answers[k]) for k in pair.items)), 0
    )


def _answers(line: Line) -> list[Level]:
    return [level for level in line.levels if level.state == "answered"]


def _points_now(line: Line, answer: Answer | None) -> int:
    state = "not_observed" if answer is None else "unknown"
    return next((level.points for level in line.levels if level.state == state), 0)
