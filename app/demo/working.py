"""What the sample team does for its prospects: calls, visits, demos and quotes, by habit and hardly by quality."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from numpy.random import Generator

from app.demo.observing import in_working_hours

# How often on the way to the decision each is done, where on the way at the earliest and the latest, and the hours it
# takes where somebody logs them. A customer who asked for a quote gets one; one in two of the others does too.
_HABITS = {
    "call": (2, 0.02, 0.6, 0.5),
    "visit": (1, 0.15, 0.75, 5.0),
    "demo": (1, 0.4, 0.85, 3.5),
    "quote": (1, 0.45, 0.9, 4.0),
}
_LIKELY = {"call": 0.8, "visit": 0.6, "demo": 0.3}
_LOGGED = 0.4


@dataclass(frozen=True)
class SimEffort:
    kind: str
    spent_at: datetime
    hours: Decimal | None  # None: nobody logged them


def work(
    rng: Generator, arrived: datetime, decided: datetime, *, asked_for_quote: bool, real: bool
) -> tuple[SimEffort, ...]:
    """What is done for one prospect up to its decision; a real project draws a little more of it."""
    done = _spend(rng, arrived, decided, asked_for_quote=asked_for_quote, real=real)
    return tuple(sorted(done, key=lambda one: one.spent_at))


def _spend(
    rng: Generator, arrived: datetime, decided: datetime, *, asked_for_quote: bool, real: bool
) -> Iterator[SimEffort]:
    likely = _LIKELY | {"quote": 1.0 if asked_for_quote else 0.5}
    for kind, (times, earliest, latest, hours) in _HABITS.items():
        for _ in range(times):
            happens, where = rng.random() < likely[kind] + 0.1 * real, rng.uniform(earliest, latest)
            logged = (
                Decimal(str(round(hours * float(rng.lognormal(0, 0.4)) * 4) / 4)) if rng.random() < _LOGGED else None
            )
            at = in_working_hours(rng, arrived + where * (decided - arrived))
            if happens and arrived < at < decided:
                yield SimEffort(kind, at, logged)
