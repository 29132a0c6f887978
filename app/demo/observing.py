"""How the six reps of the sample team look at their prospects: habits, readings, slips and corrections."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from numpy.random import Generator

from app.demo import names
from app.demo.truth import CHARACTERISTICS, Answer

SOFT_ITEM, SOFT_ANSWER = "next_step_kept", "kept"


@dataclass(frozen=True)
class Habits:
    """How a rep observes; shares of the way to the decision lie in 0..1."""

    first_look: float
    fewest_sheets: int
    most_sheets: int
    completeness: float
    says_unknown: float = 0.05
    optimism: float = 0.0
    error: float = 0.03


@dataclass(frozen=True)
class Rep:
    external_id: str
    name: str
    habits: Habits


REPS = (
    Rep("rep-ada", "Ada Lindqvist", Habits(0.04, 3, 5, completeness=0.98)),
    Rep("rep-bruno", "Bruno Ferrer", Habits(0.40, 1, 2, completeness=0.66)),
    Rep("rep-chiara", "Chiara Manzoni", Habits(0.12, 2, 4, completeness=0.90, says_unknown=0.75)),
    Rep("rep-dirk", "Dirk Oosterhuis", Habits(0.12, 2, 4, completeness=0.90, optimism=0.45)),
    Rep("rep-elif", "Elif Aydin", Habits(0.15, 2, 4, completeness=0.86)),
    Rep("rep-feng", "Feng Lehmann", Habits(0.03, 3, 5, completeness=0.88, error=0.12)),
)


@dataclass(frozen=True)
class SimObservation:
    observed_at: datetime
    observer: str
    answers: Mapping[str, Answer]
    evidence: str | None


def observe(
    rng: Generator, true: Mapping[str, Answer], owner: Rep, arrived: datetime, decided: datetime
) -> tuple[SimObservation, ...]:
    """The sheets filled in on the way from arrival to decision, each with only what is new or corrected."""
    habits = owner.habits
    shares = _looks(rng, habits)
    skipped = {item for item in true if rng.random() > habits.completeness}
    seen_from = {item: 2 * CHARACTERISTICS[item].learnt_at * rng.random() for item in true}
    known: dict[str, Answer] = {}
    sheets: list[SimObservation] = []
    for share in shares:
        reader = owner if rng.random() < 0.94 else REPS[int(rng.integers(len(REPS)))]
        ticks: dict[str, Answer] = {}
        for item in true:
            if item not in skipped:
                ticks |= _tick(rng, item, true[item], known.get(item), reader.habits, visible=share >= seen_from[item])
        at = max(in_working_hours(rng, arrived + share * (decided - arrived)), arrived + timedelta(minutes=30))
        if ticks and at < decided and (not sheets or at > sheets[-1].observed_at):
            known |= ticks
            evidence = pick(rng, names.EVIDENCE) if rng.random() < 0.6 else None
            sheets.append(SimObservation(at, reader.external_id, ticks, evidence))
    return tuple(sheets)


def _looks(rng: Generator, habits: Habits) -> list[float]:
    """When on the way a rep fills in the sheet: one look near the decision, and if more, the first as is its habit."""
    count = int(rng.integers(habits.fewest_sheets, habits.most_sheets + 1))
    places = [rng.uniform(0.85, 1.0), rng.uniform(0.0, 0.1), *rng.random(max(0, count - 2))][:count]
    return sorted(habits.first_look + (0.95 - habits.first_look) * place for place in places)


def _tick(
    rng: Generator, item: str, true: Answer, before: Answer | None, habits: Habits, *, visible: bool
) -> dict[str, Answer]:
    """What this look adds for one item: nothing, `unknown`, a first reading, or a correction."""
    if not visible:
        return {item: "unknown"} if before is None and rng.random() < habits.says_unknown else {}
    if before not in (None, "unknown"):
        return {item: true} if rng.random() < 1 / 6 and before != true else {}
    options = CHARACTERISTICS[item].options
    read = true
    if rng.random() < habits.error:
        # A slip goes to the neighbour on the item's scale: 3 people for 2, words for figures.
        place = options.index(true) + (1 if rng.random() < 0.5 else -1)
        read = options[place] if 0 <= place < len(options) else options[1 if place < 0 else -2]
    if item == SOFT_ITEM and rng.random() < habits.optimism:
        read = SOFT_ANSWER
    return {item: read}


def observe_late(rng: Generator, owner: Rep, decided: datetime, *, won: bool) -> SimObservation:
    """A sheet tidied up a day or so after the decision, in the light of it."""
    answers: dict[str, Answer] = {"decider_seen": won, "budget": won, SOFT_ITEM: SOFT_ANSWER if won else "missed"}
    at = decided + timedelta(hours=float(rng.uniform(2, 30)))
    return SimObservation(at.replace(microsecond=0), owner.external_id, answers, None)


def in_working_hours(rng: Generator, moment: datetime) -> datetime:
    """The same day, or the Friday before a weekend, between 7 and 17 o'clock."""
    day = moment - timedelta(days=max(0, moment.weekday() - 4))
    minutes = int(rng.integers(7 * 60, 17 * 60))
    return day.replace(hour=minutes // 60, minute=minutes % 60, second=0, microsecond=0)


def pick(rng: Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]
