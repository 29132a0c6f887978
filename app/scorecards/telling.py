"""A card told to people: what they said, what their past says, and how sure of it one can be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp

from app.checksheets.answers import Sheet
from app.scorecards.exports.reading import Exported, Run, grade_at, runs, score_at
from models.metrics import Estimate
from models.reliability import close_ratio_interval
from models.scorecard import Level, Line, Scorecard
from models.standing_out import TELLING, errors_above, stand_out

_FEW = 5  # closed deals with an answer, below which their share says next to nothing
DATA_NEEDS = 40  # won and lost each, from which the basis is `data`
_LEARNING_NEEDS = 10
_MOSTLY = 0.5  # of a weight from belief, from which on it is no word of the data


@dataclass(frozen=True, slots=True)
class AnswerTold:
    """One answer: what it counts, and what happened to the deals that had it."""

    text: str
    points: int
    won: float
    support: float
    share: float | None  # won of support
    low: float | None
    high: float | None
    odds: float  # how many times the odds it makes, by the weight before rounding
    odds_low: float
    odds_high: float
    from_belief: float

    @property
    def is_few(self) -> bool:
        """Whether its share of won is no more than an anecdote."""
        return self.support < _FEW


@dataclass(frozen=True, slots=True)
class LineTold:
    """An item, or a pair of items, with what the team said of it and what the past says."""

    label: str
    items: tuple[str, ...]
    expected: str | None
    importance: int | None
    verdict: str  # see `_verdict`
    share: float
    chosen_in: float | None
    answers: list[AnswerTold]


@dataclass(frozen=True, slots=True)
class NotOnCard:
    """An item of the sheet that earned no line, and why."""

    label: str
    expected: str | None
    importance: int | None
    reason: str


def tell_lines(card: Scorecard) -> list[LineTold]:
    """Every line of a card, the one that sets scores apart most first."""
    lines = sorted(card.lines, key=lambda line: -line.share)
    told = _told_by_data(lines, card.interval_level)
    return [_tell(line, card, by_data=by_data) for line, by_data in zip(lines, told, strict=True)]


def _told_by_data(lines: Sequence[Line], level: float) -> list[bool]:
    """Of which lines some answer's weight lies off 0, surely enough for all answers of the card looked at together."""
    places, scores = [], []
    for place, line in enumerate(lines):
        for one in line.levels:
            if one.state == "answered" and one.support and one.from_belief < _MOSTLY:
                half = (one.high - one.low) / 2
                away = Estimate(abs(one.log_odds), abs(one.log_odds) - half, abs(one.log_odds) + half)
                places.append(place)
                scores.append(errors_above(away, 0.0, level))
    found = stand_out(scores, alpha=TELLING / 2)  # either way from 0
    told = {place for place, surely in zip(places, found, strict=True) if surely}
    return [place in told for place in range(len(lines))]


def _tell(line: Line, card: Scorecard, *, by_data: bool) -> LineTold:
    belief = line.belief or {}
    answers = [_answer(level) for level in line.levels if level.support or level.points or level.state == "answered"]
    return LineTold(
        label=line.label, items=line.items, expected=belief.get("expected"), importance=belief.get("importance"),
        verdict=_verdict(line, card, by_data=by_data), share=line.share, chosen_in=line.chosen_in, answers=answers,
    )  # fmt: skip


def _answer(level: Level) -> AnswerTold:
    share = level.won / level.support if level.support else None
    low, high = close_ratio_interval(level.won, level.support) if level.support else (None, None)
    return AnswerTold(
        text=level.text, points=level.points, won=level.won, support=level.support, share=share, low=low, high=high,
        odds=exp(level.log_odds), odds_low=exp(level.low), odds_high=exp(level.high), from_belief=level.from_belief,
    )  # fmt: skip


def _verdict(line: Line, card: Scorecard, *, by_data: bool) -> str:
    """One of: `opinion` (no data), `against`, `bears_out`, `open` (not enough to say), `found` (nobody had said)."""
    if card.prospects == 0:
        return "opinion"
    if line.contradicts_belief:
        return "against"
    believed = bool(line.belief and line.belief.get("importance"))
    if by_data:
        return "bears_out" if believed else "found"
    return "open"


def tell_missing(card: Scorecard, sheet: Sheet) -> list[NotOnCard]:
    """The items of the sheet that the card does not use."""
    reasons = {one["item"]: one["reason"] for one in card.left_out}
    reasons |= {
        one["column"]: f"It seems to know the outcome: {one['evidence']}" for one in card.leaks if one["left_out"]
    }
    usual = (
        "Beside the others it did not help to tell who buys." if card.prospects else "The team gave it no direction."
    )
    return [
        NotOnCard(item.label, item.expected, item.importance, reasons.get(key, usual))
        for key, item in sheet.items.items()
        if key not in card.items
    ]


@dataclass(frozen=True, slots=True)
class Still:
    """How much of a card is opinion, and what turns it into data."""

    basis: str
    won: int
    lost: int
    belief_share: float  # of the weights of its answers, by what they set apart
    next_basis: str | None
    won_needed: int
    lost_needed: int

    @property
    def needed(self) -> int:
        """Closes needed at the least."""
        return self.won_needed + self.lost_needed


def tell_still(card: Scorecard) -> Still:
    """What is still opinion."""
    weighed = [(line.share, level) for line in card.lines for level in line.levels if level.points]
    total = sum(share for share, _ in weighed)
    belief = sum(share * level.from_belief for share, level in weighed) / total if total else 1.0
    needs = _LEARNING_NEEDS if card.basis == "belief" else DATA_NEEDS
    following = {"belief": "learning", "learning": "data"}.get(card.basis)
    return Still(
        card.basis, card.won, card.lost, belief if card.prospects else 1.0, following,
        max(0, needs - card.won) if following else 0, max(0, needs - card.lost) if following else 0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LookUp:
    """A few neighbouring totals, and what they stand for."""

    totals: str
    score: int
    grade: str


def look_up(exported: Exported) -> list[LookUp]:
    """From total points to chance and grade, for paper."""
    card = exported.card
    score, grade = score_at(card), grade_at(card)
    found = runs(card, lambda points: (score(points), grade(points)))
    return [LookUp(_between(run, found), *run.value) for run in found]


def _between(run: Run, among: Sequence[Run]) -> str:
    if run is among[0]:
        return f"{run.last} or less"
    if run is among[-1]:
        return f"{run.first} or more"
    return str(run.first) if run.first == run.last else f"{run.first} to {run.last}"


def tell_grades(exported: Exported) -> Iterator[tuple[str, str, str, str]]:
    """Each grade with its chance, what it came to out of sample, and its step."""
    card = exported.card
    chances = {grade: f"{100 * least:.0f} or more" for grade, least in card.grades.items()} | {"D": "less"}
    for grade, chance in chances.items():
        seen = card.grade_evidence.get(grade, {})
        ratio, support = seen.get("close_ratio"), seen.get("support") or 0
        came_to = f"{ratio:.0%} of {support:.0f}" if ratio is not None else "not known yet"
        yield grade, chance, came_to, exported.steps.get(grade, "")
