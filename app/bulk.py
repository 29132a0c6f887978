"""Writing very many rows, past the ORM and SQLAlchemy's bind processing, which cost several times the write itself."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import sql
from sqlalchemy import JSON, Date, Table
from sqlalchemy.orm import Session

from app.db import Money, UTCDateTime, jsonable

Convert = Callable[[Any], Any]


def insert_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same keys, within the session's transaction."""
    if not rows:
        return
    names = list(rows[0])
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    converters = [(name, _converter(table.columns[name].type, is_sqlite=is_sqlite)) for name in names]
    values = [tuple([convert(row[name]) if convert else row[name] for name, convert in converters]) for row in rows]
    if is_sqlite:
        places = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({places})", values)  # noqa: S608
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in values:
            copy.write_row(row)


def _converter(kind: Any, *, is_sqlite: bool) -> Convert | None:
    """How a value of a column's type goes to the driver, the same as the type itself would send it."""
    if isinstance(kind, JSON):
        return jsonable
    if isinstance(kind, Money):
        return lambda value: None if value is None else int(value * 100)
    if isinstance(kind, UTCDateTime):
        return _Moments().__getitem__ if is_sqlite else None
    if isinstance(kind, Date) and is_sqlite:
        return lambda value: None if value is None else value.isoformat()
    return None


class _Moments(dict[Any, Any]):
    """Moments as SQLite keeps them; an import repeats few moments very often."""

    def __missing__(self, value: datetime | None) -> str | None:
        text = None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        if len(self) < 10_000:
            self[value] = text
        return text
