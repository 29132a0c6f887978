"""What the team believes before any outcome, as prior weights and as imagined sheets that carry them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.coding import Coding, Meaning
from models.encoding import Item
from models.scorecard import say

LOG_ODDS_A_STEP = 0.25  # from neutral to a favourable answer, for each step of importance
WORTH = 10.0  # outcomes the imagined sheets count for in choosing and centring lines; the weights' prior is learnt
IMAGINED = 240


def with_declared(coding: Coding) -> Coding:
    """Add the answers a believed item declares but training never saw, so that beliefs can speak for them.

    Examples
    --------
    >>> item = Item("budget", "Budget", "yes_no", expected="for", importance=2)
    >>> [level.text for level in with_declared(Coding(item, (), np.array([-1, -1]))).levels]
    ['yes', 'no']
    """
    item = coding.item
    if not item.believed or item.kind == "number":
        return coding
    declared = (True, False) if item.kind == "yes_no" else tuple(choice.key for choice in item.choices)
    labels = {choice.key: choice.label for choice in item.choices}
    known = {level.answer: place for place, level in enumerate(coding.levels) if level.state == "answered"}
    meanings = [
        coding.levels[known[answer]]
        if answer in known
        else Meaning("answered", answer, labels.get(str(answer), say(answer)))
        for answer in declared
    ]
    rest = [place for place, level in enumerate(coding.levels) if level.answer is None or level.answer not in declared]
    moved = {known[answer]: place for place, answer in enumerate(declared) if answer in known}
    moved |= {place: len(declared) + number for number, place in enumerate(rest)}
    of_value = np.array([moved.get(int(level), -1) for level in coding.of_value], dtype=np.int32)
    ordered = tuple(range(len(declared))) if item.kind == "scale" else ()
    levels = (*meanings, *(coding.levels[place] for place in rest))
    return Coding(item, levels, of_value, ordered)


def believed_weights(coding: Coding) -> NDArray[np.float64]:
    """Return the prior mean of each level, in log-odds, shape (n_levels,).

    A `yes_no` item's yes and no lie opposite each other; a `choice` counts by its own direction; a `scale` or `number`
    rises or falls evenly from its first level to its last.

    Examples
    --------
    >>> item = Item("budget", "Budget", "yes_no", expected="against", importance=2)
    >>> levels = (Meaning("answered", True, "yes"), Meaning("answered", False, "no"))
    >>> believed_weights(Coding(item, levels, np.array([]))).tolist()
    [-0.5, 0.5]
    """
    item = coding.item
    weights = np.zeros(len(coding.levels))
    if not item.believed:
        return weights
    size = LOG_ODDS_A_STEP * (item.importance or 0)
    own = {choice.key: choice.expected for choice in item.choices if choice.expected}
    answered = [place for place, level in enumerate(coding.levels) if level.state == "answered"]
    for rank, place in enumerate(answered):
        answer = coding.levels[place].answer
        if own:
            weights[place] = size * _sign(own.get(str(answer)))
        elif item.kind == "yes_no":
            weights[place] = size * _sign(item.expected) * (1 if answer else -1)
        elif len(answered) > 1 and (item.kind != "choice"):
            weights[place] = size * _sign(item.expected) * (2 * rank / (len(answered) - 1) - 1)
    return weights


def speaks_of(item: Item, level: Meaning) -> bool:
    """Whether the team said something of this answer; never of *unknown* and *not observed*.

    Examples
    --------
    >>> item = Item("budget", "Budget", "yes_no", expected="for", importance=2)
    >>> speaks_of(item, Meaning("answered", False, "no")), speaks_of(item, Meaning("unknown", None, "unknown"))
    (True, False)
    """
    if not item.believed or level.state != "answered":
        return False
    own = {choice.key for choice in item.choices if choice.expected}
    return str(level.answer) in own if own else item.kind != "choice"


def imagined_sheets(codings: Sequence[Coding], seed: int) -> list[NDArray[np.int32]]:
    """Draw sheets on which every believed item is answered, each answer alike often, as levels.

    They carry no outcome: they say which answers may come, so that beliefs get lines and points before data do.
    """
    generator = np.random.default_rng(seed)
    drawn = []
    for coding in codings:
        answered = [place for place, level in enumerate(coding.levels) if level.state == "answered"]
        if coding.item.believed and answered:
            # A shuffled even spread rather than independent draws: each answer comes exactly as often as the others.
            even = np.resize(np.array(answered, dtype=np.int32), IMAGINED)
            drawn.append(generator.permutation(even))
        else:
            drawn.append(np.full(IMAGINED, -1, dtype=np.int32))
    return drawn


def can_speak(item: Item) -> bool:
    """Whether a belief alone gives the item points: numbers need outcomes to find their thresholds."""
    return item.believed and item.kind != "number"


def _sign(expected: str | None) -> int:
    return {"for": 1, "against": -1, None: 0}[expected]
