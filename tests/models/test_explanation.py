"""What to find out next equals brute force."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.explanation import find_out_next, grade_can_change
from models.scorecard import Curve, Level, Line, Scorecard

support = st.integers(0, 50)
line_points = st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9), support, support)


def line_of(key, values):
    """A yes/no line with these points and supports."""
    yes, no, unseen, n_yes, n_no = values
    levels = (
        Level("answered", True, "yes", yes, support=n_yes, won=n_yes // 2),
        Level("answered", False, "no", no, support=n_no, won=n_no // 3),
        Level("not_observed", None, "not observed", unseen),
    )
    return Line(key, (key,), key, "yes_no", levels)


def brute_force(card, answers):
    """Try each answer of each open item by scoring the whole sheet anew, answers as often as the chance now says."""
    now = card.score(answers).probability
    gains = {}
    for line in card.lines:
        if answers.get(line.line) is None:
            seen = [level for level in line.levels if level.state == "answered"]
            won, lost = sum(level.won for level in seen), sum(level.support - level.won for level in seen)
            weights = [
                now * level.won / max(won, 1) + (1 - now) * (level.support - level.won) / max(lost, 1) for level in seen
            ]
            if not won + lost:
                weights = [1] * len(seen)
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


@given(st.lists(line_points, min_size=1, max_size=4), st.integers(0, 4), st.integers(-15, 15))
def test_asking_stops_exactly_when_no_answers_can_change_the_grade(values, answered, base):
    """The flag is what scoring every completion of the sheet gives."""
    lines = tuple(line_of(f"item{n}", each) for n, each in enumerate(values))
    card = Scorecard(prospects=9, won=4, lost=5, base_points=base, curve=Curve(-0.2, 0.3), lines=lines)
    answers = {f"item{n}": True for n in range(min(answered, len(values)))}
    left = [line.line for line in lines if line.line not in answers]
    grades = {
        card.score({**answers, **{k: v for k, v in zip(left, filled, strict=True) if v is not None}}).grade
        for filled in product([True, False, None], repeat=len(left))
    }
    assert grade_can_change(card, answers) == (len(grades) > 1)


def test_a_dear_question_waits_for_a_cheap_one():
    """What an item costs to find out divides its gain."""
    lines = line_of("dear", (4, -4, 0, 5, 5)), line_of("cheap", (3, -3, 0, 5, 5))
    card = Scorecard(prospects=9, won=4, lost=5, base_points=0, curve=Curve(0.0, 0.3), lines=lines)
    assert find_out_next(card, {}).item == "dear"
    assert find_out_next(card, {}, costs={"dear": 10.0}).item == "cheap"


def test_a_pair_counts_in_what_to_find_out():
    """With the referral known, the budget's answer brings the pair's points too."""
    both = Level("answered", {"referral": True, "budget": True}, "referral and budget", 6)
    pair = Line("referral+budget", ("referral", "budget"), "Referral and budget", "pair", (both,))
    lines = line_of("referral", (1, -1, 0, 5, 5)), line_of("budget", (1, -1, 0, 5, 5)), pair
    card = Scorecard(prospects=9, won=4, lost=5, base_points=0, curve=Curve(0.0, 0.3), lines=lines)
    found = find_out_next(card, {"referral": True})
    assert [score for *_, score in found.outcomes] == [
        card.score({"referral": True, "budget": answer}).score for answer in (True, False)
    ]
    assert sum(reason.points for reason in card.score({"referral": True, "budget": True}).reasons) == 8
