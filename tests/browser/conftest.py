"""A real service on a port of its own, and a real Chromium that looks at it."""

import functools
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from app.accounts.passwords import hash_password
from app.accounts.people import invite, set_password
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE
from app.accounts.sign_in import Browser as SeenBrowser
from app.accounts.sign_in import open_session
from app.accounts.tables import Person
from app.db import Database, utcnow
from app.handlers import HANDLERS
from app.jobs.worker import work_off
from app.main import create_app
from app.migrating import migrate
from app.settings import Settings

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "seven quiet herons"
PHONE, DESK = 390, 1280


@dataclass(frozen=True)
class Site:
    """A running service and its database."""

    url: str
    app: FastAPI

    @property
    def database(self) -> Database:
        return self.app.state.database


@dataclass(frozen=True)
class Someone:
    """A person who signs in with PASSWORD."""

    id: str
    email: str
    name: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service on SQLite; what the pages ask of a database is tested on both of them elsewhere."""
    path = tmp_path_factory.mktemp("site") / "winnow.db"
    settings = Settings(database_url=f"sqlite:///{path}", secret_key="s" * 40, log_level="error", jobs="elsewhere")
    app = create_app(settings)
    migrate(app.state.database.engine)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        with working(app.state.database):
            yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", app)
        server.should_exit = True
        thread.join()


@contextmanager
def working(database: Database) -> Iterator[None]:
    """Imports and trainings are done in this process, which has everything loaded."""
    stopping = threading.Event()
    worker = threading.Thread(target=work_off, args=(database, HANDLERS), kwargs={"stopping": stopping, "idle": None})
    worker.start()
    try:
        yield
    finally:
        stopping.set()
        worker.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a file of tests; each test opens contexts of its own in it."""
    assert Path(CHROMIUM).exists(), "The browser tests need Debian's chromium: apt-get install chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_browser(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open a browser nobody is signed in with: `open_browser(width=390, script=False, scheme="dark")`."""
    with _contexts() as contexts:

        def make(width: int = DESK, *, script: bool = True, scheme: str = "light") -> Page:
            context = chromium.new_context(
                base_url=site.url, viewport={"width": width, "height": 844}, java_script_enabled=script,
                color_scheme=scheme, has_touch=width == PHONE,
            )  # fmt: skip
            contexts.append(context)
            context.set_default_timeout(15_000)
            page = context.new_page()
            page.elsewhere = []
            page.on("request", lambda request: _note_elsewhere(page, site, request.url))
            return page

        yield make


@contextmanager
def _contexts() -> Iterator[list[Any]]:
    contexts: list[Any] = []
    try:
        yield contexts
    finally:
        for context in contexts:
            context.close()


def _note_elsewhere(page: Page, site: Site, url: str) -> None:
    if not url.startswith((f"{site.url}/", "data:")):
        page.elsewhere.append(url)


_number = itertools.count(1)
_hash_password = functools.cache(hash_password)  # slow on purpose, and the same for everybody here


@pytest.fixture
def someone(site: Site) -> Callable[..., Someone]:
    """Make a person: `someone("admin")`."""

    def make(role: str = "rep") -> Someone:
        number = next(_number)
        name, email = f"Robin {number}", f"robin{number}@example.com"
        owners = [f"rep-{number}"] if role == "rep" else []
        given = PersonInput(email=email, name=name, role=role, owners=owners)
        with site.database.writing() as session:
            person, _ = invite(session, given=given, by=COMMAND_LINE, now=utcnow())
            set_password(session, person=person, password_hash=_hash_password(PASSWORD), now=utcnow())
        return Someone(person.id, email, name)

    return make


@pytest.fixture
def sign_in() -> Callable[[Page, Someone], Page]:
    """Sign somebody in as people do, by the form."""

    def fill_in(page: Page, who: Someone) -> Page:
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill(who.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name=f"Hello {who.name}").wait_for()
        return page

    return fill_in


@pytest.fixture
def signed_in(site: Site, open_browser: Callable[..., Page], someone: Callable[..., Someone]) -> Callable[..., Page]:
    """Open a browser somebody new is signed in with: `signed_in("admin", width=390)`; it is `page.person`."""

    def make(role: str = "rep", person: Someone | None = None, **more: Any) -> Page:
        page, who = open_browser(**more), person or someone(role)
        with site.database.writing() as session:
            token = open_session(
                session, site.app.state.keeper, person=session.get_one(Person, who.id),
                browser=SeenBrowser("127.0.0.1", "Chromium"), now=utcnow(),
            )  # fmt: skip
        page.context.add_cookies([{"name": "winnow-session", "value": token, "url": site.url, "httpOnly": True}])
        page.goto("/")
        page.person = who
        return page

    return make


@pytest.fixture
def faults() -> Callable[[Page], list[str]]:
    """What axe finds wrong with a page, and what it asked of other sites."""

    def find(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] + page.elsewhere

    return find
