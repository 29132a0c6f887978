"""Signed-in people without passwords, and prospects that arrive, are forecast and are scored as a test says."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from sqlalchemy import update
from starlette.testclient import TestClient

from app.accounts.people import invite
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE
from app.accounts.sign_in import Browser, open_session
from app.db import Database, utcnow
from app.prospects.tables import Prospect

SITE = "https://winnow.example"
_number = itertools.count()


class Visit:
    """A browser somebody is signed in with."""

    def __init__(self, app: FastAPI, token: str) -> None:
        self.client = TestClient(app, base_url=SITE, headers={"Accept": "text/html"}, follow_redirects=False)
        self.client.cookies.set("__Host-winnow-session", token)

    def get(self, path: str) -> Any:
        """Open an address."""
        return self.client.get(path)

    def post(self, path: str, **fields: str) -> Any:
        """Send a form of ours."""
        token = self.client.get("/account").context["frame"].form_token
        return self.client.post(path, data={"form_token": token} | fields)

    def names(self, path: str) -> list[str]:
        """Whom a list shows, in its order."""
        return [tile.external_id for tile in self.get(path).context["page"].tiles]

    def tile(self, path: str, name: str) -> Any:
        """One prospect's tile in a list."""
        return next(tile for tile in self.get(path).context["page"].tiles if tile.external_id == name)


@pytest.fixture
def sign_in(app: FastAPI, database: Database) -> Callable[..., Visit]:
    """Sign somebody in: `sign_in("rep", "ada", "ben")` answers for two owners."""

    def make(role: str = "rep", *owners: str) -> Visit:
        given = PersonInput(
            email=f"p{next(_number)}@example.com", name=f"A {role}", role=role, owners=list(owners or ("ada",))
        )
        with database.writing() as session:
            person, _ = invite(session, given=given, by=COMMAND_LINE, now=utcnow())
            browser = Browser("203.0.113.7", "A browser")
            token = open_session(session, app.state.keeper, person=person, browser=browser, now=utcnow())
        return Visit(app, token)

    return make


@pytest.fixture
def ada(sign_in: Callable[..., Visit]) -> Visit:
    """The rep Ada's browser."""
    return sign_in("rep", "ada")


@pytest.fixture
def manager(sign_in: Callable[..., Visit]) -> Visit:
    """A manager's browser."""
    return sign_in("manager")


@pytest.fixture
def arrive(bids_api: TestClient) -> Callable[..., str]:
    """Let a prospect arrive some days ago; Ada's unless another owner is named."""

    def put(external_id: str, days: float = 1, /, **more: Any) -> str:
        body = {"owner": "ada", "arrived_at": (utcnow() - timedelta(days=days)).isoformat()} | more
        answer = bids_api.put(f"/v1/prospects/{external_id}", json=body)
        assert answer.status_code in {200, 201}, answer.text
        return external_id

    return put


@pytest.fixture
def forecast(bids_api: TestClient) -> Callable[..., None]:
    """Lock the owner's forecast of some prospects."""

    def lock(*names: str) -> None:
        for name in names:
            assert bids_api.post(f"/v1/prospects/{name}/forecasts", json={"probability": 0.5}).status_code == 201

    return lock


@pytest.fixture
def scored(database: Database) -> Callable[..., None]:
    """Give a prospect the score a test works with."""

    def put(name: str, grade: str, probability: float) -> None:
        score = round(100 * probability)
        with database.writing() as session:
            session.execute(
                update(Prospect)
                .where(Prospect.external_id == name)
                .values(grade=grade, probability=probability, score=score, score_rank=-score)
            )

    return put


def says(page: Any) -> str:
    """What a person reads on a page."""
    return " ".join(BeautifulSoup(page.text, "html.parser").main.get_text(" ").split())


@pytest.fixture
def read() -> Callable[[Any], str]:
    """What a person reads on a page."""
    return says


@pytest.fixture
def in_days() -> Callable[[float], str]:
    """A moment so many days from now, as callers write it."""
    return lambda days: (datetime.now(UTC) + timedelta(days=days)).isoformat()
