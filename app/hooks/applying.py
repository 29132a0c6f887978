"""What a record that came in does: a prospect's fields, its answers, its outcome, each at most once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.queries import load_sheet
from app.db import Database, begin
from app.errors import AppError, NotFound
from app.exchange.files import BadRow, UnreadableFile
from app.hooks.reading import HookMapping, NotRead, RecordReader, read_record, says_otherwise
from app.hooks.service import actor
from app.hooks.tables import DONE, FAILED, IGNORED, SAID_BEFORE, WAITING, Hook, Received
from app.jobs import service as jobs
from app.jobs.worker import Work
from app.prospects.queries import find_prospect, ids_of
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
    # One at a time of each hook, so that of two records of one deal the second knows of the first.
    hook = session.get_one(Hook, received.hook_id, with_for_update={"key_share": True})
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

    @property
    def told(self) -> dict[str, Any]:
        """The prospect's own fields, without what belongs to its outcome."""
        return {name: value for name, value in self.fields.items() if name not in _OUTCOME and name != "observer"}

    @property
    def state(self) -> str | None:
        """How the deal stands, where the record says so."""
        return self.result or (OPEN if self.is_open else None)


def _understand(session: Session, hook: Hook, received: Received, text: str) -> Said:
    """What a record says; whose it is and of when is kept with it, whatever becomes of it."""
    mapping = HookMapping.model_validate(hook.mapping)
    record = read_record(text)
    other = says_otherwise(record, mapping.only)
    if other is not None:
        raise Ignored(f"It is not of the kind this hook is for: {other}")
    key = mapping.check_sheet.key
    reader = RecordReader(mapping, load_sheet(session, key))
    cells = reader.cells(record)
    received.external_id = reader.external_id(cells, 0)
    fields = reader.fields(cells)
    received.happened_at = fields.pop("observed_at", None)
    is_deleted = bool(mapping.void_when) and says_otherwise(record, mapping.void_when) is None
    result = "void" if is_deleted else reader.result(cells)
    answers, is_open = reader.answers(cells), reader.says_open(cells)
    said = Said(key, received.external_id, fields, answers, result, is_deleted, is_open)
    received.said = {"fields": sorted(said.told), "answers": answers, "state": said.state}
    return said


def _apply(session: Session, received: Received, said: Said, now: datetime) -> None:
    caller, at = actor(received.hook_id), received.happened_at
    there = _find(session, caller, said.external_id)
    names = [said.external_id] if there is None else ids_of(session, there)
    before = select(Received).where(
        Received.hook_id == received.hook_id, Received.external_id.in_(names), Received.state == DONE
    )
    if _said_before(session, received, before):
        raise Ignored(SAID_BEFORE)
    if said.is_deleted and there is None:
        raise Ignored("It was deleted before it was known here.")
    told = Told.of(session, before, at)
    given = _given(said, told, there, at)
    prospect = upsert(
        session, caller=caller, external_id=said.external_id, given=given, if_match=None, now=now
    ).prospect
    for moment, answers in told.said_again(prospect, given.answers or {}, at):
        again = UpsertInput(check_sheet=said.check_sheet, answers=answers, observed_at=moment)
        upsert(session, caller=caller, external_id=said.external_id, given=again, if_match=None, now=now)
    if said.is_open and told.reopens(there, at):
        close(session, caller=caller, external_id=said.external_id, outcome=None, if_match=None, now=now)


def _find(session: Session, caller: Caller, external_id: str) -> Prospect | None:
    try:
        return find_prospect(session, caller=caller, external_id=external_id, lock=True)
    except NotFound:
        return None


@dataclass(frozen=True, slots=True)
class Told:
    """What a hook was told of a prospect before and after a moment; what was said later stands, whatever comes late."""

    earlier: list[dict[str, Any]]
    later: list[tuple[datetime, dict[str, Any]]]

    @classmethod
    def of(cls, session: Session, before: Select[Received], at: datetime | None) -> "Told":
        """Split what was read by when it happened; where nobody says when, the last to come counts."""
        if at is None:
            return cls([], [])
        rows = session.scalars(before.where(Received.happened_at.is_not(None)).order_by(Received.happened_at)).all()
        told = [(row.happened_at, row.said or {}) for row in rows if row.happened_at is not None]
        return cls([said for moment, said in told if moment < at], [one for one in told if one[0] > at])

    @property
    def fields(self) -> set[str]:
        """The fields that were told later."""
        return {name for _, said in self.later for name in said.get("fields", ())}

    @property
    def is_state_later(self) -> bool:
        """Whether something later told how the deal stands."""
        return any(said.get("state") for _, said in self.later)

    def reopens(self, there: Prospect | None, at: datetime | None) -> bool:
        """Whether a word that the deal is open takes a decision back: only one that was told before it."""
        if there is None or there.state == OPEN or there.decided_at is None or at is None or self.is_state_later:
            return False
        return there.decided_at < at or any(said.get("state") == there.state for said in self.earlier)

    def said_again(
        self, prospect: Prospect, answers: dict[str, Any], at: datetime | None
    ) -> Iterator[tuple[datetime, dict[str, Any]]]:
        """Answers that were no news when they were told, and are now that another was given in between."""
        seen = at.isoformat() if at else ""
        for item in answers:
            if prospect.answered_at.get(item) != seen:
                continue
            for moment, said in self.later:
                if item in said.get("answers", {}):
                    yield moment, {item: said["answers"][item]}
                    break


def _given(said: Said, told: Told, there: Prospect | None, at: datetime | None) -> UpsertInput:
    """The same as a caller of the API would send it, without what was told later by this hook."""
    outcome = {ours: said.fields[name] for name, ours in _OUTCOME.items() if name in said.fields}
    given: dict[str, Any] = {"check_sheet": said.check_sheet}
    given |= {name: value for name, value in said.told.items() if name not in told.fields}
    if answers := _news(said.answers, there):
        given |= {"answers": answers, "observed_at": at}
    if said.result is not None and not told.is_state_later:
        stands = there is not None and there.state == said.result
        decided_at = there.decided_at if there is not None and stands else at
        given["outcome"] = {"result": said.result, "decided_at": decided_at} | outcome
    return UpsertInput.model_validate(given)


def _news(answers: dict[str, Any], there: Prospect | None) -> dict[str, Any]:
    """The answers that differ from those known: what is said again and again is one observation."""
    return answers if there is None else {key: one for key, one in answers.items() if there.answers.get(key) != one}


def _said_before(session: Session, received: Received, before: Select[Received]) -> bool:
    """Whether the same body was read already: ever where it names its time, else as the last of this prospect."""
    if received.happened_at is not None:
        before = before.where(Received.digest == received.digest)
    last = session.scalars(before.order_by(Received.processed_at.desc(), Received.id.desc()).limit(1)).first()
    return last is not None and last.digest == received.digest
