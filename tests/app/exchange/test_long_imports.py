"""Imports of many rows: cut off in the middle, and in little memory."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.accounts.service import COMMAND_LINE
from app.db import Database
from app.exchange.importing import import_file
from app.exchange.mapping import load_mapping
from app.migrating import migrate
from app.prospects.tables import Prospect
from app.settings import Settings
from tests.conftest import SECRET

ITEMS = 20
ROWS = 6_000
TIMES = {"created_at", "updated_at", "closed_at", "recorded_at", "at", "id", "outcome_id", "prospect_id"}


def write_rows(path: Path, count: int) -> Path:
    """A table of prospects with twenty answers each."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Id", "Rep", "Seen", "Status", "Closed", *(f"Q{n}" for n in range(ITEMS))])
        for n in range(count):
            status = ("Won", "Lost", "")[n % 3]
            closed = f"2026-01-{n % 28 + 1:02}" if status else ""
            answers = [("yes", "no", "")[(n + item) % 3] for item in range(ITEMS)]
            writer.writerow([n, f"rep {n % 7}", f"2025-12-{n % 28 + 1:02}", status, closed, *answers])
    return path


@pytest.fixture
def long_map(map_file) -> Path:
    """The mapping of such a table."""
    item = {"kind": "yes_no", "answers": {"yes": True, "no": False}}
    nothing = dict.fromkeys(("name", "stage", "amount", "currency"))
    outcome = {"column": "Status", "won": ["Won"], "lost": ["Lost"]}
    return map_file(**nothing, outcome=outcome, items={f"q{n}": item | {"column": f"Q{n}"} for n in range(ITEMS)})


def run(url: str, code: str, *words: object) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    environment = {**os.environ, "WINNOW_DATABASE_URL": url, "WINNOW_SECRET_KEY": SECRET}
    line = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def contents(tables):
    """What stands in the tables, whatever the ids and the moments of recording."""
    rows = {
        name: [{key: value for key, value in row.items() if key not in TIMES} for row in rows]
        for name, rows in tables.items()
        if name in {"check_sheet_version", "prospect", "observation", "outcome"}
    }
    return {name: sorted(found, key=repr) for name, found in rows.items()}


def test_an_import_killed_in_the_middle_is_taken_up(database, database_url, read_tables, long_map, tmp_path):
    """After kill -9 and a second start everything is as after one that was let finish."""
    file = write_rows(tmp_path / "long.csv", ROWS)
    code = "from app.exchange import reading; reading.BATCH = 250; from app.cli import main; main()"
    process = run(database_url, code, "import", file, "--map", long_map)

    def landed():
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(Prospect))

    while process.poll() is None and landed() == 0:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    cut_off = landed()
    assert 0 < cut_off < ROWS
    mapping = load_mapping(long_map)
    report = import_file(database, caller=COMMAND_LINE, path=file, mapping=mapping)
    assert (report.created, report.unchanged) == (ROWS - cut_off, cut_off)

    whole = Database(Settings(database_url=f"sqlite:///{tmp_path / 'whole.db'}", secret_key=SECRET))
    migrate(whole.engine)
    import_file(whole, caller=COMMAND_LINE, path=file, mapping=mapping)
    assert contents(read_tables(database)) == contents(read_tables(whole))
    whole.engine.dispose()


@pytest.mark.parametrize("dialect", ["sqlite"])  # the same code fills either database
def test_memory_stays_flat(database_url, long_map, tmp_path):
    """An import of 50,000 prospects with 20 answers each stays under 300 MB."""
    file = write_rows(tmp_path / "long.csv", 50_000)
    # Not getrusage: its maximum is handed down from the process that starts this one.
    code = (
        "import sys; from app.cli import main\n"
        "try: main()\n"
        "except SystemExit: sys.stderr.write(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    out, err = run(database_url, code, "import", file, "--map", long_map).communicate()
    assert out.startswith("50000 rows: 50000 created")
    assert int(err) < 300_000  # kB
