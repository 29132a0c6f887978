"""Following a CRM: a lead converted to another id, two records merged into one. The former id goes on working."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.checksheets.queries import state_before
from app.checksheets.tables import Observation
from app.errors import Conflict, Unprocessable
from app.prospects.holding import hold_prospects
from app.prospects.queries import find_outcome, find_prospect
from app.prospects.schemas import OutcomeInput
from app.prospects.service import erase_prospect, record_outcome, touch, turn
from app.prospects.tables import LOST, OPEN, WON, Effort, Experience, FormerId, OutcomeEntry, Prospect, StageEntry
from app.scoring.service import refresh_score

# What the one that stays takes over where it says nothing itself.
_FILLED = ("check_sheet", "name", "owner", "account", "source", "amount", "currency", "stage", "expected_close",
           "brief", "waiting_for", "look_again_at")  # fmt: skip


def rename(session: Session, *, caller: Caller, external_id: str, to: str, now: datetime) -> tuple[Prospect, bool]:
    """Give a prospect another external id, and whether that changed anything; said again it does not."""
    hold_prospects(session, [external_id, to])
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    if prospect.external_id == to:
        return prospect, False
    former = session.get(FormerId, to)
    if _is_taken(session, to) or (former is not None and former.prospect_id != prospect.id):
        raise _taken()
    if former is not None:
        session.delete(former)
    now = turn(prospect, now)
    session.add(FormerId(external_id=prospect.external_id, prospect_id=prospect.id, renamed_at=now))
    try:
        with session.begin_nested():
            prospect.external_id = to
    except IntegrityError as error:  # another call took it since we looked
        raise _taken() from error
    touch(prospect, now)
    audit.record(session, actor=caller.id, action="prospect.renamed", subject=prospect.id)
    session.flush()
    return prospect, True


def _is_taken(session: Session, external_id: str) -> bool:
    return session.scalar(select(Prospect.id).where(Prospect.external_id == external_id)) is not None


def _taken() -> Conflict:
    return Conflict("Another prospect has this id: merge the two instead.", code="id_taken")


def merge(
    session: Session, *, caller: Caller, external_id: str, duplicate: str, now: datetime
) -> tuple[Prospect, bool]:
    """Let everything said of the duplicate be said of this prospect, and whether that changed anything."""
    hold_prospects(session, [external_id, duplicate])
    kept = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    gone = find_prospect(session, caller=caller, external_id=duplicate, lock=True)
    if gone.id == kept.id:
        if duplicate == kept.external_id:
            raise Unprocessable.field("/duplicate", "same_id", "A prospect is no duplicate of itself.")
        return kept, False
    _check_alike(kept, gone)
    now = max(turn(kept, now), turn(gone, now))
    _fill(kept, gone)
    _move(session, kept, gone, now)
    closing = find_outcome(session, gone)
    if kept.state == OPEN and closing is not None and closing.result in {WON, LOST}:
        record_outcome(session, caller=caller, prospect=kept, outcome=_said_again(closing), corrects=True, now=now)
    _let_go(session, caller, kept, gone, now)
    touch(kept, now)
    audit.record(session, actor=caller.id, action="prospect.merged", subject=kept.id, duplicate=gone.id)
    refresh_score(session, kept, cause="observation", now=now)
    session.flush()
    return kept, True


def _check_alike(kept: Prospect, gone: Prospect) -> None:
    if None not in {kept.check_sheet, gone.check_sheet} and kept.check_sheet != gone.check_sheet:
        raise Conflict("The two are on different check sheets, whose answers do not mix.", code="other_check_sheet")
    if {kept.state, gone.state} == {WON, LOST}:
        raise Conflict("One is won and the other lost: correct the one that is wrong first.", code="outcomes_differ")


def _fill(kept: Prospect, gone: Prospect) -> None:
    for name in _FILLED:
        if getattr(kept, name) in (None, {}):
            setattr(kept, name, getattr(gone, name))
    kept.arrived_at = min(kept.arrived_at, gone.arrived_at)
    kept.import_digest = None  # the next import brings its row again, and is compared anew


def _move(session: Session, kept: Prospect, gone: Prospect, now: datetime) -> None:
    """What was seen and done keeps its own time; here it is recorded now, so that past moments stay as they were."""
    for table in (StageEntry, Effort, Experience):
        session.execute(update(table).where(table.prospect_id == gone.id).values(prospect_id=kept.id, recorded_at=now))
    moved = {"prospect_id": kept.id, "recorded_at": now, "imported": True}
    session.execute(update(Observation).where(Observation.prospect_id == gone.id).values(moved))
    session.execute(update(FormerId).where(FormerId.prospect_id == gone.id).values(prospect_id=kept.id))
    state = state_before(session, prospect=kept, closing=None)
    kept.answers, kept.answered_at = state.answers, state.answered_at


def _said_again(closing: OutcomeEntry) -> OutcomeInput:
    said = ("result", "decided_at", "amount", "margin", "currency", "reason")
    return OutcomeInput.model_construct(**{name: getattr(closing, name) for name in said})


def _let_go(session: Session, caller: Caller, kept: Prospect, gone: Prospect, now: datetime) -> None:
    """The shell is void, so that nothing learns from it, and says no more who it was; its id leads to the other."""
    former = gone.external_id
    void = OutcomeInput.model_construct(
        result="void", decided_at=now, amount=None, margin=None, currency=None, reason=None
    )
    record_outcome(session, caller=caller, prospect=gone, outcome=void, corrects=True, now=now)
    erase_prospect(session, caller=caller, external_id=former, now=now)
    session.add(FormerId(external_id=former, prospect_id=kept.id, renamed_at=now))
