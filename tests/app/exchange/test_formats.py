"""Workbooks and Parquet files are read as the CSV of the same table would be, and bombs cost nothing."""

import gzip
import io
import json
import resource
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from app.accounts.service import COMMAND_LINE
from app.exchange.files import UnreadableFile, read_table
from app.exchange.importing import import_file
from app.exchange.mapping import Mapping
from tests.app.exchange.conftest import HEADER, MAPPING
from tests.workbooks import write_workbook

CSV = f"""{HEADER}
1,"Brandt, Castings",ada,yes,3,nobody,comparing,1200.5,EUR,2026-01-05T09:30:00Z,Won,2026-02-01
2,Ode,bo,?,2.5,the boss,,,,2026-01-05,,
"""
SEEN = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ROWS = [
    HEADER.split(","),
    [1, "Brandt, Castings", "ada", "yes", 3, "nobody", "comparing", 1200.5, "EUR", SEEN, "Won",
     date(2026, 2, 1)],
    [2, "Ode", "bo", "?", 2.5, "the boss", None, None, None, date(2026, 1, 5), None, None],
]  # fmt: skip


@pytest.fixture
def dialect(request):
    """What a file says is the same whatever the database; the imports of either are tested elsewhere."""
    return "sqlite"


def write(path, kind):
    """The table as a file of a kind."""
    if kind == "csv":
        path.write_text(CSV, "utf-8")
    elif kind == "xlsx":
        write_workbook(path, ROWS)
    else:
        asked = (
            """SELECT * FROM (VALUES
            (1::BIGINT, 'Brandt, Castings', 'ada', 'yes', 3.0::DOUBLE, 'nobody', 'comparing', 1200.5::DECIMAL(9,1),
             'EUR', TIMESTAMP '2026-01-05 09:30:00', 'Won', DATE '2026-02-01'),
            (2, 'Ode', 'bo', '?', 2.5, 'the boss', NULL, NULL, NULL, TIMESTAMP '2026-01-05', NULL, NULL))
            AS deals(""" + ",".join(f'"{name}"' for name in HEADER.split(",")) + ")"
        )  # fmt: skip
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({asked}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_file_of_another_kind_says_the_same_as_csv(database, tmp_path, kind):
    """Imported behind the CSV of the same table it changes nothing: every cell was read to the same text."""
    mapping = Mapping.model_validate(MAPPING)
    for name, expected in (("csv", (2, 0)), (kind, (0, 2))):
        path = write(tmp_path / f"deals.{name}", name)
        report = import_file(database, caller=COMMAND_LINE, path=path, mapping=mapping)
        assert (report.created, report.unchanged, report.errors) == (*expected, [])


def test_truth_and_gaps_of_a_workbook_are_texts(tmp_path):
    """A tick is true, a gap is empty, and a row is known by its number in the sheet."""
    path = write_workbook(tmp_path / "a.xlsx", [["Id", "Ticked", "Gap", "Far"], [], [True, False, None, 1e20]])
    with read_table(path) as table:
        assert [(row.line, row.cells) for row in table.rows] == [(3, ["true", "false", "", "1e+20"])]


BOMBS = {
    "a sheet of 17 billion cells": lambda path: write_workbook(
        path, [["Id"]], more='<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ),
    "a cell of 600 MB": lambda path: write_workbook(
        path, [["Id"]], more=f'<row r="2"><c r="A2" t="inlineStr"><is><t>{"A" * 600_000_000}</t></is></c></row>'
    ),
    "a zipped line of 1 GB": lambda path: zipped_zeros(path),
    "no workbook": lambda path: path.write_bytes(b"PK\x03\x04" + b"\0" * 100),
    "no Parquet": lambda path: path.write_bytes(b"PAR1" + b"\0" * 100 + b"PAR1"),
}


def zipped_zeros(path):
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(1_000):
            file.write(b"0" * 1_000_000)


@pytest.mark.parametrize("name", BOMBS)
def test_promise_24_bombs_are_refused_in_bounded_memory(api, tmp_path, name):
    """What swells when it is unpacked, or cannot be, is a 422 with a sentence, and this process does not grow by it."""
    BOMBS[name](tmp_path / "bomb")
    content = (tmp_path / "bomb").read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = api.post("/v1/imports", files={"file": ("x", io.BytesIO(content))}, data={"mapping": json.dumps(MAPPING)})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unreadable_file")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_zipped_file_may_not_swell_without_end(tmp_path, monkeypatch):
    """Many short lines are counted too."""
    monkeypatch.setattr("app.exchange.files._MOST_UNZIPPED", 100_000)
    monkeypatch.setattr("app.exchange.files._MOST_SWELLING", 10)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"Id\n" + b"1\n" * 100_000))
    with pytest.raises(UnreadableFile, match="swells"), read_table(path) as table:
        list(table.rows)


def test_a_missing_extra_is_a_sentence(tmp_path, monkeypatch):
    """It says what to install, or what to do instead."""
    monkeypatch.setattr("app.exchange.workbooks.find_spec", lambda _name: None)
    path = write_workbook(tmp_path / "a.xlsx", [["Id"]])
    with pytest.raises(UnreadableFile, match=r"pip install 'winnow\[files\]'"), read_table(path):
        pass


def test_the_image_and_the_start_script_bring_the_extra():
    """Both install the locked requirements."""
    locked = Path("requirements.txt").read_text("utf-8")
    assert "duckdb==" in locked
    assert "python-calamine==" in locked


def test_a_quotation_mark_that_is_missing_costs_time_in_proportion(tmp_path):
    """Twice the rows behind it are twice the rows, each with its own line."""
    path = tmp_path / "a.csv"
    path.write_text('Id,Text\n1,"never closed\n' + "2,x\n" * 50_000)
    with read_table(path) as table:
        rows = list(table.rows)
    assert [rows[0].problem is None, len(rows), rows[-1].line] == [False, 50_001, 50_002]
