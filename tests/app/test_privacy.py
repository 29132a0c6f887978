"""What is held on a prospect is told, mapped, and gone when it is erased or its time is over."""

import json
import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.db import utcnow
from app.handlers import HANDLERS
from app.jobs.worker import work_off
from app.privacy.queries import MONTH, tables_of_prospects
from app.prospects.tables import Prospect
from app.tables import metadata

MAP = Path(__file__).parents[2] / "docs" / "data-map.md"
CANARY = "canary-7f3a"
PROSPECT = f"/v1/prospects/id-{CANARY}"


def mapped() -> list[tuple[str, str, list[str]]]:
    """The rows of the data map: table, class, columns."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in MAP.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    return [(table, kind, re.split(r",\s*", columns)) for table, kind, columns, *_ in rows[2:]]


@pytest.fixture
def known(bids_api):
    """A prospect with every field of the class `contact` or `team` filled that a caller can fill."""
    texts = {name: f"{name} {CANARY}" for name in ("name", "owner", "account", "source", "waiting_for")}
    body = texts | {"brief": {"looks_for": f"brief {CANARY}"}, "answers": {"budget": True}}
    sent = [
        ("PUT", PROSPECT, body),
        ("POST", f"{PROSPECT}/observations", {"answers": {}, "observer": f"o {CANARY}", "evidence": f"e {CANARY}"}),
        ("POST", f"{PROSPECT}/forecasts", {"probability": 0.5}),
        ("POST", f"{PROSPECT}/stage", {"stage": "comparing", "sign": f"sign {CANARY}"}),
        ("POST", f"{PROSPECT}/effort", {"kind": "call", "by": f"by {CANARY}"}),
        ("PUT", f"{PROSPECT}/outcome", {"result": "won", "reason": f"reason {CANARY}"}),
        ("POST", f"{PROSPECT}/experiences", {"kind": "satisfied", "note": f"note {CANARY}"}),
    ]
    for method, path, content in sent:
        answer = bids_api.request(method, path, json=content, headers={"Idempotency-Key": f"{method} {path}"})
        assert answer.is_success, answer.text
    return bids_api


def test_promise_27_the_data_map_names_every_column_once():
    """A column nobody classified, or one that is gone, shows here first."""
    named = [f"{table}.{column}" for table, _, columns in mapped() for column in columns]
    assert sorted(named) == sorted(f"{t.name}.{column.name}" for t in metadata.sorted_tables for column in t.columns)


def test_promise_27_the_map_knows_four_classes():
    assert {kind for _, kind, _ in mapped()} == {"contact", "team", "linked", "none"}


def test_promise_27_what_is_held_is_told_whole(known):
    """Every table that hangs on a prospect; what a caller wrote stands in the map's personal columns only."""
    held = known.get(f"{PROSPECT}/export").json()["held"]
    assert set(held) == {"prospect", *(table.name for table, _, _ in tables_of_prospects())}
    found = {
        f"{table}.{name}" for table, rows in held.items() for row in rows for name in row if CANARY in str(row[name])
    }
    personal = {f"{table}.{name}" for table, kind, names in mapped() if kind in {"contact", "team"} for name in names}
    assert len(found) == 8 + 8  # of the prospect itself, and of what hangs on it
    assert found <= personal


def test_promise_27_the_map_s_tables_of_prospects_are_those_exported():
    """What is linked to a prospect by the map is what the export reads."""
    linked = {table for table, kind, _ in mapped() if kind == "linked"}
    assert linked <= {"prospect", *(table.name for table, _, _ in tables_of_prospects())}


def test_promise_27_erased_it_stands_in_no_row_and_not_in_sqlite_s_files(known, database, dialect):
    """SQLite's file and its log are searched byte by byte: let go is not gone."""
    assert known.delete(PROSPECT).status_code == 204
    with database.reading() as session:
        rows = [str(row) for table in metadata.sorted_tables for row in session.execute(table.select())]
    assert [row for row in rows if CANARY in row] == []
    if dialect == "sqlite":
        file = Path(database.engine.url.database)
        beside = [file, *file.parent.glob(f"{file.name}-wal")]
        assert [path.name for path in beside if CANARY.encode() in path.read_bytes()] == []


def test_sqlite_s_files_do_hold_what_is_not_erased(known, database, dialect):
    """Or the search above would find nothing whatever happened."""
    if dialect == "sqlite":
        database.empty_log()
        assert CANARY.encode() in Path(database.engine.url.database).read_bytes()
        with sqlite3.connect(database.engine.url.database) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_what_came_by_a_former_id_is_held_and_erased_too(bids_api, database):
    """A row of a file and a record of a hook that were refused before the prospect was renamed."""
    mapping = {"check_sheet": {"key": "bids"}, "id": {"column": "id"},
               "items": {"budget": {"column": "budget", "kind": "yes_no"}}}  # fmt: skip
    hook = bids_api.post("/v1/hooks", json={"name": "CRM", "mapping": mapping}).json()
    bids_api.post(hook["path"], json={"id": "lead-1", "budget": CANARY})
    files = {"file": ("deals.csv", f"id,budget\nlead-1,{CANARY}\n")}
    bids_api.post("/v1/imports", data={"mapping": json.dumps(mapping)}, files=files)
    work_off(database, HANDLERS)
    bids_api.post(hook["path"], content=b"not read, but of lead-1")
    bids_api.put("/v1/prospects/lead-1", json={})
    bids_api.post("/v1/prospects/lead-1/rename", json={"to": "crm-1"})
    held = bids_api.get("/v1/prospects/crm-1/export").json()["held"]
    assert (len(held["bad_import_row"]), len(held["received"])) == (1, 2)
    bids_api.delete("/v1/prospects/crm-1")
    tables = [metadata.tables[name] for name in ("bad_import_row", "received")]
    with database.reading() as session:
        rows = [str(row) for table in tables for row in session.execute(table.select())]
    assert [row for row in rows if CANARY in row] == []


def test_promise_27_retention_is_counted_before_it_erases(bids_api, database, winnow):
    """Off unless named; a dry run by default; only who nothing was said of, and who was decided as long ago."""
    for name, outcome in (("old", "2020-01-01"), ("fresh", None), ("told-lately", "2020-01-01")):
        body = {"name": f"name of {name}"} | ({"outcome": {"result": "lost", "decided_at": outcome}} if outcome else {})
        bids_api.put(f"/v1/prospects/{name}", json=body)
    with database.writing() as session:
        long_ago = utcnow() - 13 * MONTH
        session.execute(update(Prospect).where(Prospect.external_id == "old").values(updated_at=long_ago))
    assert "Nothing is forgotten" in winnow("forget").out
    assert "1 lost" in winnow("forget", "--months", 12).out
    assert bids_api.get("/v1/prospects/old").status_code == 200
    assert "1 prospects" in winnow("forget", "--months", 12, "--erase").out
    assert [bids_api.get(f"/v1/prospects/{name}").status_code for name in ("old", "fresh", "told-lately")] == [
        404,
        200,
        200,
    ]


def test_a_month_is_a_twelfth_of_a_year():
    assert timedelta(days=365) < 12 * MONTH < timedelta(days=366)


def test_after_a_change_of_owner_the_first_rep_finds_nothing_and_the_second_forecasts_first(bids_api, client):
    """404 for who had it; for who has it the score is withheld until a forecast of its own."""
    bids_api.put("/v1/prospects/p", json={"owner": "ada", "answers": {"budget": True}})
    ada, ben = client("rep", owners=("ada",)), client("rep", owners=("ben",))
    ada.post("/v1/prospects/p/forecasts", json={"probability": 0.5})
    assert ada.get("/v1/prospects/p/score").json()["score"] is not None
    bids_api.put("/v1/prospects/p", json={"owner": "ben"})
    assert [ada.get(f"/v1/prospects/p{part}").status_code for part in ("", "/score", "/forecasts")] == [404, 404, 404]
    assert ben.get("/v1/prospects/p/score").json()["withheld"] == "forecast_first"
    assert ben.post("/v1/prospects/p/forecasts", json={"probability": 0.6}).json()["kind"] == "blind"
    assert ben.get("/v1/prospects/p/score").json()["score"] is not None
