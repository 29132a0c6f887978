"""Everything comes out again: streamed, safe in a spreadsheet, cut to what the caller may see, and readable by us."""

import csv
import io
from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.accounts.service import COMMAND_LINE
from app.checksheets.schemas import SheetInput
from app.db import Database, utcnow
from app.exchange.files import read_table
from app.exchange.importing import import_file
from app.exchange.queries import fit_preset
from app.forecasts.tables import Forecast
from app.migrating import migrate
from app.prospects.tables import OutcomeEntry, Prospect
from app.settings import Settings
from app.tabular import formula, no_formula
from app.training.service import save_sheet
from tests.builders import sheet as bids
from tests.conftest import SECRET

TABLES = ("prospects", "observations", "outcomes", "forecasts")
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'=1", "''-x", "'", "'plain"]


@pytest.fixture
def rows(bids_api):
    """The rows of an export, by the admin's key or another caller's."""

    def read(table="prospects", client=bids_api, **asked):
        answer = client.get(f"/v1/exports/{table}.csv", params=asked)
        assert answer.status_code == 200
        return list(csv.DictReader(io.StringIO(answer.text)))

    return read


@pytest.fixture
def deals(bids_api):
    """Two owners' prospects with answers, outcomes and forecasts, one of them with a name that is a formula."""
    bids_api.put("/v1/prospects/a", json={
        "name": "=HYPERLINK(1)", "owner": "ada", "amount": "1200.50", "currency": "EUR", "brief": {"trust": "a trial"},
        "arrived_at": "2026-01-05T09:30:00Z", "answers": {"budget": True, "size": 12.5}, "expected_close": "2027-01-31",
        "observed_at": "2026-01-06T09:00:00Z"})  # fmt: skip
    bids_api.put("/v1/prospects/b", json={
        "owner": "bo", "answers": {"budget": "unknown", "standing": "new"}, "observed_at": "2026-01-06T09:00:00Z",
        "outcome": {"result": "lost", "decided_at": "2026-02-01", "reason": "-price"}})  # fmt: skip
    bids_api.post("/v1/prospects/a/observations", json={"answers": {"size": None}, "evidence": '+49 rang, "no"\nnot'})
    bids_api.post("/v1/prospects/a/forecasts", json={"probability": 0.25})
    bids_api.put("/v1/prospects/c", json={"owner": "ada", "answers": {"budget": False}})
    return bids_api


def restored(database, source, tmp_path):
    """Import what was exported into another installation that has the check sheet; how many rows each file gave."""
    counts = {}
    with database.writing() as session:
        save_sheet(session, caller=COMMAND_LINE, given=SheetInput.model_validate(bids()), only_new=True, now=utcnow())
    for table in TABLES:
        path = tmp_path / f"{table}.csv"
        path.write_bytes(source.get(f"/v1/exports/{table}.csv").content)
        with database.reading() as session, read_table(path) as opened:
            mapping = fit_preset(session, opened, preset="winnow", check_sheet=None)
        report = import_file(database, caller=COMMAND_LINE, path=path, mapping=mapping)
        assert report.errors == []
        counts[table] = report.created
    return counts


def said(database):
    """What is known, whatever the ids and the moments of recording; forecasts come back as imported ones."""
    fields = ("external_id", "name", "owner", "amount", "currency", "brief", "arrived_at", "expected_close", "state",
              "decided_at", "answers", "answered_at", "score", "grade", "probability")  # fmt: skip
    with database.reading() as session:
        prospects = {
            row.external_id: {name: getattr(row, name) for name in fields} for row in session.scalars(select(Prospect))
        }
        outcomes = session.execute(select(OutcomeEntry.result, OutcomeEntry.decided_at, OutcomeEntry.reason)).all()
        forecasts = session.execute(select(Forecast.owner, Forecast.probability, Forecast.made_at)).all()
    for row in prospects.values():
        if row["state"] != "open":  # a card made since has seen the outcome
            row |= dict.fromkeys(("score", "grade", "probability"))
    return prospects, sorted(map(tuple, outcomes)), sorted(map(tuple, forecasts))


def test_what_was_exported_makes_the_same_installation(deals, database, tmp_path):
    """Into an empty one: the same prospects, answers, outcomes, forecasts and scores; twice is once."""
    other = Database(Settings(database_url=f"sqlite:///{tmp_path / 'other.db'}", secret_key=SECRET))
    migrate(other.engine)
    assert restored(other, deals, tmp_path) == {"prospects": 3, "observations": 4, "outcomes": 1, "forecasts": 1}
    assert said(other) == said(database)
    again = import_again(other, tmp_path)
    other.engine.dispose()
    assert again == [0, 0, 0, 0]


def import_again(database, tmp_path):
    found = []
    for table in TABLES:
        path = tmp_path / f"{table}.csv"
        with database.reading() as session, read_table(path) as opened:
            mapping = fit_preset(session, opened, preset="winnow", check_sheet=None)
        report = import_file(database, caller=COMMAND_LINE, path=path, mapping=mapping)
        found.append(report.created + report.changed)
    return found


@given(st.text(alphabet=st.sampled_from("='+-@\t\r\nab "), max_size=8))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_promise_23_any_text_survives_being_made_safe(text):
    """What is written runs in no spreadsheet, and is read as it was."""
    written = no_formula(text)
    assert written[:1] not in set("=+-@\t\r\n")
    assert formula(written) == text


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_promise_23_formulas_leave_as_text_and_come_back(deals, rows, database, tmp_path):
    """In every text of every table."""
    assert {row["name"] for row in rows()} == {"'=HYPERLINK(1)", ""}
    assert {row["reason"] for row in rows("outcomes")} == {"'-price"}
    path = tmp_path / "prospects.csv"
    path.write_bytes(deals.get("/v1/exports/prospects.csv").content)
    with read_table(path) as table:
        assert next(row.cells[table.position("name")] for row in table.rows) == "=HYPERLINK(1)"


@pytest.mark.parametrize("table", [*TABLES, "scores"])
def test_promise_18_a_rep_takes_out_its_own_rows_only(deals, rows, client, table):
    """Another owner's ids are in no file."""
    assert {row["external_id"] for row in rows(table, client("rep", owners=("ada",)))} <= {"a", "c"}


def test_withheld_scores_are_left_out(deals, rows, client):
    """C awaits its owner's first forecast: a rep's file holds no score of it, a file for the CRM not even its row."""
    shown = {row["external_id"]: row["score"] for row in rows(client=client("rep", owners=("ada",)))}
    assert (bool(shown["a"]), shown["c"]) == (True, "")
    assert {row["external_id"] for row in rows("scores", client("rep", owners=("ada",)))} == {"a"}
    assert [row["Id"] for row in rows("scores", **{"for": "salesforce"})] == ["a"]


@pytest.mark.parametrize(
    ("crm", "column"),
    [
        ("salesforce", "Id"),
        ("hubspot", "Record ID"),
        ("dynamics", "opportunityid"),
        ("pipedrive", "ID"),
        ("odoo", ".id"),
    ],
)
def test_a_file_for_a_crm_has_its_id_and_our_fields(deals, rows, crm, column):
    """With the score as it stands and its reasons in words."""
    [row] = rows("scores", **{"for": crm})
    assert list(row) == [column, "wn_score", "wn_probability", "wn_grade", "wn_reasons"]
    assert (row["wn_score"], row["wn_reasons"][:7]) == (str(deals.get("/v1/prospects/a").json()["score"]), "Budget:")


def test_parquet_holds_the_same_with_types(deals, tmp_path):
    """Numbers are numbers, moments are moments, what is absent is null."""
    path = tmp_path / "prospects.parquet"
    path.write_bytes(deals.get("/v1/exports/prospects.parquet").content)
    query = "SELECT name, amount, arrived_at, expected_close FROM read_parquet(?) WHERE external_id = 'a'"
    name, amount, arrived_at, expected_close = duckdb.execute(query, [str(path)]).fetchone()
    assert (name, str(amount), expected_close.isoformat()) == ("=HYPERLINK(1)", "1200.50", "2027-01-31")
    assert arrived_at.replace(tzinfo=UTC) == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def test_an_export_is_read_a_chunk_at_a_time(bids_api, rows, monkeypatch):
    """Each row once, in whatever chunks."""
    monkeypatch.setattr("app.exchange.exporting._AT_ONCE", 2)
    for number in range(5):
        bids_api.put(f"/v1/prospects/p{number}", json={"answers": {"budget": True}})
    assert [row["external_id"] for row in rows()] == [f"p{number}" for number in range(5)]


def test_tables_come_by_command_and_by_page(deals, winnow, sign_in_as, tmp_path):
    """To a file of either kind; the page offers every table."""
    assert winnow("export", "outcomes", "--out", tmp_path / "outcomes.csv").status == 0
    assert winnow("export", "scores", "--for", "hubspot", "--out", tmp_path / "scores.parquet").status == 0
    assert (tmp_path / "outcomes.csv").read_text("utf-8").startswith("external_id,check_sheet,result")
    manager = sign_in_as("manager")
    assert "Observations as CSV" in manager.look("/exports").text
    assert manager.look("/exports/outcomes.csv").text.count("\n") == 2
