"""Check sheets, prospects and answers for tests, as callers would write them."""

import math
from typing import Any


def item(key: str, kind: str = "yes_no", **more: Any) -> dict[str, Any]:
    """An item of a check sheet, worded for nobody in particular."""
    body = {"key": key, "label": key.capitalize(), "definition": f"The sign of {key} was seen.", "kind": kind}
    return body | more


def choices(*keys: str, **expected: str) -> list[dict[str, Any]]:
    """The choices of an item; `new="against"` gives a choice its direction."""
    return [{"key": key, "label": key} | ({"expected": expected[key]} if key in expected else {}) for key in keys]


BUDGET = item("budget", expected="for", importance=3, how="Ask the controller.")
TENDER = item("tender", expected="against", importance=2)
STANDING = item(
    "standing", "choice", choices=choices("new", "current", "former", current="for", new="against"), importance=2
)
URGENCY = item("urgency", "scale", choices=choices("low", "middle", "high"), expected="for", importance=1)
SIZE = item("size", "number", unit="employees")


def sheet(key: str = "bids", items: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A check sheet with beliefs on four kinds of item, so that it scores from outcome zero."""
    chosen = [BUDGET, TENDER, STANDING, URGENCY, SIZE] if items is None else items
    return {"key": key, "name": key.capitalize(), "items": chosen, "expected_close_ratio": 0.4} | more


def plain_sheet(key: str = "plain") -> dict[str, Any]:
    """A check sheet nobody believes anything of: without outcomes it has no card."""
    return {"key": key, "name": key.capitalize(), "items": [item("budget"), item("tender")]}


def recompute(weights: dict[str, Any], answers: dict[str, Any]) -> tuple[int, float]:
    """Points and probability of a sheet as a client works them out from the weights alone."""
    points = weights["base_points"]
    for line in weights["lines"]:
        points += _points_of_line(line, [answers.get(key) for key in line["items"]])
    log_odds = weights["curve"]["intercept"] + weights["curve"]["slope"] * points
    return points, 1 / (1 + math.exp(-log_odds))


def _points_of_line(line: dict[str, Any], given: list[Any]) -> int:
    for level in line["answers"]:
        if _is_level(level, line["items"], given):
            return level["points"]
    # The level without an answer and without bounds stands for every answer that has no points of its own.
    other = [level for level in line["answers"] if level["state"] == "answered" and _answers_nothing(level)]
    return other[0]["points"] if other and given[0] not in (None, "unknown") else 0


def _is_named(named: Any, answer: Any) -> bool:
    """A pair names an answer, or the range of a number."""
    if not isinstance(named, dict):
        return named == answer
    low, high = (-math.inf if named["from"] is None else named["from"]), named["below"]
    return isinstance(answer, float | int) and low <= answer < (math.inf if high is None else high)


def _is_level(level: dict[str, Any], items: list[str], given: list[Any]) -> bool:
    if len(items) == 2:
        return all(_is_named(level["answer"].get(key), answer) for key, answer in zip(items, given, strict=True))
    (answer,) = given
    if answer is None:
        return level["state"] == "not_observed"
    if answer == "unknown":
        return level["state"] == "unknown"
    if level["state"] != "answered":
        return False
    if level["answer"] is not None:
        return level["answer"] == answer
    if level["from"] is None and level["below"] is None:
        return False
    return (level["from"] is None or answer >= level["from"]) and (level["below"] is None or answer < level["below"])


def _answers_nothing(level: dict[str, Any]) -> bool:
    return level["answer"] is None and level["from"] is None and level["below"] is None
