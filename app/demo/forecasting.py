"""What the six reps of the sample team think a prospect's chance is, said before the score is shown.

A rep says, with x the true characteristics and s the sheet as it stands at that moment,

    logit p = lean + reads · logit P(won | s) + hears · (logit P(won | x) - logit P(won | s)) + noise · e,  e ~ N(0, 1)

in steps of five percent, never below 5 or above 95. `lean` is the rep's bias, `reads` how well it weighs what the sheet
says, and `hears` its private information: how much it knows of what is true and not on the sheet yet. Some revise once
they have seen the score, going the share `trust` of the way to it. Nothing of the outcome itself is known to anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, log

from numpy.random import Generator

from app.demo.observing import Rep, SimObservation
from app.demo.truth import Answer, Truth

FORECASTS, REVISES = 0.9, 0.4


@dataclass(frozen=True)
class Foresight:
    """How a rep comes to its forecasts; in log-odds."""

    lean: float
    reads: float
    hears: float
    noise: float
    trust: float


FORESIGHT: Mapping[str, Foresight] = {
    "rep-ada": Foresight(lean=0.0, reads=0.6, hears=0.5, noise=0.8, trust=0.5),
    "rep-bruno": Foresight(lean=0.8, reads=0.3, hears=0.2, noise=1.1, trust=0.2),
    "rep-chiara": Foresight(lean=-0.4, reads=0.5, hears=0.3, noise=0.9, trust=0.7),
    "rep-dirk": Foresight(lean=1.1, reads=0.3, hears=0.1, noise=1.0, trust=0.1),
    "rep-elif": Foresight(lean=0.2, reads=0.5, hears=0.6, noise=0.8, trust=0.4),
    "rep-feng": Foresight(lean=0.4, reads=0.3, hears=0.0, noise=1.3, trust=0.5),
}


@dataclass(frozen=True)
class SimForecast:
    made_at: datetime
    probability: float
    revised_at: datetime | None
    trust: float

    def revised(self, shown: float) -> float:
        """What the rep says once a chance of ``shown`` was shown to it."""
        return _said(self.probability + self.trust * (shown - self.probability))


def forecast(
    rng: Generator,
    truth: Truth,
    true: Mapping[str, Answer],
    owner: Rep,
    sheets: tuple[SimObservation, ...],
    decided: datetime,
) -> SimForecast | None:
    """What the owner says after one of its sheets, if it says anything before the decision."""
    place, speaks, revises = int(rng.integers(max(1, len(sheets)))), rng.random() < FORECASTS, rng.random() < REVISES
    surprise = rng.normal()
    made_at = sheets[place].observed_at + timedelta(minutes=10) if sheets else decided
    if not speaks or made_at >= decided:
        return None
    known: dict[str, Answer] = {}
    for sheet in sheets[: place + 1]:
        known |= sheet.answers
    habit = FORESIGHT[owner.external_id]
    on_sheet, in_truth = _logit(truth.probability(known)), _logit(truth.probability(true))
    sense = habit.lean + habit.reads * on_sheet + habit.hears * (in_truth - on_sheet) + habit.noise * surprise
    revised_at = made_at + timedelta(minutes=5)
    return SimForecast(
        made_at, _said(1 / (1 + exp(-sense))), revised_at if revises and revised_at < decided else None, habit.trust
    )


def _said(probability: float) -> float:
    """As people say it: in steps of five percent, and never quite sure."""
    return min(max(round(probability * 20) / 20, 0.05), 0.95)


def _logit(probability: float) -> float:
    return log(probability / (1 - probability))
