"""What reports keep between them is what the tables say, whatever was written since and by whom."""

import random
from contextlib import suppress
from operator import itemgetter
from typing import Any

from sqlalchemy import insert

from app.accounts import audit
from app.accounts.service import COMMAND_LINE
from app.db import Database, new_id
from app.errors import AppError
from app.joining.service import merge, rename
from app.prospects.queries import find_prospect
from app.prospects.service import erase_prospect, new_prospect_row
from app.prospects.tables import OutcomeEntry, Prospect
from app.reports import deals, kept
from app.reports.calibration import queries as calibration
from app.reports.comparison import ledger as comparison
from app.reports.effort import ledger as effort
from app.reports.effort.queries import AskedEffort
from app.reports.frame import Asked
from app.reports.items import queries as items
from app.reports.kept import Store, Table, read_kept, store_of
from app.reports.routes import REPORTS
from app.scoring.service import close

MODULES = (deals, calibration, comparison, effort, items)
TABLES = [one for module in MODULES for one in vars(module).values() if isinstance(one, Table)]
NAMES = [f"deal-{number}" for number in range(8)]


def _write(past, draw: random.Random, day: float) -> None:
    """One thing somebody may do; what the service refuses was refused."""
    one, other = draw.sample(NAMES, 2)
    acts: list[Any] = [
        lambda: past.arrive(one, day, account=draw.choice(["a", "b", None]), owner=draw.choice(["ada", "ben"])),
        lambda: past.see(one, day, budget=draw.random() < 0.5),
        lambda: past.say(one, day, draw.random()),
        lambda: past.end(one, day, draw.choice(["won", "lost", "void"]), amount=draw.randrange(99), currency="EUR"),
        lambda: past.end(one, day - 1, draw.choice(["won", "lost"]), corrects=True),
        lambda: past.spend(one, day, draw.choice(["call", "quote"]), hours=2),
        lambda: past.step(one, day, draw.choice(["aware", "informing"])),
        lambda: _in_one(past.database, merge, external_id=one, duplicate=other, now=past.at(day)),
        lambda: _in_one(past.database, rename, external_id=one, to=f"{one}-{day}", now=past.at(day)),
        lambda: _in_one(past.database, erase_prospect, external_id=one, now=past.at(day)),
        lambda: _in_one(past.database, close, external_id=one, outcome=None, if_match=None, now=past.at(day)),
        lambda: _import(past.database, past.at(day)),
    ]
    with suppress(AppError):
        draw.choices(acts, [4, 4, 4, 6, 2, 4, 4, 1, 1, 1, 2, 1])[0]()


def _in_one(database: Database, write: Any, **more: Any) -> None:
    with database.writing() as session:
        write(session, caller=COMMAND_LINE, **more)


def _import(database: Database, now) -> None:
    """A won deal as an import leaves it: the log says that something was stored, not of whom."""
    row = new_prospect_row(new_id("x"), "ada", now) | {"check_sheet": "bids", "state": "won"}
    row |= {"decided_at": now, "closed_at": now, "outcome_id": new_id("oc")}
    told = {"id": row["outcome_id"], "prospect_id": row["id"], "result": "won", "decided_at": now, "amount": 7}
    with database.writing() as session:
        session.execute(insert(Prospect), row)
        session.execute(insert(OutcomeEntry), told | {"recorded_at": now, "recorded_by": "a test"})
        audit.record(session, actor="import", action="import.stored", subject="bids")


def _rows(session, table: Table) -> list[tuple[str, ...]]:
    columns = read_kept(session, table)
    ids = {number: prospect for prospect, number in store_of(session).numbers.items()}
    values = zip(*(column.tolist() for name, column in columns.items() if name != "prospect"), strict=True)
    rows = [(ids[one], *map(repr, more)) for one, more in zip(columns["prospect"].tolist(), values, strict=True)]
    return sorted(rows, key=itemgetter(0) if table.order is not None else None)


def _read(session, at) -> list[Any]:
    asked = Asked("bids", None, None, None, at)
    more = {"effort": AskedEffort("bids", None, None, None, at, 30)}
    return [one.make(session, caller=COMMAND_LINE, asked=more.get(one.name, asked)) for one in REPORTS]


def test_what_is_kept_is_what_a_fresh_reading_finds(past, settings):
    """After each of many writes, in the process that wrote and in another, every kept table and its order."""
    draw, other = random.Random(1), Database(settings)
    for number in range(60):
        _write(past, draw, 2 + number)
        for database in (past.database, other)[: 1 + number % 2]:
            with database.reading() as session:
                found = [_rows(session, table) for table in TABLES]
                mine = session.info["kept"].pop("store")
                assert found == [_rows(session, table) for table in TABLES]
                session.info["kept"]["store"] = mine
    other.engine.dispose()
    assert all(found)


def test_a_report_as_of_a_moment_is_the_same_from_what_is_kept_and_afresh(past):
    """Also of a moment before the latest writes."""
    draw = random.Random(2)
    for number in range(40):
        _write(past, draw, 2 + number)
    with past.database.reading() as session:
        _read(session, past.at(50))
        found = _read(session, past.at(25))
        session.info["kept"]["store"] = Store()
        assert found == _read(session, past.at(25))


def test_only_what_changed_is_read_again(past, monkeypatch):
    """A piece of work for one prospect makes its rows be read again, a sign-in none, an import everything."""
    past.deal("deal-0", 1, "won")
    asked: list[Any] = []

    def spy(session, table, numbers, only=None):
        asked.append(only)
        return load(session, table, numbers, only)

    def look() -> list[Any]:
        asked.clear()
        with past.database.reading() as session:
            read_kept(session, TABLES[0])
            return list(asked)

    load = kept._load
    monkeypatch.setattr(kept, "_load", spy)
    first, again = look(), look()
    past.spend("deal-0", 7, "call", hours=1)
    after_work = look()
    with past.database.writing() as session:
        audit.record(session, actor="somebody", action="session.opened", subject="session")
    after_sign_in = look()
    _import(past.database, past.at(9))
    with past.database.reading() as session:
        deal = find_prospect(session, caller=COMMAND_LINE, external_id="deal-0").id
    assert [first, again, after_work, after_sign_in, look()] == [[None], [], [{deal}], [], [None]]
