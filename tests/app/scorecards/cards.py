"""Cards for the tests of exports, and random sheets to score by them."""

import random
from typing import Any

from models.scorecard import UNKNOWN, Curve, Level, Line, Scorecard

HOSTILE = """o'Neil "x"; DROP TABLE answers; -- | =cmd|' /C calc'!A0 \\ %s :name {0} <b> [a](b)"""


def _line(key: str, kind: str, *levels: Level, label: str | None = None) -> Line:
    return Line(key, (key,), label or key.capitalize(), kind, levels)


_CURVE = Curve(-0.4, 0.31)


def _card(*lines: Line, base: int = 1, curve: Curve = _CURVE) -> Scorecard:
    return Scorecard(prospects=80, won=40, lost=40, base_points=base, curve=curve, lines=lines)


def _answers(**points: int) -> list[Level]:
    return [Level("answered", answer, answer.capitalize(), points) for answer, points in points.items()]


def _states(unknown: int, not_observed: int) -> list[Level]:
    return [Level("unknown", None, "unknown", unknown), Level("not_observed", None, "not observed", not_observed)]


_YES_NO = [Level("answered", True, "yes", 4), Level("answered", False, "no", -3), *_states(-1, 0)]
_BINS = [
    Level("answered", None, "below -2.5", -5, below=-2.5),
    Level("answered", None, "-2.5 to below 10", 1, start=-2.5, below=10.0),
    Level("answered", None, "10 or more", 6, start=10.0),
    *_states(-2, 3),
]

PLAIN = _card(
    _line("budget", "yes_no", *_YES_NO),
    _line("source", "choice", *_answers(fair=2, web=-1, call=2), Level("answered", None, "another answer", -2)),
    _line("urgency", "scale", *_answers(low=-2, middle=0, high=3), *_states(0, -1)),
    _line("visits", "number", *_BINS),
)
# Texts that would leave their quotes in one form or another, with a pooled answer that is told apart from them.
WILD = _card(
    _line(HOSTILE[:60], "choice", *[Level("answered", text, text, points) for text, points in
          ((HOSTILE, 5), ("=1+1", 3), ('"),1)+NOW(', 2), ("it's", -4), ("back\\", -5), ('\\"', 1), ("a, b", -2))],
          Level("answered", None, "=another", -1), *_states(2, -3), label=HOSTILE + "\nDROP TABLE answers;\u2028--"),
    _line("wn_points", "yes_no", *_YES_NO, label="=1+1"),
    _line('say "when"', "number", *_BINS, label="@SUM(A1)"),
    base=-2,
)  # fmt: skip
# Totals so far out that the curve is cut off at both ends.
STEEP = _card(*PLAIN.lines, base=-3, curve=Curve(-900.0, 150.0))
FALLING = _card(*PLAIN.lines, curve=Curve(0.2, -0.3))
EMPTY = _card(base=2)
PAIR = Line(
    "budget+source",
    ("budget", "source"),
    "Budget and source",
    "pair",
    (
        Level("answered", {"budget": True, "source": "fair"}, "yes and fair", 3),
        Level("answered", {"budget": False, "source": "it's"}, "no and it's", -2),
        Level("answered", {"budget": UNKNOWN, "source": None}, "unknown and not observed", 4),
    ),
)
# A pair of an answer and a number's range counts beside the lines of its items.
MEETING = _card(
    *PLAIN.lines,
    Line(
        "budget+visits",
        ("budget", "visits"),
        "Budget and visits",
        "pair",
        (
            Level("answered", {"budget": True, "visits": {"from": None, "below": -2.5}}, "yes and below -2.5", 3),
            Level("answered", {"budget": True, "visits": {"from": -2.5, "below": 10.0}}, "yes and to below 10", -4),
            Level("answered", {"budget": False, "visits": {"from": 10.0, "below": None}}, "no and 10 or more", 2),
        ),
    ),
)
CARDS = {"plain": PLAIN, "wild": WILD, "steep": STEEP, "falling": FALLING, "empty": EMPTY, "meeting": MEETING}


def sheets(card: Scorecard, count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Random answers to the items of a card: those it names, others, unknown, and none."""
    draw = random.Random(seed)
    choices = {item: [None, UNKNOWN] for item in card.items}
    for line in card.lines:
        for level in line.levels:
            if isinstance(level.answer, dict):
                for item, answer in level.answer.items():
                    choices[item] += [] if isinstance(answer, dict) else [answer]
            elif level.answer is not None:
                choices[line.line].append(level.answer)
        if line.kind == "choice":
            choices[line.line] += ["never seen", "FAIR"]
        if line.kind == "number":
            choices[line.line] += [-2.5, 10, 9.999, -1e9, 0, draw.uniform(-9, 20)]
    found = [{item: draw.choice(answers) for item, answers in choices.items()} for _ in range(count)]
    return [{item: answer for item, answer in sheet.items() if answer is not None} for sheet in found]
