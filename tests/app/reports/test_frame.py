"""The frame of reports: one body, and from it JSON, a table and a plot; asked alike everywhere."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import Field
from starlette.testclient import TestClient

from app.db import utcnow
from app.main import create_app
from app.plots import draw, spec_of
from app.reports.frame import Column, Figure, Report, ReportBody, Table, percent, say, signed
from app.reports.routes import api_of
from app.settings import Settings
from tests.conftest import SECRET


class ToyBody(ReportBody):
    counts: dict[str, int] = Field(description="By name.")


def read_toy(session, *, caller, asked):
    counts = {} if asked.owner == "nobody" else {"=cmd()": 1, "plain": 2}
    return ToyBody(
        check_sheet=asked.check_sheet or "one",
        since=asked.since,
        until=asked.until,
        owner=asked.owner,
        as_of=asked.at,
        counts=counts,
    )


def toy_table(body):
    return Table([Column("name", "Name", number=False), Column("count", "Count")], list(body.counts.items()))


def toy_plot(body):
    import altair as alt

    rows = [{"name": name, "count": count} for name, count in body.counts.items()]
    return alt.Chart(alt.Data(values=rows)).mark_bar().encode(x="count:Q", y="name:N")


TOY = Report(
    name="toy",
    page="toy",
    title="Toy",
    lead="Counts.",
    body=ToyBody,
    make=read_toy,
    figures=(Figure("counts", "Counts", toy_table, toy_plot, lambda _: "Bars."), Figure("plain", "Plain", toy_table)),
)


@pytest.fixture(scope="module")
def routed_toy(sqlite_template):
    """An application with the report, built once."""
    made = create_app(Settings(database_url=f"sqlite:///{sqlite_template}", secret_key=SECRET, log_level="error"))
    made.include_router(api_of(TOY))
    return made


@pytest.fixture
def toy_app(routed_toy, database):
    """The same on the database of the test."""
    routed_toy.state.database = database
    return routed_toy


@pytest.fixture
def toys(toy_app, make_key):
    return TestClient(toy_app, headers={"Authorization": f"Bearer {make_key('manager')}"})


def test_the_answer_repeats_what_was_asked(toys):
    """From and to are named as in the contract, and a bare date for `to` counts whole."""
    found = toys.get("/v1/reports/toy", params={"from": "2026-01-01", "to": "2026-03-31", "owner": "ada"}).json()
    assert (found["from"], found["to"]) == ("2026-01-01T00:00:00Z", "2026-03-31T23:59:59Z")
    assert (found["owner"], found["counts"]) == ("ada", {"=cmd()": 1, "plain": 2})


def test_fields_left_blank_in_a_form_ask_nothing(toys):
    found = toys.get("/v1/reports/toy", params={"from": "", "to": "", "owner": "", "as_of": "", "check_sheet": ""})
    assert (found.status_code, found.json()["from"], found.json()["owner"]) == (200, None, None)


def test_a_moment_still_to_come_is_taken_for_now(toys):
    """What an as-of question is answered with never changes, so nothing may be promised of the future."""
    later = (utcnow() + timedelta(days=9)).isoformat()
    found = toys.get("/v1/reports/toy", params={"as_of": later}).json()
    assert datetime.fromisoformat(found["as_of"]) <= utcnow()


@pytest.mark.parametrize("query", ["form=2026", "from=yesterday", "check_sheet=a/b", "as_of=2026-13-01"])
def test_a_question_that_cannot_be_read_is_refused_with_its_name(toys, query):
    answer = toys.get(f"/v1/reports/toy?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["errors"][0]["pointer"]


def test_the_table_leaves_as_csv_that_no_spreadsheet_runs(toys):
    answer = toys.get("/v1/reports/toy.csv")
    assert list(csv.reader(io.StringIO(answer.text))) == [["name", "count"], ["'=cmd()", "1"], ["plain", "2"]]
    assert answer.headers["content-disposition"] == 'attachment; filename="toy-counts.csv"'


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG")])
def test_the_plot_leaves_as_a_picture_that_is_drawn_once(toys, form, begins):
    """Whoever has the picture already is told so and is sent nothing."""
    answer = toys.get(f"/v1/reports/toy.{form}")
    assert answer.content.startswith(begins)
    assert answer.headers["cache-control"] == "private, no-cache"
    again = toys.get(f"/v1/reports/toy.{form}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])


def test_another_picture_has_another_tag(toys):
    assert toys.get("/v1/reports/toy.svg").headers["etag"] != toys.get("/v1/reports/toy.png").headers["etag"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("toy.svg?figure=plain", 422, "unknown_figure"),
        ("toy.csv?figure=none", 422, "unknown_figure"),
        ("toy.svg?owner=nobody", 404, "nothing_to_draw"),
    ],
)
def test_what_cannot_be_drawn_is_said(toys, path, status, code):
    answer = toys.get(f"/v1/reports/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_report_is_for_the_roles_it_names(toy_app, make_key):
    rep = TestClient(toy_app, headers={"Authorization": f"Bearer {make_key('rep')}"})
    assert [rep.get(f"/v1/reports/toy{form}").status_code for form in ("", ".csv", ".svg", ".png")] == [403] * 4


def test_every_plot_is_drawn_on_light_paper_in_fonts_that_exist():
    """The theme reaches the picture: a picture in a dark page is read on its own paper."""
    drawn = draw(spec_of(toy_plot(TOY.make(None, caller=None, asked=TOY.ask()))), "svg").decode()
    assert 'fill="#fffdf8"' in drawn
    assert "Liberation Sans, Arial, Helvetica, sans-serif" in drawn


def test_cells_are_said_as_people_read_them():
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    assert [say(cell) for cell in (None, True, 3, 0.12345, "x", moment)] == [
        "–",
        "yes",
        "3",
        "0.123",
        "x",
        "2 Mar 2026",
    ]
    assert (percent(0.625), signed(-0.0351), percent(None)) == ("62 %", "−0.035", "–")
