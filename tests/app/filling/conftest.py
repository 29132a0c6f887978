"""People at their check sheets: a browser without script that sends forms as they stand on the page."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.accounts.people import invite
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE
from app.accounts.sign_in import Browser, open_session
from app.db import Database, utcnow

SITE = "https://winnow.example"


class Sitting:
    """Somebody signed in, before a page of theirs."""

    def __init__(self, app: FastAPI, person_id: str, token: str) -> None:
        self.id = person_id
        cookie = {"__Host-winnow-session": token}
        self.client = TestClient(app, base_url=SITE, headers={"Accept": "text/html"}, cookies=cookie)

    def look(self, path: str = "/prospects/p1") -> Any:
        """Open a page."""
        return self.client.get(path)

    def fields(self, page: Any, button: str) -> tuple[str, dict[str, str]]:
        """Where the form with this button leads, and what it sends as it stands."""
        soup = BeautifulSoup(page.text, "html.parser")
        pressed = next(one for one in soup.find_all("button") if button in one.get_text())
        form = pressed.find_parent("form")
        sent = {one["name"]: one.get("value", "") for one in form.find_all("input", type=["hidden", "text"])}
        sent |= {one["name"]: one["value"] for one in form.find_all("input", type="radio") if one.has_attr("checked")}
        sent |= {one["name"]: one.get_text() for one in form.find_all("textarea")}
        if pressed.has_attr("name"):
            sent[pressed["name"]] = pressed["value"]
        return pressed.get("formaction") or form["action"], sent

    def press(self, page: Any, button: str, **changes: str) -> Any:
        """Fill in and send the form with this button; `a_budget="true"` is the field `a.budget`."""
        path, sent = self.fields(page, button)
        sent |= {name.replace("_", ".", 1) if name[1:2] == "_" else name: value for name, value in changes.items()}
        return self.client.post(path.partition("#")[0], data=sent)

    def tap(self, page: Any, **changes: str) -> Any:
        """Send one tap as the script does: only the item tapped, with the page's state and an id."""
        path, sent = self.fields(page, "Save")
        kept = {name: value for name, value in sent.items() if name in {"form_token", "version", "seen"}}
        given = {name.replace("_", ".", 1) if name[1:2] == "_" else name: value for name, value in changes.items()}
        return self.client.post(path, data=kept | {"live": "1"} | given)


@pytest.fixture
def sit(app: FastAPI, database: Database) -> Callable[..., Sitting]:
    """Sign somebody in: `sit("Kim")` is a rep for `ada`'s prospects, as every rep here."""

    def make(name: str = "Ada", role: str = "rep", owners: tuple[str, ...] = ("ada",)) -> Sitting:
        email = f"{name.lower().replace(' ', '.')}@example.com"
        given = PersonInput(email=email, name=name, role=role, owners=list(owners))
        with database.writing() as session:
            person, _ = invite(session, given=given, by=COMMAND_LINE, now=utcnow())
            browser = Browser("203.0.113.7", "Firefox")
            token = open_session(session, app.state.keeper, person=person, browser=browser, now=utcnow())
            return Sitting(app, person.id, token)

    return make


@pytest.fixture
def prospect(bids_api: TestClient) -> str:
    """Ada's open prospect, of whom nothing is observed yet."""
    body = {"owner": "ada", "name": "Inline gauge", "amount": "100.00", "currency": "EUR"}
    assert bids_api.put("/v1/prospects/p1", json=body).status_code == 201
    return "p1"


@pytest.fixture
def observed(bids_api: TestClient) -> Callable[..., list[dict[str, Any]]]:
    """Everything observed of a prospect, oldest first."""

    def read(external_id: str = "p1") -> list[dict[str, Any]]:
        return bids_api.get(f"/v1/prospects/{external_id}/observations?limit=200").json()["items"][::-1]

    return read
