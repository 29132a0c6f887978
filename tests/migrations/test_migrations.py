"""The one history of the schema, on both databases: up, down, and the same as the code says."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from app.db import Database, utcnow
from app.migrating import alembic_config, migrate, pending_migrations
from app.prospects.service import new_prospect_row
from app.prospects.tables import Prospect
from app.settings import Settings
from app.tables import Observation, metadata


@pytest.fixture
def empty(empty_url):
    database = Database(Settings(database_url=empty_url))
    yield database
    database.engine.dispose()


def downgrade(database, revision="base"):
    config = alembic_config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def tables(database):
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_an_empty_database_is_pending_and_a_migrated_one_is_not(empty):
    assert pending_migrations(empty.engine) is True
    migrate(empty.engine)
    assert pending_migrations(empty.engine) is False


def test_up_from_nothing_and_down_to_nothing(empty):
    migrate(empty.engine)
    assert tables(empty) == set(metadata.tables)
    downgrade(empty)
    assert tables(empty) == set()
    migrate(empty.engine)
    assert tables(empty) == set(metadata.tables)


def test_every_step_goes_down_and_up_again(empty):
    migrate(empty.engine)
    for _ in ScriptDirectory.from_config(alembic_config()).walk_revisions():
        downgrade(empty, "-1")
    assert tables(empty) == set()


def test_migrating_twice_changes_nothing(empty):
    migrate(empty.engine)
    migrate(empty.engine)
    assert tables(empty) == set(metadata.tables)


def test_the_schema_is_what_the_code_says(database):
    """As `alembic check` compares them, types included."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "render_as_batch": database.is_sqlite}
        )
        assert compare_metadata(context, metadata) == []


def test_the_history_is_one_line():
    """Two migrations made at once must meet before they are merged."""
    script = ScriptDirectory.from_config(alembic_config())
    assert (len(script.get_heads()), len(script.get_bases())) == (1, 1)


def test_constraints_carry_the_names_the_code_gives_them(database):
    """A later migration drops them by name."""
    inspector = inspect(database.engine)
    found, named = set(), set()
    for table in metadata.sorted_tables:
        found |= {check["name"] for check in inspector.get_check_constraints(table.name)}
        found |= {key["name"] for key in inspector.get_foreign_keys(table.name)}
        found |= {unique["name"] for unique in inspector.get_unique_constraints(table.name)}
        named |= {str(one.name) for one in table.constraints if one is not table.primary_key}
    assert found == named


def observation(prospect):
    now = utcnow()
    return Observation(
        id="ob_1",
        prospect_id=prospect,
        sheet_version=1,
        answers={},
        observed_at=now,
        recorded_at=now,
        reconstructed=False,
        imported=False,
        recorded_by="key_1",
    )


def test_a_reference_to_nothing_is_refused(database):
    """On SQLite too, where foreign keys are off unless every connection turns them on."""
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(observation("pr_none"))


def test_what_hangs_on_a_prospect_goes_with_it(database):
    with database.writing() as session:
        row = new_prospect_row("p", None, utcnow())
        session.execute(Prospect.__table__.insert(), row)
        session.add(observation(row["id"]))
    with database.writing() as session:
        session.execute(Prospect.__table__.delete())
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM observation")) == 0


@pytest.mark.parametrize(
    "change", ["state = 'sold'", "check_sheet = 'none'", "scorecard_id = 'none'", "external_id = NULL"]
)
def test_the_database_itself_refuses_what_makes_no_sense(database, change):
    with database.writing() as session:
        session.execute(Prospect.__table__.insert(), new_prospect_row("p", None, utcnow()))
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(text(f"UPDATE prospect SET {change}"))


def test_a_moment_without_a_zone_is_not_kept(database):
    from datetime import datetime

    from sqlalchemy.exc import StatementError

    row = new_prospect_row("p", None, datetime(2026, 1, 1))  # noqa: DTZ001 - the point
    with pytest.raises(StatementError, match="no time zone"), database.writing() as session:
        session.execute(Prospect.__table__.insert(), row)


def test_sqlite_speaks_as_it_was_told(tmp_path):
    """Durable, foreign keys on, readers beside a writer."""
    database = Database(Settings(database_url=f"sqlite:///{tmp_path / 'x.db'}", lock_wait_seconds=7))
    with database.engine.connect() as connection:
        told = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous", "busy_timeout")
        ]
    database.engine.dispose()
    assert told == [1, "wal", 2, 7000]


def test_a_change_that_raises_leaves_nothing(database, count_rows):
    before = count_rows()
    with pytest.raises(RuntimeError), database.writing() as session:
        session.execute(Prospect.__table__.insert(), new_prospect_row("p", None, utcnow()))
        raise RuntimeError
    assert count_rows() == before
