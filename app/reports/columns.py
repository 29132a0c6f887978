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
Columns = dict[str, NDArray[Any]]


class moment(GenericFunction[float]):  # noqa: N801 - a function of SQL
    """A moment as the driver gives it quickest, for `as_moments`: one by one it takes longer than all the rest."""

    type = Float()
    inherit_cache = True


@compiles(moment, "sqlite")
def _moment_on_sqlite(element: moment, compiler: SQLCompiler, **more: Any) -> str:
    text: str = compiler.process(element.clauses, **more)
    return text


@compiles(moment, "postgresql")
def _moment_on_postgresql(element: moment, compiler: SQLCompiler, **more: Any) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **more)}) AS DOUBLE PRECISION)"


def as_moments(values: Sequence[Any]) -> Floats:
    """Seconds since 1970 of moments as they were read, exact to the microsecond; NaN for none."""
    if not any(isinstance(value, str) for value in values):
        return np.array(values, dtype=float)
    read = np.array(["NaT" if value is None else value for value in values], dtype="datetime64[us]")
    return np.where(np.isnat(read), np.nan, read.astype(np.int64) / 1e6)


MOMENT = "moment"


def as_array(values: Sequence[Any], kind: Any) -> NDArray[Any]:
    """One column as it was read: moments, the places of names in a tuple, objects, or numbers with NaN for none."""
    if kind == MOMENT:
        return as_moments(values)
    if isinstance(kind, tuple):
        place = {name: number for number, name in enumerate(kind)}
        return np.fromiter(map(place.__getitem__, values), dtype=np.int8)
    if kind is not object:
        return np.array(values, dtype=kind)
    # Equal texts are kept once
    same: dict[Any, Any] = {}
    return as_objects(same.setdefault(value, value) for value in values)


def number_accounts(accounts: Iterable[str | None]) -> NDArray[np.intp]:
    """Numbers that rows of one account share; without an account a row stands alone."""
    numbers: dict[str | int, int] = {}
    found = (numbers.setdefault(account or row, len(numbers)) for row, account in enumerate(accounts))
    return np.fromiter(found, dtype=np.intp)


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


def matched(prospects: NDArray[Any], entries: NDArray[Any]) -> NDArray[np.intp]:
    """For the prospect of each entry its row among some, told by their numbers; -1 where it is none of them."""
    row = np.full(1 + max(prospects.max(initial=-1), entries.max(initial=-1)), -1, dtype=np.intp)
    row[prospects] = np.arange(len(prospects))
    return np.asarray(row[entries])


def take(columns: Columns, rows: NDArray[Any]) -> Columns:
    """Some rows of columns."""
    return {name: column[rows] for name, column in columns.items()}


def last_of(rows: NDArray[np.intp], entries: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """For each of so many rows the last entry that belongs to it, -1 where none does."""
    found = np.full(size, -1, dtype=np.intp)
    found[rows] = entries  # of several the last stays
    return found


def first_of(prospects: NDArray[Any], entries: NDArray[Any], moments: Floats) -> Floats:
    """When the first of each prospect's entries was; infinite where it has none."""
    found, row = np.full(len(prospects) + 1, np.inf), matched(prospects, entries)
    np.minimum.at(found, row, moments)  # row -1 takes those of others
    return found[:-1]


def picked(values: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[Any]:
    """The values of some rows; for row -1 None, or NaN among numbers."""
    return np.asarray(np.concatenate([values, np.array([None], dtype=values.dtype)])[rows])


def given(values: Objects) -> NDArray[np.bool_]:
    """Which of them are there at all."""
    return np.array([value is not None for value in values], dtype=np.bool_)
