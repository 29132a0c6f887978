"""Imports as jobs: a file in, how far it is, bad rows out; resumed where a worker died, erased when over."""

import json
import os
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select, update

from app.exchange.service import run_import
from app.exchange.tables import UploadPart
from app.jobs.tables import Job
from app.jobs.worker import work_off
from app.prospects.tables import Prospect
from tests.app.exchange.conftest import HEADER, MAPPING
from tests.conftest import SECRET

ROWS = [
    "1,Acme,ada,yes,3,nobody,comparing,1200,EUR,2026-01-05,Won,2026-02-01",
    "2,Bolt,bo,no,x,the boss,,,,2026-01-05,Lost,2026-02-01",
    "3,Core,bo,no,1,the boss,,,,,Quoted,",
]
ROLLED = {"import": run_import}


@pytest.fixture
def send(api):
    """Send a file with its mapping: `send(rows)`."""

    def post(rows=ROWS, mapping=MAPPING, client=api, header=HEADER):
        content = "\n".join([header, *rows]) + "\n" if isinstance(rows, list) else rows
        return client.post("/v1/imports", files={"file": ("bids.csv", content)}, data={"mapping": json.dumps(mapping)})

    return post


@pytest.fixture
def counts(api):
    """What became of an import: created, changed, unchanged, failed."""

    def read(import_id):
        body = api.get(f"/v1/imports/{import_id}").json()
        return [body[name] for name in ("created", "changed", "unchanged", "failed")]

    return read


@pytest.fixture
def parts(database):
    """How many parts of files are kept."""

    def count():
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(UploadPart))

    return count


def test_promise_11_a_file_lands_and_its_bad_row_comes_back_with_line_and_reason(api, database, send, counts):
    answer = send()
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    work_off(database, ROLLED)
    assert counts(answer.json()["id"]) == [2, 0, 0, 1]
    lines = api.get(f"/v1/imports/{answer.json()['id']}/errors.csv").text.splitlines()
    assert lines[0] == "line,external_id,column,code,reason"
    assert lines[1].startswith("3,crm-2,Visits,not_a_number,")


def test_promise_11_importing_again_changes_nothing(database, send, counts):
    for expected in ([2, 0, 0, 1], [0, 0, 2, 1]):
        run = send().json()
        work_off(database, ROLLED)
        assert counts(run["id"]) == expected


def test_the_file_is_erased_when_the_import_is_over(database, send, parts):
    send()
    assert parts() == 1
    work_off(database, ROLLED)
    assert parts() == 0


def test_a_file_that_does_not_fit_its_mapping_fails_with_a_sentence_and_is_erased(api, database, send, parts):
    run = send(["1,2"], header="Id,Other").json()
    work_off(database, ROLLED)
    body = api.get(f"/v1/imports/{run['id']}").json()
    assert (body["state"], parts()) == ("failed", 0)
    assert body["error"].startswith("The file has no column")


def test_a_file_sent_twice_is_queued_once(send):
    assert send().json()["job"] == send().json()["job"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"PK\x03\x04 no workbook", "unreadable_file"), (b"%PDF a page", "no_table"), (b"", "empty_file")],
)
def test_what_is_no_table_is_refused_at_once(send, parts, content, code):
    answer = send(content)
    assert (answer.status_code, answer.json()["code"], parts()) == (422, code, 0)


def test_a_wrong_mapping_is_named_and_nothing_is_kept(send, parts):
    answer = send(mapping=MAPPING | {"nmae": {"column": "Customer"}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"], parts()) == (422, "/mapping", 0)


def test_a_body_that_is_no_form_is_refused(api):
    answer = api.post("/v1/imports", json={})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/file")


def test_a_cell_of_a_bad_row_is_no_formula_to_a_spreadsheet(api, database, send):
    run = send(["=1+1,Acme,ada,maybe,,,,,,,Won,2026-02-01"], mapping=MAPPING | {"id": {"column": "Id"}}).json()
    work_off(database, ROLLED)
    assert "'=1+1" in api.get(f"/v1/imports/{run['id']}/errors.csv").text


def test_an_erased_prospect_leaves_the_bad_rows(api, database, send):
    """The id of a row that did not land is a person's too."""
    api.put("/v1/check-sheets/bids", json={"key": "bids", "name": "Bids", "items": [
        {"key": "budget", "label": "Budget", "definition": "They said so.", "kind": "yes_no"}]})  # fmt: skip
    api.put("/v1/prospects/crm-2", json={"check_sheet": "bids"})
    mapping = {**MAPPING, "items": {"budget": {"column": "Budget", "kind": "yes_no", "answers": {"yes": True}}}}
    run = send(mapping=mapping).json()
    work_off(database, ROLLED)
    assert "crm-2" in api.get(f"/v1/imports/{run['id']}/errors.csv").text
    assert api.delete("/v1/prospects/crm-2").status_code == 204
    assert "crm-2" not in api.get(f"/v1/imports/{run['id']}/errors.csv").text


def long_file(count):
    return [f"{number},Acme,ada,{'yes' if number % 3 else 'perhaps'},3,,,,,,Won,2026-02-01" for number in range(count)]


def test_an_import_whose_worker_died_goes_on_behind_its_last_batch(database, send, counts, monkeypatch):
    """Each row is counted once, bad ones too, although the worker was lost after the second batch."""
    monkeypatch.setattr("app.exchange.reading.BATCH", 10)
    run = send(long_file(60)).json()
    calls = []

    def die(work):
        checkpoint = work.checkpoint

        def count(session, **progress):
            calls.append(progress)
            if len(calls) == 3:
                raise RuntimeError
            checkpoint(session, **progress)

        work.checkpoint = count
        run_import(work)

    work_off(database, {"import": die})
    with database.writing() as session:
        session.execute(update(Job).values(run_after=0))
    work_off(database, ROLLED)
    assert counts(run["id"]) == [40, 0, 0, 20]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Prospect)) == 40


def test_an_import_is_resumed_after_kill_minus_nine(api, database, database_url, send, counts):
    """A worker of its own is killed in the middle; the next one finishes, and every row is counted once."""
    run = send(long_file(3_000)).json()
    code = "from app.exchange import reading; reading.BATCH = 100; from app.cli import main; main()"
    environment = {**os.environ, "WINNOW_DATABASE_URL": database_url, "WINNOW_SECRET_KEY": SECRET}
    worker = subprocess.Popen([sys.executable, "-c", code, "worker"], env=environment)

    def rows():
        return api.get(f"/v1/imports/{run['id']}").json()["rows"]

    while worker.poll() is None and rows() == 0:
        time.sleep(0.01)
    worker.kill()
    worker.wait()
    cut_off = rows()
    assert 0 < cut_off < 3_000
    with database.writing() as session:
        session.execute(update(Job).values(lease_until=0))
    work_off(database, ROLLED)
    assert counts(run["id"]) == [2_000, 0, 0, 1_000]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Prospect)) == 2_000


def test_a_cancelled_import_keeps_what_has_landed(api, database, send, monkeypatch, parts):
    monkeypatch.setattr("app.exchange.reading.BATCH", 10)
    run = send(long_file(60)).json()
    calls = []

    def ask(work):
        checkpoint = work.checkpoint

        def count(session, **progress):
            checkpoint(session, **progress)
            calls.append(1)
            if len(calls) == 2:
                session.execute(update(Job).values(cancel_asked=True))

        work.checkpoint = count
        run_import(work)

    work_off(database, {"import": ask})
    body = api.get(f"/v1/imports/{run['id']}").json()
    assert (body["state"], body["created"], parts()) == ("cancelled", 20, 0)


def test_files_are_limited_by_a_setting_of_their_own(api, send):
    """A file may be larger than any other body, and is refused where it is larger than files may be."""
    assert send([",".join("x" * 50 for _ in range(12))] * 9_000).status_code == 202
    assert api.post("/v1/check-sheets", content=b"x" * 5_000_001).status_code == 413


def test_a_draft_shows_what_it_would_do_and_begins_when_told(send, api, counts, database):
    """Nothing is stored before; once it has begun there is nothing left to look at."""
    content = "\n".join([HEADER, *ROWS]) + "\n"
    sent = {"files": {"file": ("bids.csv", content)}, "data": {"mapping": json.dumps(MAPPING), "start": "false"}}
    draft = api.post("/v1/imports", **sent).json()
    seen = api.get(f"/v1/imports/{draft['id']}/preview").json()
    assert (draft["state"], seen["read"], seen["won"], [bad["line"] for bad in seen["problems"]]) == (
        "draft",
        3,
        1,
        [3],
    )
    begun = api.post(f"/v1/imports/{draft['id']}/start").json()
    work_off(database, ROLLED)
    assert (begun["state"], counts(draft["id"])) == ("queued", [2, 0, 0, 1])
    assert api.get(f"/v1/imports/{draft['id']}/preview").json()["code"] == "import_begun"


def test_a_form_with_two_files_is_refused_in_plain_words(api):
    files = [("file", ("one.csv", "Id\n1\n")), ("file", ("two.csv", "Id\n2\n"))]
    refused = api.post("/v1/imports", files=files, data={"mapping": "{}"}).json()
    assert (refused["status"], refused["detail"]) == (422, "Send one file at a time: each is an import of its own.")
