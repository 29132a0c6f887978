"""What to find out next equals brute force."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.explanation import find_out_next
from models.scorecard import Curve, Level, Line, Scorecard

support = st.integers(0, 50)
line_points = st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9), support, support)


def line_of(key, values):
    """A yes/no line with these points and supports."""
    yes, no, unseen, n_yes, n_no = values
    levels = (
        Level("answered", True, "yes", yes, support=n_yes),
        Level("answered", False, "no", no, support=n_no),
        Level("not_observed", None, "not observed", unseen),
    )
    return Line(key, (key,), key, "yes_no", levels)


def brute_force(card, answers):
    """Try each answer of each open item by scoring the whole sheet anew."""
    now = card.score(answers).probability
    gains = {}
    for line in card.lines:
        if answers.get(line.line) is None:
            seen = [level for level in line.levels if level.state == "answered"]
            weights = [level.support for level in seen] if any(level.support for level in seen) else [1] * len(seen)
            moved = [abs(card.score({**answers, line.line: level.answer}).probability - now) for level in seen]
            gains[line.line] = 100 * sum(w * m for w, m in zip(weights, moved, strict=True)) / sum(weights)
    return gains


@given(st.lists(line_points, min_size=1, max_size=5), st.integers(0, 5))
def test_the_gain_named_is_the_largest_by_brute_force(values, answered):
    """The item found, and its gain, are what scoring every possible sheet gives."""
    card = Scorecard(
        prospects=9,
        won=4,
        lost=5,
        base_points=0,
        curve=Curve(-0.2, 0.3),
        lines=tuple(line_of(f"item{n}", each) for n, each in enumerate(values)),
    )
    answers = {f"item{n}": True for n in range(min(answered, len(values)))}
    gains = brute_force(card, answers)
    found = find_out_next(card, answers)
    assert (found.gain if found else 0.0) == pytest.approx(max(gains.values(), default=0.0), abs=1e-9)
    assert found is None or found.gain == pytest.approx(gains[found.item])


def test_nothing_is_asked_when_all_is_answered():
    """A complete sheet leaves nothing to find out."""
    card = Scorecard(
        prospects=9, won=4, lost=5, base_points=0, curve=Curve(0, 1), lines=(line_of("a", (3, -3, 0, 5, 5)),)
    )
    assert find_out_next(card, {"a": False}) is None
