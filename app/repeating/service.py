"""One effect for a call however often it comes.

Its key is taken first, in the transaction of what it does, and its answer is kept in the same one. A twin finds the key
taken: it waits for the other transaction, then gets its answer.
"""

import hashlib
import hmac
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, event, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, SessionTransaction

from app.db import utcnow
from app.errors import AppError, Unprocessable
from app.repeating.tables import KeptAnswer

KEPT_FOR = timedelta(hours=72)
TWIN_SECONDS = 5.0
MANY = "*"  # what a batch is about
_TAKEN, _BLANK = 0, 410  # statuses of a row whose call is under way, and of one whose answer was erased


class KeyReused(Unprocessable):
    """The key stands for another call already."""

    def __init__(self) -> None:
        sentence = "This idempotency key came with another call within 72 hours; give every new call a key of its own."
        super().__init__([], code="idempotency_key_reused")
        self.args, self.detail = (sentence,), sentence


class StillRunning(AppError):
    """The first call with this key is under way."""

    status, code = 409, "still_running"

    def __init__(self) -> None:
        super().__init__("The same call is still being worked on; ask again for its answer.")
        self.headers = {"Retry-After": "2"}


class AnswerErased(AppError):
    """The call had its effect; whom its answer was about has been erased since."""

    status, code = 410, "answer_erased"

    def __init__(self) -> None:
        super().__init__("This call was done before; its answer has been erased with the prospect it was about.")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that must have one effect: who makes it, the key they chose for it, and what they ask."""

    caller: str
    secret: str
    key: str
    asked: str
    about: str | None

    @property
    def id(self) -> str:
        """What its answer is kept under."""
        return hashlib.sha256(f"{self.caller} {self.key}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class Answered(Exception):
    """The call was done before: here is what it was answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Once:
    """Watches over the one transaction of a call: takes the key as it begins, and keeps the answer before it ends."""

    def __init__(self, describe: Callable[[], Call | None]) -> None:
        self._describe = describe  # asked late: the caller is known, and a file read, only when the work begins
        self.session: Session | None = None

    def watch(self, session: Session) -> None:
        """Take the key as soon as this session's transaction begins."""
        self.session = session

        @event.listens_for(session, "after_begin")
        def begun(_session: Session, transaction: SessionTransaction, connection: Connection) -> None:
            call = None if transaction.nested else self._describe()
            if call is not None:
                take(connection, call, now=utcnow())

    def keep(self, session: Session, answer: Answer) -> None:
        """Store the answer with what was done."""
        session.connection()  # takes the key where nothing was done yet
        call = self._describe()
        if call is not None:
            kept = {"status": answer.status, "headers": answer.headers, "body": _seal(call, zlib.compress(answer.body))}
            session.execute(update(KeptAnswer).where(KeptAnswer.id == call.id).values(**kept))


def take(connection: Connection, call: Call, *, now: datetime) -> None:
    """Take a key for a call; raises what came of the call that took it before."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row: dict[str, Any] = {
        "id": call.id, "asked": call.asked, "about": call.about, "status": _TAKEN, "headers": {}, "body": b"",
        "kept_at": now,
    }  # fmt: skip
    fresh = insert(KeptAnswer).values(row)
    # A row older than its time counts as gone, whether or not anybody has swept it away yet.
    taken = fresh.on_conflict_do_update(
        index_elements=["id"], set_=row, where=KeptAnswer.kept_at < now - KEPT_FOR
    ).returning(KeptAnswer.id)
    if _waiting_briefly(connection, taken) is not None:
        return
    asked, status, headers, body = connection.execute(
        select(KeptAnswer.asked, KeptAnswer.status, KeptAnswer.headers, KeptAnswer.body).where(KeptAnswer.id == call.id)
    ).one()
    if asked != call.asked:
        raise KeyReused
    if status == _BLANK:
        raise AnswerErased
    raise Answered(Answer(status, headers, zlib.decompress(_seal(call, body))))


def _waiting_briefly(connection: Connection, statement: Any) -> Any:
    """Run a statement that may have to wait for a twin's transaction."""
    if connection.dialect.name == "sqlite":
        return connection.scalar(statement)  # one writes at a time, so a twin has ended by now
    connection.execute(text(f"SET LOCAL lock_timeout = {int(TWIN_SECONDS * 1000)}"))
    try:
        found = connection.scalar(statement)
    except OperationalError as error:
        if "lock timeout" in str(error.orig):
            raise StillRunning from error
        raise
    connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    return found


def _seal(call: Call, content: bytes) -> bytes:
    """Seal what is kept, or open it again: whoever has the database but not the caller's API key reads nothing."""
    key = hmac.digest(call.secret.encode(), f"kept answer {call.id} {call.asked}".encode(), "sha256")
    stream = hashlib.shake_256(key).digest(len(content))
    return (int.from_bytes(content, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(content), "big")


def forget(session: Session, external_ids: Sequence[str]) -> None:
    """Blank the answers about a prospect that is erased, by any id it had; that the calls were done stays known."""
    session.execute(
        update(KeptAnswer)
        .where(KeptAnswer.about.in_([*external_ids, MANY]))
        .values(status=_BLANK, headers={}, body=b"", about=None)
    )


def sweep(session: Session, *, now: datetime) -> None:
    """Delete the answers whose time is over."""
    session.execute(delete(KeptAnswer).where(KeptAnswer.kept_at < now - KEPT_FOR))
