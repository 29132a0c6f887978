"""What reports read of whole tables, kept as columns between them, and brought up to date by the audit log.

To read hundreds of thousands of rows takes longer than all that is reckoned from them, and between two reports few
prospects change. Whatever changes one leaves a row in the audit log that names it, in the same transaction; only the
rows of those named since are read again. What changed many at once and names none, an import, makes all be read anew.

Each process keeps its own, and trusts it no further than the log it sees: one that is older, or was put in place of the
one known, is no continuation of it, so everything is read.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.audit import last_change
from app.accounts.tables import AuditEntry
from app.reports.columns import Columns, as_array, as_columns, read_rows

Made = TypeVar("Made")
# Actions in the audit log by their first word: of one prospect, and of none; any other may have changed whatever.
_OF_ONE = frozenset(("effort", "experience", "forecast", "observation", "outcome", "prospect", "stage"))
_OF_NONE = frozenset(
    ("beliefs", "check_sheet", "hook", "key", "link", "panel", "password", "person", "review", "schedule", "scorecard",
     "session", "sessions", "sign_in", "team", "training", "webhook")
)  # fmt: skip
_MOST_CHANGES = 1_000
_MOST_ROWS = 3_000_000  # a larger table is read anew every time


@dataclass(frozen=True, eq=False)
class Table:
    """Rows to be kept: which, their columns by name, and the prospect each belongs to.

    A column's kind is that of its array, as `as_array` knows them; beside them stands `prospect`, its number in this
    process. With `order` the rows of a prospect are in the order of that column, their ids.
    """

    prospect: InstrumentedAttribute[Any]
    columns: dict[str, tuple[Any, Any]]
    where: tuple[ColumnElement[bool], ...] = ()
    order: InstrumentedAttribute[Any] | None = None


class _Numbers(dict[str, int]):
    """A number for every prospect met, for it is quicker to find than its id."""

    def __missing__(self, prospect: str) -> int:
        self[prospect] = number = len(self)
        return number


@dataclass(frozen=True)
class _Kept:
    """A table as it was after a change."""

    change: tuple[int, str]
    columns: Columns


@dataclass
class Store:
    """What a process keeps; one at a time brings it up to date, and the others have it then."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: _Numbers = field(default_factory=_Numbers)
    tables: dict[Table, _Kept] = field(default_factory=dict)
    latest: tuple[Any, Any] = (None, None)


def store_of(session: Session) -> Store:
    """The store of a session's database."""
    kept: Store = session.info["kept"].setdefault("store", Store())
    return kept


def read_kept(session: Session, table: Table) -> Columns:
    """All rows of a table as this session sees it."""
    session.connection()  # or one could wait for a connection while those who have one wait for the lock
    store = store_of(session)
    with store.lock:
        change = last_change(session)
        known = store.tables.get(table)
        if known is not None and known.change == change:
            return known.columns
        changed = None if known is None else _changed_since(session, known.change)
        if known is None or changed is None:
            columns = _load(session, table, store.numbers)
        else:
            columns = _renew(session, table, store.numbers, known.columns, changed)
        for column in columns.values():
            column.flags.writeable = False
        if len(columns["prospect"]) <= _MOST_ROWS:
            store.tables[table] = _Kept(change, columns)
        return columns


def remembered(session: Session, key: tuple[Any, ...], make: Callable[[], Made]) -> Made:
    """What several parts of one report ask for, made once while nothing changes; only the latest is remembered."""
    store, key = store_of(session), (key, last_change(session))
    known, made = store.latest
    if known != key:
        made = make()
        store.latest = (key, made)
    found: Made = made
    return found


def number_of(session: Session, prospects: Iterable[str]) -> NDArray[np.intp]:
    """The numbers of prospects."""
    store = store_of(session)
    with store.lock:
        return np.fromiter(map(store.numbers.__getitem__, prospects), dtype=np.intp)


def _changed_since(session: Session, change: tuple[int, str]) -> set[str] | None:
    """The prospects that changed since; None where it might be any."""
    number, digest = change
    query = select(AuditEntry.number, AuditEntry.hash, AuditEntry.subject, AuditEntry.action)
    later = session.execute(
        query.where(AuditEntry.number >= number).order_by(AuditEntry.number).limit(_MOST_CHANGES + 1)
    ).all()
    if not later or (later[0].number, later[0].hash) != (number, digest) or len(later) > _MOST_CHANGES:
        return None
    changed = set()
    for row in later[1:]:
        about = row.action.split(".")[0]
        if about in _OF_ONE:
            changed.add(row.subject)
        elif about not in _OF_NONE:
            return None
    return changed


def _renew(session: Session, table: Table, numbers: _Numbers, known: Columns, changed: set[str]) -> Columns:
    """The rows kept, with those of some prospects read again."""
    if not changed:
        return known
    gone = np.zeros(len(numbers) + len(changed), dtype=bool)
    gone[[numbers[one] for one in changed]] = True
    stays = ~gone[known["prospect"]]
    again = _load(session, table, numbers, changed)
    return {name: np.concatenate([column[stays], again[name]]) for name, column in known.items()}


def _load(session: Session, table: Table, numbers: _Numbers, only: set[str] | None = None) -> Columns:
    kinds = [kind for _, kind in table.columns.values()]
    order = table.prospect if table.order is None else table.order
    query = select(order, table.prospect, *(column for column, _ in table.columns.values())).where(*table.where)
    rows = read_rows(session, query if only is None else query.where(table.prospect.in_(only)))
    if table.order is not None:
        rows.sort(key=itemgetter(0))
    _, prospects, *columns = as_columns(rows, 2 + len(kinds))
    found: Columns = {"prospect": np.fromiter(map(numbers.__getitem__, prospects), np.int32, len(rows))}
    for name, kind, values in zip(table.columns, kinds, columns, strict=True):
        found[name] = as_array(values, kind)
    return found
