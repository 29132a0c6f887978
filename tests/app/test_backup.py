"""Backup and restore: the same on either database, whole or not at all."""

import gzip
import threading

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import OperationalError

from app.accounts.audit import find_break
from app.accounts.service import COMMAND_LINE, find_caller
from app.backup import BackupError, read_backup, write_backup
from app.checksheets.tables import Observation
from app.db import Database, utcnow
from app.prospects.tables import Prospect
from app.scoring.queries import score_of_prospect
from app.scoring.schemas import UpsertInput
from app.scoring.service import upsert
from app.settings import Settings
from app.tables import metadata
from tests.conftest import DIALECTS, SECRET

VARIED = [
    {"name": 'Ærø – 学\n"x"', "amount": "42540.10", "currency": "EUR", "arrived_at": "2026-01-01T00:00:00.123456Z"},
    {"answers": {"size": 17.5, "standing": "new"}, "expected_close": "2030-01-31", "brief": {"trust": "a\\b"}},
    {"answers": {"size": 3, "budget": "unknown"}, "owner": "ada", "look_again_at": "2031-01-01"},
    {"outcome": {"result": "void", "decided_at": "2026-01-01", "margin": "-3.07"}},
]


@pytest.fixture
def filled(train_bids, database, make_key):
    """A database with something of everything in it; gives a key."""
    train_bids()
    with database.writing() as session:
        for number, fields in enumerate(VARIED):
            body = UpsertInput.model_validate({"check_sheet": "bids"} | fields)
            upsert(session, caller=COMMAND_LINE, external_id=f"p{number}", given=body, if_match=None, now=utcnow())
    return make_key("manager")


@pytest.fixture
def make_empty(tmp_path, postgresql_server):
    """Make a database of either kind without any table."""
    made = []

    def make(kind):
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path / f'restored-{len(made)}.db'}"
        else:
            url = postgresql_server("postgres").replace("postgresql:", "postgresql+psycopg:")
            admin = create_engine(url, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.exec_driver_sql("DROP DATABASE IF EXISTS restored WITH (FORCE)")
                connection.exec_driver_sql("CREATE DATABASE restored")
            admin.dispose()
            url = postgresql_server("restored")
        made.append(Database(Settings(database_url=url, secret_key=SECRET)))
        return made[-1]

    yield make
    for database in made:
        database.engine.dispose()


def scores(database):
    """The score of every prospect with all that is said of it."""
    with database.reading() as session:
        now = utcnow()
        return {
            prospect.external_id: {
                name: value
                for name, value in score_of_prospect(session, prospect, now=now, as_of=None).items()
                if name != "as_of"
            }
            for prospect in session.scalars(select(Prospect).order_by(Prospect.id))
        }


@pytest.mark.parametrize("kind", DIALECTS)
def test_everything_is_back_on_either_database(filled, database, make_empty, read_tables, tmp_path, kind):
    """Every row, every score to the last bit, the keys and the audit chain."""
    count = write_backup(database, tmp_path / "backup.gz")
    restored = make_empty(kind)
    assert read_backup(restored, tmp_path / "backup.gz") == count
    before = read_tables(database)
    assert count == sum(map(len, before.values()))
    assert read_tables(restored) == before
    assert scores(restored) == scores(database)
    with restored.reading() as session:
        assert find_caller(session, key=filled, secret=SECRET).role == "manager"
        assert find_break(session) == (len(before["audit_entry"]), None)


def test_a_restored_database_backs_up_to_the_same_file(filled, database, make_empty, tmp_path):
    """Through both kinds of database and back, the content of the backup is the same."""
    write_backup(database, tmp_path / "first.gz")
    for number, kind in enumerate(("postgresql", "sqlite")):
        restored = make_empty(kind)
        read_backup(restored, tmp_path / "first.gz")
        write_backup(restored, tmp_path / f"{number}.gz")
        assert gzip.decompress((tmp_path / f"{number}.gz").read_bytes()) == gzip.decompress(
            (tmp_path / "first.gz").read_bytes()
        )


def test_a_filled_database_is_left_alone(filled, database, count_rows, tmp_path):
    """Nothing is mixed: one row is enough to refuse."""
    write_backup(database, tmp_path / "backup.gz")
    before = count_rows()
    with pytest.raises(BackupError, match="The database is not empty"):
        read_backup(database, tmp_path / "backup.gz")
    assert count_rows() == before


def cut(content):
    """The compressed file ends early."""
    return content[: len(content) * 2 // 3]


def without_last_lines(content):
    """The text ends early, in a sound file."""
    return gzip.compress(b"\n".join(gzip.decompress(content).split(b"\n")[:-3]) + b"\n")


def of_another_revision(content):
    """A backup from another version's schema."""
    first, rest = gzip.decompress(content).split(b"\n", 1)
    return gzip.compress(first.replace(b'"revision":"', b'"revision":"not-') + b"\n" + rest)


def with_another_checksum(content):
    """The text is not the one that was written."""
    return content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]


def with_a_row_too_short(content):
    """A row has lost a value."""
    lines = gzip.decompress(content).split(b"\n")
    at = next(number for number, line in enumerate(lines) if line.startswith(b"["))
    return gzip.compress(b"\n".join([*lines[:at], b"[1]", *lines[at + 1 :]]))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (cut, "is no whole backup of Winnow, and nothing was restored"),
        (without_last_lines, "The backup is cut short: nothing was restored."),
        (of_another_revision, "The backup was made by Winnow .*: restore it with that version, then upgrade."),
        (with_another_checksum, "is no whole backup"),
        (with_a_row_too_short, "is no whole backup"),
        (lambda _: b"no backup at all", "is no whole backup"),
        (lambda _: gzip.compress(b"no json"), "is no whole backup"),
        (lambda _: gzip.compress(b"[]\n"), "This is no backup of Winnow."),
        (lambda _: gzip.compress(b'{"revision":"x"}\n'), "The backup was made by Winnow None"),
        (lambda _: b"", "This is no backup of Winnow."),
    ],
)
def test_a_damaged_backup_restores_nothing(bids_api, database, make_empty, tmp_path, damage, sentence):
    """What is not whole is refused in a sentence, and the database stays empty."""
    path = tmp_path / "backup.gz"
    write_backup(database, path)
    path.write_bytes(damage(path.read_bytes()))
    restored = make_empty("sqlite")
    with pytest.raises(BackupError, match=sentence):
        read_backup(restored, path)
    metadata.create_all(restored.engine)  # where it was refused before there was any table
    with restored.reading() as session:
        assert [table.name for table in metadata.sorted_tables if session.execute(select(table)).first()] == []


def test_a_backup_is_consistent_while_others_write(bids_api, database, make_empty, tmp_path):
    """Prospects that come with an observation each are in the backup with it, however many came meanwhile."""
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            with database.writing() as session:
                body = UpsertInput(check_sheet="bids", answers={"budget": True})
                upsert(session, caller=COMMAND_LINE, external_id=f"w{number}", given=body, if_match=None, now=utcnow())
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            write_backup(database, tmp_path / f"{number}.gz")
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        restored = make_empty("sqlite")
        read_backup(restored, tmp_path / f"{number}.gz")
        with restored.reading() as session:
            counts = [session.scalar(select(func.count()).select_from(table)) for table in (Prospect, Observation)]
            assert counts[0] == counts[1]
            assert find_break(session)[1] is None


def test_a_backup_that_fails_leaves_the_last_one(bids_api, database, tmp_path, monkeypatch):
    """The file is replaced once the new one is whole; nothing unfinished is left."""
    path = tmp_path / "backup.gz"
    write_backup(database, path)
    before = path.read_bytes()

    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr("app.backup._rows", fail)
    with pytest.raises(RuntimeError):
        write_backup(database, path)
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*.unfinished")) == []


def test_the_commands_say_how_many_rows(winnow, bids_api, count_rows):
    """`winnow backup` and `winnow restore` as they are typed."""
    total = sum(count_rows().values())
    assert winnow("backup", "b.gz").out == f"{total} rows are in b.gz.\n"
    ran = winnow("restore", "b.gz")
    assert (ran.status, ran.err.startswith("The database is not empty")) == (1, True)


def test_a_database_that_is_not_there_is_not_called_a_damaged_backup(bids_api, database, tmp_path):
    """Whoever restores must not throw away a good file because the server was down."""
    path = tmp_path / "backup.gz"
    write_backup(database, path)
    gone = Database(Settings(database_url=f"sqlite:///{tmp_path / 'no folder' / 'winnow.db'}", secret_key="s" * 40))
    with pytest.raises(OperationalError):
        read_backup(gone, path)
