"""People and browsers for the tests of signing in: a browser here submits the forms it was shown."""

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from bs4 import BeautifulSoup
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.accounts import passwords
from app.accounts.people import invite, set_password
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE
from app.accounts.tables import Person
from app.db import Database, utcnow

SITE = "https://winnow.example"
PASSWORD = "seven quiet herons"


class Visit:
    """A browser without script: it keeps cookies, follows redirects and sends forms as they stand on the page."""

    def __init__(self, app: FastAPI, address: str = "203.0.113.7") -> None:
        self.client = TestClient(app, base_url=SITE, headers={"Accept": "text/html"}, client=(address, 50000),
                                 raise_server_exceptions=False)  # fmt: skip

    def get(self, path: str, **more: Any) -> Any:
        """Open an address."""
        return self.client.get(path, **more)

    def submit(self, page: Any, button: str, *, follow: bool = True, **fields: str) -> Any:
        """Fill in the form with this button and send it."""
        soup = BeautifulSoup(page.text, "html.parser")
        form = next(one.find_parent("form") for one in soup.find_all("button") if button in one.get_text())
        sent = {one["name"]: one.get("value", "") for one in form.find_all("input", type=["hidden", "text"])}
        sent |= {one["name"]: one["value"] for one in form.find_all("input", type="radio") if one.has_attr("checked")}
        sent |= {one["name"]: one.get_text() for one in form.find_all("textarea")}
        headers = {"Origin": SITE, "Sec-Fetch-Site": "same-origin"}
        return self.client.post(form["action"], data=sent | fields, headers=headers, follow_redirects=follow)

    def sign_in(self, email: str, password: str = PASSWORD, **more: Any) -> Any:
        """Open the sign-in page, fill it in and send it."""
        return self.submit(self.get("/sign-in"), "Sign in", email=email, password=password, **more)


def says(page: Any) -> str:
    """What a person reads on a page."""
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text(" ").split())


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """Passwords of tests need not resist anybody."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def take_in(database: Database) -> Callable[..., Person]:
    """Make a person who signs in with PASSWORD: `take_in("manager", "mia@example.com")`."""

    def make(role: str = "rep", email: str = "ada@example.com", **more: Any) -> Person:
        given = {"owners": ["ada"] if role == "rep" else [], "name": email.partition("@")[0].title()} | more
        with database.writing() as session:
            person, _ = invite(
                session, given=PersonInput(email=email, role=role, **given), by=COMMAND_LINE, now=utcnow()
            )
            set_password(session, person=person, password_hash=passwords.hash_password(PASSWORD), now=utcnow())
        return person

    return make


@pytest.fixture
def visit(app: FastAPI) -> Callable[..., Visit]:
    """Make a browser: `visit()`, or one somewhere else: `visit("198.51.100.9")`."""
    return lambda address="203.0.113.7": Visit(app, address)


@pytest.fixture
def admin(take_in, visit) -> Visit:
    """A browser an admin is signed in with."""
    take_in("admin", "root@example.com")
    browser = visit()
    browser.sign_in("root@example.com")
    return browser


@pytest.fixture
def people_helpers():
    """What the tests here share that is no fixture of its own."""
    return says
