"""What a record that came in does: a prospect's fields, its answers, its outcome, each at most once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checksheets.queries import load_sheet
from app.db import Database, begin
from app.errors import AppError
from app.exchange.files import BadRow, UnreadableFile
from app.hooks.reading import HookMapping, NotRead, RecordReader, read_record, says
from app.hooks.service import actor
from app.hooks.tables import DONE, FAILED, IGNORED, WAITING, Hook, Received
from app.jobs import service as jobs
from app.jobs.worker import Work
from app.prospects.tables import OPEN, Prospect
from app.scoring.schemas import UpsertInput
from app.scoring.service import close, upsert

_OUTCOME = {"decided_at": "decided_at", "outcome_amount": "amount", "margin": "margin", "reason": "reason"}


class Ignored(Exception):
    """A record that has no effect, for a reason."""


def read_all(database: Database, ids: list[str], *, job: str) -> None:
    """Read what has just come in, in the order it came, and take back the job that would have."""
    for received_id in ids:
        with database.writing() as session:
            process(session, received_id, now=begin(session))
            if received_id == ids[-1]:  # in the same transaction: each costs a durable write
                jobs.withdraw(session, job_id=job)


def run_hook(work: Work) -> None:
    """Read what came in, as a job: for a server that stopped, or after a mapping was mended."""
    ids = work.job.args["received"]
    for done, received_id in enumerate(ids, start=1):
        with work.database.writing() as session:
            process(session, received_id, now=begin(session))
            work.checkpoint(session, done=done)
    with work.database.writing() as session:
        work.finish(session, {"records": len(ids)})


def process(session: Session, received_id: str, *, now: datetime) -> None:
    """Let a record have its effect, or keep it with the reason why it had none; done once, whoever comes first."""
    received = session.get(Received, received_id, with_for_update=True)
    if received is None or received.state != WAITING or received.body is None:
        return
    hook = session.get_one(Hook, received.hook_id)
    try:
        said = _understand(session, hook, received, received.body)
        with session.begin_nested():
            _apply(session, received, said, now)
        received.state, received.reason, received.body = DONE, None, None
    except Ignored as ignored:
        received.state, received.reason, received.body = IGNORED, str(ignored), None
    except (BadRow, NotRead, UnreadableFile) as error:
        received.state, received.reason = FAILED, str(error)
    except AppError as error:
        received.state, received.reason = FAILED, error.detail
    received.processed_at = now


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says, read by its hook's mapping."""

    check_sheet: str
    external_id: str
    fields: dict[str, Any]
    answers: dict[str, Any]
    result: str | None
    is_deleted: bool
    is_open: bool


def _understand(session: Session, hook: Hook, received: Received, text: str) -> Said:
    """What a record says; whose it is and of when is kept with it, whatever becomes of it."""
    mapping = HookMapping.model_validate(hook.mapping)
    record = read_record(text)
    if not says(record, mapping.only):
        raise Ignored("It is not of the kind this hook is for.")
    key = mapping.check_sheet.key
    reader = RecordReader(mapping, load_sheet(session, key))
    cells = reader.cells(record)
    received.external_id = reader.external_id(cells, 0)
    fields = reader.fields(cells)
    received.happened_at = fields.pop("observed_at", None)
    is_deleted = bool(mapping.void_when) and says(record, mapping.void_when)
    result = "void" if is_deleted else reader.result(cells)
    answers, is_open = reader.answers(cells), reader.says_open(cells)
    return Said(key, received.external_id, fields, answers, result, is_deleted, is_open)


def _apply(session: Session, received: Received, said: Said, now: datetime) -> None:
    if _said_before(session, received):
        raise Ignored("It says what was said before.")
    there = session.scalars(select(Prospect).where(Prospect.external_id == said.external_id)).one_or_none()
    if said.is_deleted and there is None:
        raise Ignored("It was deleted before it was known here.")
    stale, happened_at = _is_stale(session, received), received.happened_at
    caller = actor(received.hook_id)
    given = _given(said, _news(said.answers, there), happened_at, stale=stale)
    upsert(session, caller=caller, external_id=said.external_id, given=given, if_match=None, now=now)
    if said.is_open and not stale and _reopens(there, happened_at):
        close(session, caller=caller, external_id=said.external_id, outcome=None, if_match=None, now=now)


def _given(said: Said, answers: dict[str, Any], happened_at: datetime | None, *, stale: bool) -> UpsertInput:
    """The same as a caller of the API would send it; of what is stale only what has a time of its own."""
    told = {ours: said.fields[name] for name, ours in _OUTCOME.items() if name in said.fields}
    fields = {name: value for name, value in said.fields.items() if name not in _OUTCOME and name != "observer"}
    given: dict[str, Any] = {"check_sheet": said.check_sheet} | ({} if stale else fields)
    if answers:
        given |= {"answers": answers, "observed_at": happened_at}
    if said.result is not None:
        given["outcome"] = {"result": said.result, "decided_at": happened_at} | told
    return UpsertInput.model_validate(given)


def _news(answers: dict[str, Any], there: Prospect | None) -> dict[str, Any]:
    """The answers that differ from those known: what is said again and again is one observation."""
    return answers if there is None else {key: one for key, one in answers.items() if there.answers.get(key) != one}


def _said_before(session: Session, received: Received) -> bool:
    """Whether the same body was read already: ever where it names its time, else as the last of this prospect."""
    done = select(Received).where(
        Received.hook_id == received.hook_id, Received.external_id == received.external_id, Received.state == DONE
    )
    if received.happened_at is not None:
        done = done.where(Received.digest == received.digest)
    last = session.scalars(done.order_by(Received.processed_at.desc(), Received.id.desc()).limit(1)).first()
    return last is not None and last.digest == received.digest


def _is_stale(session: Session, received: Received) -> bool:
    """Whether something that happened later was read before: its fields stay, answers and outcomes have times."""
    if received.happened_at is None:
        return False
    later = select(Received.id).where(
        Received.hook_id == received.hook_id, Received.external_id == received.external_id, Received.state == DONE,
        Received.happened_at > received.happened_at,
    )  # fmt: skip
    return session.scalars(later.limit(1)).first() is not None


def _reopens(there: Prospect | None, happened_at: datetime | None) -> bool:
    """Only what was said after the decision takes it back."""
    if there is None or there.state == OPEN or there.decided_at is None or happened_at is None:
        return False
    return there.decided_at < happened_at
