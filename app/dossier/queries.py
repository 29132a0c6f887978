"""What a prospect's page tells: everything that was said and done, on one time line, and how its score moved."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.queries import names_of_actors
from app.accounts.service import Caller
from app.checksheets.answers import SheetState, say_answer
from app.checksheets.queries import closing_of, is_late, load_version, stages_of
from app.checksheets.tables import Observation
from app.db import Base
from app.dossier.scores import ScoreMove, list_moves
from app.dossier.words import CATEGORIES, EFFORT, EXPERIENCES, FORECASTS, OUTCOMES, money, percent, say_reason
from app.forecasts.tables import Forecast
from app.prospects.activity import UNDO_WITHIN
from app.prospects.tables import OPEN, Effort, Experience, OutcomeEntry, Prospect, StageEntry
from app.prospects.withholding import sight_of

# What is told this much after it happened says so.
_TOLD_LATER = timedelta(minutes=5)
# After this long without a sign of life the team looks whether the customer has gone silent.
SILENT_AFTER = timedelta(days=90)
_MOST = 200

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing an entry says: a characteristic and its answer, a date and what it is of."""

    label: str
    text: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One moment on the time line."""

    at: datetime
    kind: str
    title: str
    who: str = ""
    lines: Sequence[Line] = ()
    note: str = ""
    marks: Sequence[str] = ()
    told_at: datetime | None = None
    moved: ScoreMove | None = None
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """All of a prospect's past that this caller may see; `owner` is what people call its owner."""

    entries: Sequence[Entry]
    moves: Sequence[ScoreMove]
    withheld: bool
    owner: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Teller:
    """What telling one prospect's story takes."""

    session: Session
    prospect: Prospect
    caller: Caller
    names: Mapping[str, str]
    with_scores: bool
    now: datetime
    moves: dict[datetime, ScoreMove] = field(default_factory=dict)

    def rows(self, kind: type[Row], recorded: str = "recorded_at") -> Sequence[Row]:
        """What of a kind the prospect has, in the order it was recorded."""
        columns = getattr(kind, recorded), kind.id  # type: ignore[attr-defined]
        query = select(kind).where(kind.prospect_id == self.prospect.id)  # type: ignore[attr-defined]
        return self.session.scalars(query.order_by(*columns)).all()

    def name(self, who: str | None) -> str:
        """What somebody is called."""
        return self.names.get(who, who) if who else ""


def tell_story(session: Session, prospect: Prospect, *, caller: Caller, now: datetime) -> Story:
    """The whole of it, the latest first."""
    withheld = sight_of(session, caller).withholds(prospect)
    teller = _Teller(session, prospect, caller, names_of_actors(session), not withheld, now)
    observations = teller.rows(Observation)
    moves = [] if withheld else list_moves(session, prospect, observations)
    teller.moves.update({move.at: move for move in moves if move.cause == "observation"})
    entries = [
        *_answers(teller, observations), *_cards(moves), *_forecasts(teller), *_stages(teller), *_effort(teller),
        *_outcomes(teller), *_experiences(teller),
    ]  # fmt: skip
    entries.sort(key=attrgetter("at"), reverse=True)
    return Story(entries[:_MOST], moves[::-1], withheld, teller.name(prospect.owner), is_cut=len(entries) > _MOST)


def silent_for(session: Session, prospect: Prospect, *, now: datetime) -> int | None:
    """For how many days nothing has been seen or done, where that is so long that it may have ended by silence."""
    if prospect.state != OPEN or (prospect.look_again_at is not None and prospect.look_again_at > now):
        return None
    moments = (Observation.observed_at, StageEntry.seen_at, Effort.spent_at)
    last_of = [select(func.max(at)).where(at.class_.prospect_id == prospect.id).scalar_subquery() for at in moments]
    last = max(at for at in (*session.execute(select(*last_of)).one(), prospect.arrived_at) if at is not None)
    return (now - last).days if now - last > SILENT_AFTER else None


def _told(happened: datetime, recorded: datetime) -> datetime | None:
    return recorded if recorded - happened > _TOLD_LATER else None


def _answers(teller: _Teller, observations: Sequence[Observation]) -> Iterator[Entry]:
    closing, state = closing_of(teller.prospect), SheetState({}, {})
    for seen in observations:
        items = load_version(teller.session, teller.prospect.check_sheet or "", seen.sheet_version).items
        lines = []
        for key, value in seen.answers.items():
            item, before, since = items.get(key), state.answers.get(key), state.answered_at.get(key, "")
            if seen.observed_at.isoformat() < since:
                aside = "a newer answer stands"
            else:
                aside = f"before: {say_answer(item, before)}" if before is not None and before != value else ""
            lines.append(Line(item.label if item else key, say_answer(item, value), aside))
        state.add(seen.answers, seen.observed_at)
        late = is_late(seen, closing)
        yield Entry(
            at=seen.observed_at,
            kind="answers",
            title="Answers" if len(lines) != 1 else "Answer",
            who=teller.name(seen.observer or seen.recorded_by),
            lines=lines,
            note=seen.evidence or "",
            marks=_answer_marks(seen, late=late),
            told_at=None if seen.imported else _told(seen.observed_at, seen.recorded_at),
            moved=teller.moves.get(seen.recorded_at),
        )


def _answer_marks(seen: Observation, *, late: bool) -> list[str]:
    marks = {
        "late: seen or told after the outcome, never learnt from": late,
        "reconstructed from notes": seen.reconstructed,
        "imported": seen.imported,
    }
    return [mark for mark, holds in marks.items() if holds]


def _cards(moves: Sequence[ScoreMove]) -> Iterator[Entry]:
    for move in moves:
        if move.cause != "observation" or not move.is_told:
            title = {"card": "A new card", "outcome": "The outcome was told"}.get(move.cause, "Score")
            title = "The first score" if move.before is None else title
            yield Entry(move.at, "score", title, moved=move)


def _forecasts(teller: _Teller) -> Iterator[Entry]:
    for row in teller.rows(Forecast, "locked_at"):
        if not teller.with_scores and row.owner != teller.prospect.owner:
            continue  # a former owner's view would colour the one that is awaited
        said = CATEGORIES[row.category or ""] if row.probability is None else percent(row.probability)
        lines = [Line("How likely", said, FORECASTS[row.kind])]
        if teller.with_scores:
            data = "no card yet" if row.data_probability is None else percent(row.data_probability)
            lines.append(Line("The data, at that moment", data))
        told = _told(row.made_at, row.locked_at)
        yield Entry(row.made_at, "forecast", "Forecast", teller.name(row.owner), lines, told_at=told)


def _stages(teller: _Teller) -> Iterator[Entry]:
    labels = {stage.key: stage.label for stage in stages_of(teller.session, teller.prospect.check_sheet)}
    for row in teller.rows(StageEntry):
        yield Entry(
            at=row.seen_at,
            kind="stage",
            title=f"The customer’s step: {labels.get(row.stage, row.stage)}",
            who=teller.name(row.recorded_by),
            note=row.sign or "",
            told_at=_told(row.seen_at, row.recorded_at),
        )


def _effort(teller: _Teller) -> Iterator[Entry]:
    for row in teller.rows(Effort):
        hours = f"{row.hours.normalize():f} h"
        lines = [Line("Hours", hours, "the team’s standard" if row.estimated else "")]
        lines += [Line(label, _day(at)) for label, at in (("Asked for", row.requested_at), ("Sent", row.sent_at)) if at]
        if row.cost is not None:
            lines.append(Line("Cost", money(row.cost, row.currency)))
        is_own = row.recorded_by == teller.caller.id and teller.now - row.recorded_at <= UNDO_WITHIN
        yield Entry(
            at=row.spent_at,
            kind="effort",
            title=EFFORT[row.kind],
            who=teller.name(row.by or row.recorded_by),
            lines=lines,
            told_at=_told(row.spent_at, row.recorded_at),
            undo=row.id if is_own else "",
        )


def _outcomes(teller: _Teller) -> Iterator[Entry]:
    closed = False
    for row in teller.rows(OutcomeEntry):
        reopened = row.result == "reopened"
        lines = [
            Line(label, money(value, row.currency))
            for label, value in (("Amount", row.amount), ("Margin", row.margin))
            if value is not None
        ]
        yield Entry(
            at=row.decided_at,
            kind="outcome",
            title=OUTCOMES[row.result],
            who=teller.name(row.recorded_by),
            lines=lines,
            note=say_reason(row.reason),
            marks=["corrected"] if closed and not reopened else [],
            told_at=_told(row.decided_at, row.recorded_at),
        )
        closed = not reopened


def _experiences(teller: _Teller) -> Iterator[Entry]:
    for row in teller.rows(Experience):
        yield Entry(
            at=row.happened_at,
            kind="experience",
            title=EXPERIENCES[row.kind],
            who=teller.name(row.recorded_by),
            lines=[Line("Amount", money(row.amount, row.currency))] if row.amount is not None else [],
            note=row.note or "",
            told_at=_told(row.happened_at, row.recorded_at),
        )


def _day(at: datetime) -> str:
    return f"{at:%-d %b %Y}"
