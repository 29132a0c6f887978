"""The database: one engine, sessions that read and sessions that write, and the column types both dialects share."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Request
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from app.errors import Busy
from app.settings import Settings

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


Read = TypeVar("Read")
_ONCE = "winnow_once"


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC; refuses one without a time zone, because SQLite would keep it as if it had none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"The time {value!r} has no time zone."
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An amount kept as whole hundredths: exact and sortable on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value * 100)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


class Base(DeclarativeBase):
    """What every table derives from."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute
        datetime: UTCDateTime(),
        Decimal: Money(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
    }


def utcnow() -> datetime:
    """The present moment, the only clock of the service."""
    return datetime.now(UTC)


def begin(session: Session) -> datetime:
    """Wait for this transaction's turn to write; the moment it came, which is when its rows are recorded."""
    session.connection()
    return utcnow()


def read_once(session: Session) -> None:
    """From now on read only once what none of the many things this transaction does will change."""
    session.info[_ONCE] = {}


def once(session: Session, name: tuple[str, ...], read: Callable[[], Read]) -> Read:
    """What a reading gave before in this transaction, where that has asked for it; else what it gives now."""
    known: dict[tuple[str, ...], Read] | None = session.info.get(_ONCE)
    if known is None:
        return read()
    if name not in known:
        known[name] = read()
    return known[name]


def new_id(prefix: str) -> str:
    """A text id that sorts by the time it was made."""
    return f"{prefix}_{time.time_ns():016x}{random.getrandbits(48):012x}"


def jsonable(value: object) -> str:
    """The JSON text kept in a column."""
    return msgspec.json.encode(value).decode()


class Database:
    """One database: `reading()` and `writing()` give sessions, and only they begin and commit."""

    def __init__(self, settings: Settings) -> None:
        url = make_url(settings.database_url.get_secret_value())
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = create_engine(
            url,
            pool_size=settings.pool_size,
            max_overflow=0,
            pool_timeout=settings.lock_wait_seconds,
            pool_pre_ping=not self.is_sqlite,
            json_serializer=jsonable,
            json_deserializer=msgspec.json.decode,
        )
        if self.is_sqlite:
            _speak_sqlite(self.engine, settings.lock_wait_seconds)
        # What never changes once committed is parsed once: cards, versions of check sheets, reports as of a moment.
        parsed: dict[str, dict[Any, Any]] = {"cards": {}, "sheets": {}, "reports": {}, "kept": {}}
        one_state = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._read = sessionmaker(self.engine.execution_options(**one_state), expire_on_commit=False, info=parsed)
        self._write = sessionmaker(
            self.engine.execution_options(winnow_writes=True), expire_on_commit=False, info=parsed
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one consistent state and changes nothing."""
        try:
            with self._read() as session:
                yield session
        except PoolTimeout as error:
            raise Busy from error

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose work is durable when the block ends, and gone when it raises."""
        try:
            with self._write() as session:
                yield session
                session.commit()
        except PoolTimeout as error:
            raise Busy from error
        except OperationalError as error:
            if "locked" in str(error.orig):
                raise Busy from error
            raise

    def empty_log(self) -> None:
        """Write SQLite's log into the file and empty it; a reader may hold it, then the next writer's turn does."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                cursor = connection.connection.cursor()
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def ping(self) -> None:
        """Raise when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _speak_sqlite(engine: Engine, wait_seconds: float) -> None:
    """Make SQLite keep foreign keys and durable commits, and begin transactions where the session does."""
    turn = threading.Lock()

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own late BEGIN would leak rows past a rollback
        for pragma in (
            "foreign_keys=ON",
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",  # what is erased is overwritten, not merely let go
            f"busy_timeout={int(wait_seconds * 1000)}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # Its own knows the letters a to z only, and names are searched in any case.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("winnow_writes", False):
            # The file's own lock is waited for by sleeping and looking again; between threads there is a better queue.
            if not turn.acquire(timeout=wait_seconds):
                raise Busy
            connection.info["turn"] = turn
            # Reading first and writing later in a plain transaction fails at once when another wrote in between.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # Waits for nobody and cannot fail, so it goes past the engine's bookkeeping; every request begins twice.
            connection.connection.cursor().execute("BEGIN")

    @event.listens_for(engine, "checkin")
    def checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.pop("turn", None):
            turn.release()


def get_database(request: Request) -> Database:
    """The database of the running application."""
    database: Database = request.app.state.database
    return database


def get_reading_session(request: Request) -> Iterator[Session]:
    """A read-only session for one request."""
    with get_database(request).reading() as session:
        yield session


def get_writing_session(request: Request) -> Iterator[Session]:
    """A session whose transaction is the request's; a call that must have one effect watches over it."""
    with get_database(request).writing() as session:
        if watch := getattr(request.state, "watch", None):
            watch(session)
        yield session


DatabaseDep = Annotated[Database, Depends(get_database)]
# scope="function": the commit happens before the answer leaves, so "saved" is never said of what was not.
Reading = Annotated[Session, Depends(get_reading_session, scope="function")]
Writing = Annotated[Session, Depends(get_writing_session, scope="function")]
