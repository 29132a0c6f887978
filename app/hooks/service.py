"""Hooks: made with a mapping; what is posted is kept first and read after, so that no fault of ours loses any of it."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.checksheets.queries import load_sheet
from app.db import new_id
from app.errors import NotFound, Unprocessable
from app.exchange.files import UnreadableFile
from app.exchange.mapping import fault
from app.exchange.presets import questions
from app.hooks.queries import find_hook, tells_of
from app.hooks.reading import HookMapping, RecordReader, split
from app.hooks.schemas import HookInput, MappingInput
from app.hooks.tables import FAILED, WAITING, Hook, Received
from app.jobs import service as jobs
from app.prospects.queries import ids_of
from app.prospects.service import ERASERS
from app.prospects.tables import Prospect

HOOK = "hook"
PATIENCE_SECONDS = 5.0  # after which a worker takes up what the server has not read by itself
KEPT = timedelta(days=30)
_PRESETS = Path(__file__).parent / "presets"


def create_hook(session: Session, *, caller: Caller, given: HookInput, master: str, now: datetime) -> tuple[Hook, str]:
    """Make a hook; its secret is returned this once and cannot be had again."""
    mapping = read_mapping(session, given.preset, given.mapping)
    secret = secrets.token_urlsafe(32)
    hook = Hook(
        id=new_id("hk"), name=given.name, secret_hash=_hash(secret, master), mapping=mapping,
        signed_by=given.signed_by, created_at=now, created_by=caller.id,
    )  # fmt: skip
    session.add(hook)
    session.flush()
    audit.record(session, actor=caller.id, action="hook.created", subject=hook.id)
    return hook, secret


def _hash(secret: str, master: str) -> str:
    return hmac.new(master.encode(), f"hook:{secret}".encode(), hashlib.sha256).hexdigest()


def read_mapping(session: Session, preset: str | None, said: dict[str, Any]) -> dict[str, Any]:
    """A mapping with what a preset says beneath it; 422 names what is wrong."""
    beneath = _preset(preset) if preset else {}
    try:
        mapping = HookMapping.model_validate(beneath | said)
        RecordReader(mapping, load_sheet(session, mapping.check_sheet.key))
    except (ValidationError, UnreadableFile, NotFound) as error:
        reason = fault(error) if isinstance(error, ValidationError) else str(error)
        raise Unprocessable.field("/mapping", "invalid_mapping", f"The mapping is wrong: {reason}") from error
    return mapping.model_dump(mode="json", exclude_unset=True)


def _preset(name: str) -> dict[str, Any]:
    """How a CRM posts its records, with the characteristics that it asks by itself."""
    told: dict[str, Any] = json.loads((_PRESETS / f"{name}.json").read_text("utf-8"))
    return {"items": questions(name)} | told


def change_mapping(session: Session, *, caller: Caller, hook_id: str, given: MappingInput) -> Hook:
    """Read what is posted another way from now on."""
    hook = find_hook(session, hook_id)
    hook.mapping = read_mapping(session, given.preset, given.mapping)
    audit.record(session, actor=caller.id, action="hook.changed", subject=hook.id)
    session.flush()
    return hook


def delete_hook(session: Session, *, caller: Caller, hook_id: str) -> None:
    """Take nothing more at this address, and forget what came in."""
    session.delete(find_hook(session, hook_id))
    audit.record(session, actor=caller.id, action="hook.deleted", subject=hook_id)


def find_by_secret(session: Session, *, secret: str, master: str) -> Hook:
    """The hook of an address; 404 for any other, in the same words."""
    hook = session.scalars(select(Hook).where(Hook.secret_hash == _hash(secret, master))).one_or_none()
    if hook is None:
        raise NotFound("Nothing is taken at this address; make a hook with POST /v1/hooks.", code="no_such_hook")
    return hook


def keep(session: Session, *, hook: Hook, body: bytes, now: datetime) -> tuple[list[str], str]:
    """Keep what was posted, with a job that reads it should this server stop before it does; the ids, and the job's."""
    rows = [
        Received(
            id=new_id("rv"), hook_id=hook.id, body=text, digest=hashlib.sha256(text.encode()).hexdigest(),
            state=WAITING, received_at=now,
        )
        for text in split(body)
    ]  # fmt: skip
    session.add_all(rows)
    ids = [row.id for row in rows]
    job = jobs.enqueue(
        session, caller=actor(hook.id), kind=HOOK, args={"received": ids}, now=now, delay=PATIENCE_SECONDS
    )
    return ids, job


def actor(hook_id: str) -> Caller:
    """Whoever posts there acts under the hook's name."""
    return Caller(hook_id, "integration", frozenset({"read", "write"}))


def replay(session: Session, *, caller: Caller, hook_id: str, received_id: str | None, now: datetime) -> Sequence[str]:
    """Read again what was not understood: one record, or all; the ids."""
    hook = find_hook(session, hook_id)
    chosen = [Received.hook_id == hook.id, Received.state == FAILED, Received.body.is_not(None)]
    if received_id is not None:
        chosen.append(Received.id == received_id)
    query = update(Received).where(*chosen).values(state=WAITING, reason=None).returning(Received.id)
    ids = sorted(session.scalars(query.execution_options(synchronize_session=False)))
    if received_id is not None and not ids:
        raise NotFound(f"There is no record '{received_id}' here that was not understood.", code="no_such_record")
    if ids:
        jobs.enqueue(session, caller=caller, kind=HOOK, args={"received": ids}, now=now)
        audit.record(session, actor=caller.id, action="hook.replayed", subject=hook.id, records=len(ids))
    return ids


def forget_received(session: Session, now: datetime) -> int:
    """Forget what came in long ago, understood or not; how much that was."""
    old = delete(Received).where(Received.received_at < now - KEPT, Received.state != WAITING)
    return len(session.scalars(old.returning(Received.id)).all())


def _erase(session: Session, prospect: Prospect) -> None:
    """What was posted of a prospect, understood or not."""
    session.execute(delete(Received).where(tells_of(ids_of(session, prospect))))


ERASERS.append(_erase)
