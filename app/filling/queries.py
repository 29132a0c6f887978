"""What a check sheet's page shows: each item with its answer and who saw it, the forecast, and the score if it may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.queries import names_of_actors
from app.accounts.service import Caller
from app.accounts.tables import ApiKey, Person
from app.checksheets.answers import Sheet
from app.checksheets.queries import closing_of, is_late, list_sheets, load_sheet, stage_label
from app.checksheets.schemas import Item, SheetBody
from app.checksheets.tables import CheckSheet, Observation
from app.db import new_id
from app.errors import NoCardYet, NotFound
from app.filling.answering import NO, NOT_OBSERVED, YES, Disagreement, as_sent, disagreements, in_words, standing
from app.forecasts.queries import last_forecast
from app.forecasts.tables import REVISION, Forecast
from app.prospects.queries import Closing, find_prospect
from app.prospects.tables import OPEN, Prospect
from app.prospects.withholding import sight_of
from app.scorecards.queries import find_card
from app.scoring.queries import score_of_prospect, score_what_if
from app.scoring.schemas import WhatIfInput

_LATEST = 4  # answers of an item that stand beside it; the story has them all


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer somebody gave, and how far it counts."""

    who: str
    is_me: bool
    text: str
    value: str
    at: datetime
    evidence: str | None
    stands: bool
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A disagreement, in words."""

    mine: Seen
    theirs: Seen


@dataclass(frozen=True, slots=True)
class Row:
    """An item of the sheet on the page."""

    item: Item
    value: str
    choices: tuple[tuple[str, str], ...]
    history: tuple[Seen, ...]
    told: Told | None


@dataclass(frozen=True, slots=True)
class Forecasting:
    """What was forecast, and whether there is something to forecast now."""

    owner: str | None
    name: str  # what people call the owner
    by_me: bool
    ask: str  # "first", "revision" or nothing
    past: Sequence[Forecast]
    once: str  # the id of the forecast the form makes, so that a form sent twice makes one


@dataclass(frozen=True, slots=True)
class Scored:
    """The score as the page shows it; `body` is nothing while there is no card or it is withheld."""

    withheld: bool
    what_if: bool = False
    body: Mapping[str, Any] | None = None
    lines: Sequence[Any] = ()
    find_out: Mapping[str, Any] | None = None
    step: str | None = None
    closed_deals: int = 0


@dataclass(frozen=True, slots=True)
class SheetPage:
    """One prospect's check sheet."""

    prospect: Prospect
    stage: str | None
    sheet: Sheet | None
    sheets: Sequence[SheetBody]
    rows: Sequence[Row]
    forecasting: Forecasting
    scored: Scored
    me: str
    now: datetime
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.prospect.state == OPEN

    @property
    def answered(self) -> int:
        return sum(row.value != NOT_OBSERVED for row in self.rows)


def sheet_of(session: Session, prospect: Prospect, version: int | None = None) -> Sheet:
    """The sheet a prospect is filled in with: its own, or the only one there is."""
    key = prospect.check_sheet or only_sheet(session)
    if key is None:
        raise NotFound("The prospect is on no check sheet yet; open its page and choose one.", code="no_sheet_yet")
    return load_sheet(session, key, version)


def only_sheet(session: Session) -> str | None:
    """The key of the check sheet where there is one and no more."""
    keys = session.scalars(select(CheckSheet.key).limit(2)).all()
    return keys[0] if len(keys) == 1 else None


def observations_of(session: Session, prospect: Prospect) -> list[Observation]:
    """Everything observed of a prospect, in the order it was recorded."""
    query = select(Observation).where(Observation.prospect_id == prospect.id)
    return list(session.scalars(query.order_by(Observation.recorded_at, Observation.id)))


def show_sheet(
    session: Session, *, caller: Caller, external_id: str, now: datetime, since: datetime | None = None
) -> SheetPage:
    """A prospect's check sheet as this person sees it; `since` tells what others answered differently after that."""
    prospect = _find(session, caller, external_id)
    key = prospect.check_sheet or only_sheet(session)
    sheet = load_sheet(session, key) if key else None
    return SheetPage(
        prospect=prospect,
        stage=stage_label(prospect.stage, sheet),
        sheet=sheet,
        sheets=[] if sheet else list_sheets(session).items,
        rows=_rows(session, caller, prospect, sheet, since) if sheet else [],
        forecasting=_forecasting(session, caller, prospect),
        scored=_scored(session, caller, prospect, sheet, now),
        me=caller.id,
        now=now,
    )


def _find(session: Session, caller: Caller, external_id: str) -> Prospect:
    try:
        return find_prospect(session, caller=caller, external_id=external_id)
    except NotFound as error:
        sentence = (
            f"There is no prospect '{external_id}' that is yours to see. If it was made just now elsewhere, wait for "
            "it to be handed over and load this page again; if it is a colleague's, ask them or your manager."
        )
        raise NotFound(sentence, code=error.code) from error


def _rows(session: Session, caller: Caller, prospect: Prospect, sheet: Sheet, since: datetime | None) -> list[Row]:
    observations = observations_of(session, prospect)
    names = _names(session, observations)
    stand = standing(observations)
    closing = closing_of(prospect)
    differ = disagreements(sheet.body.items, observations, me=caller.id, since=since) if since else {}

    def seen(item: Item, row: Observation) -> Seen:
        value = row.answers[item.key]
        return Seen(
            who=row.observer or names.get(row.recorded_by, row.recorded_by),
            is_me=row.recorded_by == caller.id or row.observer in caller.owners,
            text=in_words(item, value),
            value=as_sent(value),
            at=row.observed_at,
            evidence=row.evidence,
            stands=stand[item.key].observation is row,
            marks=_marks(row, closing),
        )

    def told(differing: Disagreement | None) -> Told | None:
        if differing is None:
            return None
        item = differing.item
        return Told(seen(item, differing.mine.observation), seen(item, differing.theirs.observation))

    def row_of(item: Item) -> Row:
        about = [row for row in observations if item.key in row.answers]
        about.sort(key=lambda row: (row.observed_at, row.recorded_at), reverse=True)
        value = as_sent(stand[item.key].value) if item.key in stand else NOT_OBSERVED
        history = tuple(seen(item, row) for row in about[:_LATEST])
        return Row(item, value, _choices(item), history, told(differ.get(item.key)))

    return [row_of(item) for item in sheet.body.items]


def _choices(item: Item) -> tuple[tuple[str, str], ...]:
    if item.kind == "yes_no":
        return ((YES, "Yes"), (NO, "No"))
    return tuple((choice.key, choice.label) for choice in item.choices)


def _marks(row: Observation, closing: Closing | None) -> tuple[str, ...]:
    marks = {"from notes": row.reconstructed, "imported": row.imported, "late": is_late(row, closing)}
    return tuple(mark for mark, holds in marks.items() if holds)


def _names(session: Session, observations: Sequence[Observation]) -> dict[str, str]:
    """Who recorded what: people and keys by their names."""
    ids = {row.recorded_by for row in observations}
    people = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    keys = session.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(ids)))
    return {row.id: row.name for found in (people, keys) for row in found}


def _forecasting(session: Session, caller: Caller, prospect: Prospect) -> Forecasting:
    past = list(
        session.scalars(
            select(Forecast)
            .where(Forecast.prospect_id == prospect.id, Forecast.owner == prospect.owner)
            .order_by(Forecast.locked_at.desc(), Forecast.id.desc())
            .limit(_LATEST)
        )
    )
    owner = prospect.owner
    name = names_of_actors(session).get(owner, owner) if owner else ""
    return Forecasting(owner, name, caller.role == "rep", _ask(session, prospect), past, new_id("fc"))


def _ask(session: Session, prospect: Prospect) -> str:
    """What a forecast made now would be; the ledger decides again when one is made."""
    if prospect.state != OPEN or prospect.owner is None:
        return ""
    last = last_forecast(session, prospect, prospect.owner)
    if last is None:
        return "first"
    moved = prospect.score_changed_at is not None and prospect.score_changed_at > last.locked_at
    return "revision" if moved or last.kind != REVISION else ""


def _scored(session: Session, caller: Caller, prospect: Prospect, sheet: Sheet | None, now: datetime) -> Scored:
    sight = sight_of(session, caller)
    withheld = sight.withholds(prospect)
    if sheet is None:
        return Scored(withheld)
    try:
        body = score_of_prospect(session, prospect, now=now, as_of=None)
    except NoCardYet:
        return Scored(withheld)
    shown = sight.show(prospect, body)
    if withheld:
        return Scored(withheld=True, find_out=shown["find_out_next"])
    return _explained(session, sheet, shown)


def _explained(session: Session, sheet: Sheet, body: Mapping[str, Any], *, what_if: bool = False) -> Scored:
    """A score with what a person wants to know of it, heaviest reason first."""
    steps = sheet.body.grade_steps or {}
    return Scored(
        withheld=False,
        what_if=what_if,
        body=body,
        lines=sorted(body["reasons"], key=lambda reason: -abs(reason.points)),
        find_out=body["find_out_next"],
        step=steps.get(body["grade"]),
        closed_deals=find_card(session, body["scorecard"]).prospects,
    )


def what_if(session: Session, *, sheet: Sheet, answers: Mapping[str, Any], now: datetime) -> Scored:
    """The score these answers would give; nothing is stored."""
    given = {key: value for key, value in answers.items() if value is not None}
    try:
        body = score_what_if(session, WhatIfInput(check_sheet=sheet.key, answers=given), now=now)
    except NoCardYet:
        return Scored(withheld=False, what_if=True)
    return _explained(session, sheet, body, what_if=True)
