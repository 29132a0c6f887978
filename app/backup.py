"""Backup and restore: every row of every table in one file, the same for both databases."""

import gzip
import os
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Column, LargeBinary, Table, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from app.bulk import insert_rows
from app.db import Database, Money, UTCDateTime
from app.exchange.files import replacing
from app.migrating import head_revision, migrate
from app.tables import metadata
from app.version import VERSION

_CHUNK = 2_000

# How a file that is no whole backup shows itself.
_DAMAGE = (
    OSError,
    EOFError,
    zlib.error,
    msgspec.DecodeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    DBAPIError,
)


class BackupError(Exception):
    """Why a backup cannot be made or taken back, in a sentence."""


def write_backup(database: Database, path: Path) -> int:
    """Write one consistent state of the database to a file while it is in use; how many rows it holds."""
    count = 0
    with replacing(path) as unfinished:
        with database.reading() as session, gzip.open(unfinished, "wb", compresslevel=6) as file:
            file.write(_line({"winnow": VERSION, "revision": head_revision()}))
            for table in metadata.sorted_tables:
                file.write(_line({"table": str(table.name), "columns": [str(column.name) for column in table.columns]}))
                for row in _rows(session, table):
                    file.write(_line(list(row)))
                    count += 1
            file.write(_line({"rows": count}))
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
    return count


def _rows(session: Session, table: Table) -> Iterator[Any]:
    query = select(table).order_by(*table.primary_key.columns)
    return iter(session.execute(query.execution_options(yield_per=_CHUNK)))


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def read_backup(database: Database, path: Path) -> int:
    """Fill an empty database from a backup, all or nothing; how many rows it has now."""
    if not path.is_file():
        msg = f"There is no backup '{path}'."
        raise BackupError(msg)
    try:
        with gzip.open(path, "rb") as file:
            lines = (msgspec.json.decode(line) for line in file)
            _check_head(next(lines, None))
            migrate(database.engine)
            with database.writing() as session:
                _check_empty(session)
                return _load(session, lines)
    except OperationalError:  # the database is gone or full, which says nothing of the file
        raise
    except _DAMAGE as error:
        msg = f"'{path}' is no whole backup of Winnow, and nothing was restored: {error}."
        raise BackupError(msg) from error


def _check_head(head: Any) -> None:
    if not isinstance(head, dict) or "revision" not in head:
        msg = "This is no backup of Winnow."
        raise BackupError(msg)
    if head["revision"] != head_revision():
        msg = f"The backup was made by Winnow {head.get('winnow')}: restore it with that version, then upgrade."
        raise BackupError(msg)


def _check_empty(session: Session) -> None:
    for table in metadata.sorted_tables:
        if session.execute(select(*table.primary_key.columns).limit(1)).first() is not None:
            msg = "The database is not empty: restore into a new one, so that nothing is mixed."
            raise BackupError(msg)


def _load(session: Session, lines: Iterator[Any]) -> int:
    readers: dict[str, Callable[[Any], Any]] = {}
    table, chunk, count, said = metadata.sorted_tables[0], [], 0, None
    # To the very end, where the file's own checksum stands.
    for line in lines:
        if isinstance(line, list):
            chunk.append({name: read(value) for (name, read), value in zip(readers.items(), line, strict=True)})
            count += 1
        if chunk and (len(chunk) == _CHUNK or isinstance(line, dict)):
            insert_rows(session, table, chunk)
            chunk = []
        if isinstance(line, dict) and "table" in line:
            table = metadata.tables[line["table"]]
            readers = {name: _reader(table.columns[name]) for name in line["columns"]}
        elif isinstance(line, dict):
            said = line["rows"]
    if count != said:
        msg = "The backup is cut short: nothing was restored."
        raise BackupError(msg)
    return count


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    """From JSON back to what the column takes."""
    kinds: tuple[tuple[type, Callable[[Any], Any]], ...] = (
        (UTCDateTime, datetime.fromisoformat),
        (Money, Decimal),
        (LargeBinary, b64decode),
    )
    for kind, read in kinds:
        if isinstance(column.type, kind):
            return lambda value: None if value is None else read(value)
    if column.type.python_type is date:
        return lambda value: None if value is None else date.fromisoformat(value)
    return lambda value: value
