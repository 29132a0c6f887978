"""The `winnow` command: what it prints, and that nothing a user does ends in a traceback."""

import json
import re
import subprocess
import sys

import httpx
import pytest
from sqlalchemy import text

from app.accounts.service import find_caller
from app.migrating import head_revision
from tests.builders import BUDGET, item, plain_sheet, sheet
from tests.conftest import SECRET

COMMANDS = [
    (), ("serve",), ("demo",), ("migrate",), ("import",), ("train",), ("weights",), ("score",), ("evaluate",),
    ("backup",), ("restore",), ("keys", "create"), ("keys", "list"), ("keys", "revoke"), ("sheet", "load"),
    ("export", "card"), ("audit", "verify"),
]  # fmt: skip


@pytest.fixture
def deals(tmp_path):
    """A mapping and a table of deals that budget decides."""
    deals = [
        "Id,Budget,Status",
        *(f"{n},{'yes' if n % 2 else 'no'},{'Won' if n % 4 == 1 else 'Lost'}" for n in range(60)),
    ]
    items = {"budget": {"column": "Budget", "kind": "yes_no", "answers": {"yes": True, "no": False}}}
    outcome = {"column": "Status", "won": ["Won"], "lost": ["Lost"]}
    mapping = {"check_sheet": {"key": "deals"}, "id": {"column": "Id"}, "outcome": outcome, "items": items}
    (tmp_path / "deals.csv").write_text("\n".join(deals))
    (tmp_path / "deals.map.json").write_text(json.dumps(mapping))


@pytest.fixture
def load(winnow, tmp_path):
    """Load a check sheet given as a dictionary."""

    def run(body):
        (tmp_path / "sheet.json").write_text(json.dumps(body))
        return winnow("sheet", "load", "sheet.json")

    return run


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(winnow_alone, command):
    """--help says what a command is for, without any database."""
    ran = winnow_alone(*command, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert f"Usage: winnow {' '.join(command)}".strip() in ran.out


def test_a_group_without_a_command_prints_its_help(winnow_alone):
    """`winnow keys` says what keys can do."""
    assert "revoke" in winnow_alone("keys").out


@pytest.mark.usefixtures("deals")
def test_four_commands_do_the_main_job(winnow, tmp_path):
    """Import, train, weights, score: a file of deals in, a card and scores out."""
    assert winnow("import", "deals.csv", "--map", "deals.map.json").out == (
        "60 rows: 60 created, 0 changed, 0 as they were, 0 refused.\n"
    )
    assert "60 prospects, basis" in winnow("train").out
    assert "Budget" in winnow("weights").out
    ran = winnow("score", "deals.csv", "--map", "deals.map.json", "--out", "scored.csv")
    assert ran.out == "60 rows scored, 0 could not be read (see wn_problem).\n"
    assert (tmp_path / "scored.csv").read_text().startswith("Id,Budget,Status,wn_score,wn_grade")


@pytest.mark.usefixtures("deals")
def test_machines_get_json(winnow):
    """Every step of the main job can be read by a machine."""
    imported = json.loads(winnow("import", "deals.csv", "--map", "deals.map.json", "--json").out)
    trained = json.loads(winnow("train", "--activate", "never", "--json").out)
    assert (imported["created"], imported["failed"], imported["errors"]) == (60, 0, [])
    assert (trained["prospects"], trained["activated"], trained["card"]["won"]) == (60, False, 15)


@pytest.mark.usefixtures("deals")
def test_the_check_sheet_may_be_named_by_hand(winnow):
    """--check-sheet puts the rows on another sheet than the mapping's, made from the same items."""
    winnow("import", "deals.csv", "--map", "deals.map.json", "--check-sheet", "other")
    ran = winnow("train", "--check-sheet", "deals")
    assert (ran.status, ran.err) == (1, "There is no check sheet 'deals'.\n")
    assert winnow("train", "--check-sheet", "other").status == 0


@pytest.mark.usefixtures("deals")
def test_bad_rows_are_listed_and_written(winnow, tmp_path):
    """Each bad row has its line on standard error; --errors writes all of them, none of them a formula."""
    rows = "\n".join(f"=x{n},perhaps,Won" for n in range(25))
    (tmp_path / "bad.csv").write_text(f"Id,Budget,Status\n1,yes,Won\n{rows}\n")
    ran = winnow("import", "bad.csv", "--map", "deals.map.json", "--errors", "errors.csv")
    assert (ran.status, ran.err.count("\n")) == (0, 20)
    assert ran.err.startswith("line 3: 'perhaps': the mapping of 'budget' does not list this value.\n")
    written = (tmp_path / "errors.csv").read_text().splitlines()
    assert (written[0], len(written)) == ("line,external_id,column,code,reason", 26)
    assert written[1].startswith("3,'=x0,Budget,wrong_choice,")


def test_keys_are_made_listed_and_ended(winnow, database):
    """A key works from its making to its end; its text is shown once."""
    made = json.loads(winnow("keys", "create", "--role", "rep", "--owner", "ada", "--owner", "bob", "--json").out)
    with database.reading() as session:
        assert find_caller(session, key=made["key"], secret=SECRET).owners == ("ada", "bob")
    assert winnow("keys", "revoke", made["id"]).out == f"{made['id']} is revoked.\n"
    (listed,) = json.loads(winnow("keys", "list", "--json").out)
    assert (listed["id"], listed["role"], listed["revoked_at"] is None) == (made["id"], "rep", False)
    assert made["key"] not in winnow("keys", "list").out


def test_a_key_is_printed_alone(winnow):
    """Without --json the key is all that stands on standard output."""
    assert re.fullmatch(r"wn_admin_\S+\n", winnow("keys", "create", "--role", "admin").out)


def test_a_sheet_is_loaded_from_a_file(load):
    """A check sheet makes a version when it says something new."""
    assert load(sheet()).out == "Check sheet 'bids': version 1 is in.\n"
    assert load(sheet()).out == "Check sheet 'bids': it said the same already; no new version.\n"
    assert load(sheet(name="Other")).out == "Check sheet 'bids': version 2 is in.\n"


def test_a_shipped_sheet_is_loaded_by_its_name(winnow):
    """The starters are there by name."""
    loaded = json.loads(winnow("sheet", "load", "bant", "--json").out)
    assert loaded == {"check_sheet": "bant", "version": 1, "changed": True}


@pytest.mark.parametrize(
    ("form", "begins"), [("json", '{\n  "prospects"'), ("csv", "line,label,state"), ("markdown", "# Scorecard bids\n")]
)
def test_a_card_is_exported(winnow, load, form, begins):
    """The card in force, as it is stored, as rows, as a page."""
    load(sheet())
    assert winnow("export", "card", "--format", form).out.startswith(begins)


def test_the_audit_chain_shows_an_edit(winnow, load, database):
    """A row altered past the service breaks the chain where it stands."""
    load(sheet())
    assert winnow("audit", "verify").out == "The audit chain is whole: 3 rows.\n"
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE audit_entry SET actor = 'nobody' WHERE number = 2"))
    ran = winnow("audit", "verify")
    assert (ran.status, ran.err) == (1, "The audit chain breaks at row 2.\n")


def test_migrate_makes_an_empty_database_ready(winnow_alone, empty_url, monkeypatch):
    """From no table to a sheet with a card; a second time it changes nothing."""
    monkeypatch.setenv("WINNOW_DATABASE_URL", empty_url)
    assert [winnow_alone("migrate").status for _ in range(2)] == [0, 0]
    assert winnow_alone("sheet", "load", "bant").status == 0


FAULTS = [
    (("--nosuch",), "No such option: --nosuch"),
    (("dance",), "No such command 'dance'."),
    (("train", "--activate", "no"), "activate: Input should be 'if_better' or 'never'."),
    (("train", "--max-lines", "99"), "Invalid value for '--max-lines'"),
    (("train", "--max-lines", "x"), "Invalid value for '--max-lines'"),
    (("train",), "There is no check sheet yet; create one first."),
    (("weights", "--check-sheet", "x"), "There is no check sheet 'x'."),
    (("keys", "create"), "Missing option '--role'."),
    (("keys", "create", "--role", "boss"), "There is no role 'boss'; take one of rep, integration, manager, admin."),
    (("keys", "create", "--role", "rep"), "A rep's key needs the owner texts it answers for."),
    (("keys", "create", "--role", "rep", "--owner", "a", "--scope", "x"), "There is no scope 'x'"),
    (("keys", "revoke", "key_x"), "There is no key 'key_x'."),
    (("sheet", "load", "nowhere"), "There is no file 'nowhere', and no check sheet of that name comes along"),
    (("sheet", "load", "broken.json"), "'broken.json' is no check sheet: Invalid JSON"),
    (("sheet", "load", "latin.json"), "'latin.json' is no check sheet: "),
    (("sheet", "load", "bare.json"), "'bare.json' is no check sheet: key: Field required."),
    (("import", "x.csv"), "Say how the file is to be read: --map FILE, or --preset"),
    (("import", "x.csv", "--map", "x.json"), "There is no mapping file 'x.json'."),
    (("score", "x.csv", "--out", "y.csv"), "There is no check sheet yet"),
    (("evaluate", "x.csv", "--outcome", "a", "--won", "b"), "There is no file 'x.csv'."),
    (("evaluate", "x.csv", "--outcome", "a", "--won", "b", "--folds", "1"), "Invalid value for '--folds'"),
    (("export", "card", "--format", "xml"), "There is no format 'xml'; take json, csv, markdown, sql, formula,"),
    (("export", "card", "--scorecard", "sc_x"), "There is no scorecard 'sc_x'."),
    (("backup", "/nowhere/b.gz"), "'/nowhere/b.gz' cannot be written: No such file or directory."),
    (("restore", "nowhere"), "There is no backup 'nowhere'."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "sentence"), FAULTS, ids=[" ".join(words) for words, _ in FAULTS])
def test_a_fault_is_one_sentence(winnow, tmp_path, words, sentence):
    """What cannot be done is one line on standard error and exit status 1."""
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "latin.json").write_bytes(b'{"key": "\xe9"}')
    (tmp_path / "bare.json").write_text("{}")
    ran = winnow(*words)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(sentence)
    assert ran.err.count("\n") == 1


def test_a_sheet_without_a_card_says_so(winnow, load):
    """No outcomes and no beliefs are no card yet, in every command."""
    load(plain_sheet())
    for words in (("weights",), ("export", "card"), ("score", "x.csv", "--out", "y.csv")):
        assert "has no scorecard yet" in winnow(*words).err


def test_of_several_sheets_one_must_be_named(winnow, load):
    """With two sheets none is guessed."""
    load(sheet())
    load(sheet("quotes", items=[BUDGET, item("size", "number")]))
    assert winnow("weights").err == "Several check sheets exist; name one.\n"
    assert winnow("weights", "--check-sheet", "quotes").status == 0


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("PORT", "http", "WINNOW_PORT: Input should be a valid integer"),
        ("LOG_LEVEL", "loud", "WINNOW_LOG_LEVEL: Input should be 'debug'"),
        ("SECRET_KEY", "short", "Set WINNOW_SECRET_KEY to 32 random characters"),
        ("DATABASE_URL", "winnow.db", "WINNOW_DATABASE_URL must be sqlite:///FILE or postgresql://"),
        ("DATABASE_URL", "mysql://me:secret@host/x", "WINNOW_DATABASE_URL must be sqlite:///FILE or postgresql://"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all.db", "The database does not answer: unable to open database file"),
        ("DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/x", "The database does not answer: connection failed"),
        ("DATABASE_URL", "sqlite:///text.db", "The database does not answer: file is not a database"),
    ],
)
def test_a_wrong_setting_is_one_sentence(winnow_alone, monkeypatch, tmp_path, setting, value, sentence):
    """It names the setting, and never a password."""
    (tmp_path / "text.db").write_text("This is no database. " * 100)
    monkeypatch.setenv("WINNOW_ENVIRONMENT", "production")
    monkeypatch.setenv(f"WINNOW_{setting}", value)
    ran = winnow_alone("weights")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith(sentence)
    assert "secret@" not in ran.err


def test_a_database_of_a_later_version_is_one_sentence(winnow, database):
    """A schema this version does not know is said, and left alone."""
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    ran = winnow("weights")
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head_revision()})
    assert ran.status == 1
    assert ran.err.startswith("The database belongs to another version of Winnow: ")


def test_help_and_evaluate_load_no_database_library():
    """Commands that need no database start without its libraries."""
    code = "import app.cli, sys; print(sorted({'sqlalchemy', 'fastapi', 'alembic', 'scipy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_serve_listens_where_it_is_told(serve, empty_url):
    """--port wins over the environment, and the schema is brought into place first."""
    assert httpx.get(f"{serve(empty_url)}/v1/prospects").status_code == 401
