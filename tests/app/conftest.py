"""The command as it is typed, the service as it is started, and whole databases to compare."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from app.accounts.people import invite
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE
from app.accounts.sign_in import Browser, open_session
from app.cli import main
from app.db import Database, utcnow
from app.tables import metadata
from tests.conftest import SECRET
from tests.visiting import Visitor


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def winnow_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run a command in a folder of its own, with what stands in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WINNOW_SECRET_KEY", SECRET)

    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["winnow", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def winnow(winnow_alone: Callable[..., Ran], database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run a command on the test's database."""
    monkeypatch.setenv("WINNOW_DATABASE_URL", database_url)
    return winnow_alone


@pytest.fixture
def read_tables() -> Callable[[Database], dict[str, list[dict[str, Any]]]]:
    """Every row of every table."""

    def read(database: Database) -> dict[str, list[dict[str, Any]]]:
        with database.reading() as session:
            return {
                table.name: [
                    dict(row._mapping) for row in session.execute(select(table).order_by(*table.primary_key.columns))
                ]
                for table in metadata.sorted_tables
            }

    return read


@pytest.fixture
def serve() -> Iterator[Callable[[str], str]]:
    """Start `winnow serve` on a database; gives the address it is ready at, on a port named by the option."""
    with ExitStack() as stack:

        def start(database_url: str) -> str:
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                port = listener.getsockname()[1]
            settings = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "PORT": "1", "LOG_LEVEL": "error"}
            environment = os.environ | {f"WINNOW_{name}": value for name, value in settings.items()}
            line = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
            process = stack.enter_context(subprocess.Popen(line, env=environment, cwd=Path(__file__).parents[2]))
            stack.callback(process.terminate)
            return _ready(f"http://127.0.0.1:{port}", process)

        yield start


def _ready(address: str, process: subprocess.Popen[bytes]) -> str:
    while process.poll() is None:
        try:
            if httpx.get(f"{address}/health/ready").is_success:
                return address
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"The service ended with {process.returncode} while starting.")


@pytest.fixture
def sign_in_as(app: FastAPI, database: Database) -> Callable[..., Visitor]:
    """Sign somebody in: `sign_in_as("rep", owners=("ada",))`, `sign_in_as("manager")`."""

    def make(role: str = "rep", name: str = "Ada Lind", owners: tuple[str, ...] = ("ada",)) -> Visitor:
        email = f"{name.lower().replace(' ', '.')}@example.com"
        given = PersonInput(email=email, name=name, role=role, owners=list(owners) if role == "rep" else [])
        with database.writing() as session:
            person, _ = invite(session, given=given, by=COMMAND_LINE, now=utcnow())
            browser = Browser("203.0.113.7", "Firefox")
            return Visitor(app, open_session(session, app.state.keeper, person=person, browser=browser, now=utcnow()))

    return make


@pytest.fixture
def prospect(bids_api: TestClient) -> str:
    """Ada's open prospect `p1` with two answers, and so a score."""
    answers = {"budget": True, "standing": "current"}
    body = {"owner": "ada", "name": "Inline gauge", "account": "Brandt", "amount": "60000.00", "currency": "EUR"}
    assert bids_api.put("/v1/prospects/p1", json=body | {"answers": answers}).status_code == 201
    return "p1"
