"""Writing past SQLAlchemy sends what SQLAlchemy would have sent."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    text,
)

from app.bulk import insert_rows
from app.db import Money, UTCDateTime
from app.tables import metadata

KINDS = {
    String: ["", "plain", "Ærø – 学", "tab\tand\nline \\N \\", 'it\'s "quoted"', None],
    Integer: [0, -7, 2**31 - 1, None],
    BigInteger: [2**62, None],
    Double: [0.1, 1 / 3, -1e-300, 1e15, None],
    Boolean: [True, False],
    Date: [date(2026, 2, 28), date(1900, 1, 1), None],
    UTCDateTime: [
        datetime(2026, 2, 28, 12, tzinfo=UTC),
        datetime(2026, 2, 28, 12, 0, 0, 123456, tzinfo=UTC),
        datetime(2026, 2, 28, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        None,
    ],
    Money: [Decimal("42540.00"), Decimal("-0.01"), Decimal("9999999999999.99"), Decimal(7), None],
    LargeBinary: [b"", b"plain", b"back\\slash", None],
    JSON: [{}, [], {"a": True, "ü": [1, 2.5, None, "x\\y\n"]}, ["ada", "böb"], {"big": 10**15, "small": 1e-9}],
}


def test_every_column_type_is_covered():
    """The types compared here are all the types the tables have."""
    used = {type(column.type) for table in metadata.sorted_tables for column in table.columns}
    assert used <= KINDS.keys()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_bulk_rows_are_those_of_an_ordinary_insert(database, kind):
    """Value by value the database holds the same, seen without any type of SQLAlchemy's."""
    table = Table("scratch", MetaData(), Column("number", Integer), Column("value", kind()))
    values = [{"number": number, "value": value} for number, value in enumerate(KINDS[kind])]
    with database.writing() as session:
        table.create(session.connection())
        session.execute(insert(table), values)
        ordinary = session.execute(text(f"SELECT number, CAST(value AS TEXT) FROM {table.name} ORDER BY 1")).all()
        session.execute(table.delete())
        insert_rows(session, table, values)
        bulk = session.execute(text(f"SELECT number, CAST(value AS TEXT) FROM {table.name} ORDER BY 1")).all()
        table.drop(session.connection())
    assert bulk == ordinary
