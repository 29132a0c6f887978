"""Columns of many rows: read as plain numbers and text, told apart by number."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Float

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]


class epoch(GenericFunction[float]):  # noqa: N801 - a function of SQL
    """Seconds since 1970 of a moment, as a plain number: reading moments one by one takes longer than all the rest."""

    type = Float()
    inherit_cache = True


@compiles(epoch, "sqlite")
def _epoch_on_sqlite(element: epoch, compiler: SQLCompiler, **more: Any) -> str:
    return f"((julianday({compiler.process(element.clauses, **more)}) - 2440587.5) * 86400.0)"


@compiles(epoch, "postgresql")
def _epoch_on_postgresql(element: epoch, compiler: SQLCompiler, **more: Any) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **more)}) AS DOUBLE PRECISION)"


def number_accounts(accounts: Iterable[str | None]) -> NDArray[np.intp]:
    """Numbers that rows of one account share; without an account a row stands alone."""
    return numbered(account or f"\0{number}" for number, account in enumerate(accounts))[1]


def numbered(names: Iterable[str]) -> tuple[list[str], NDArray[np.intp]]:
    """The different names in order, and the place of each row's among them."""
    given = list(names)
    found = sorted(set(given))
    place = {name: number for number, name in enumerate(found)}
    return found, np.array([place[name] for name in given], dtype=np.intp)


def as_objects(values: Iterable[object]) -> Objects:
    """Values as a column that keeps their types."""
    found = list(values)
    column = np.empty(len(found), dtype=object)
    column[:] = found
    return column


def beside_index(column: Any) -> ColumnElement[str]:
    """A column as no index has it: what few rows an index of time leads to is not to be looked for in a whole sheet."""
    said: ColumnElement[str] = column.concat("")
    return said


def read_rows(session: Session, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What a query finds, as the driver gives it: of numbers and text that is the same, and takes half the time."""
    cursor = session.connection().execute(query).cursor
    return [] if cursor is None else list(cursor.fetchall())


def as_columns(rows: Sequence[Sequence[Any]], count: int) -> list[tuple[Any, ...]]:
    """Rows as so many columns."""
    return [tuple(map(itemgetter(place), rows)) for place in range(count)]


def given(values: Objects) -> NDArray[np.bool_]:
    """Which of them are there at all."""
    return np.array([value is not None for value in values], dtype=np.bool_)
