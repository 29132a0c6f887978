"""A browser without script, for tests of pages: it keeps cookies and sends forms as they stand on the page."""

from typing import Any

from bs4 import BeautifulSoup, Tag
from fastapi import FastAPI
from starlette.testclient import TestClient

SITE = "https://winnow.example"


class Visitor:
    """Somebody signed in, who looks at pages and sends their forms."""

    def __init__(self, app: FastAPI, token: str) -> None:
        cookie = {"__Host-winnow-session": token}
        self.client = TestClient(app, base_url=SITE, headers={"Accept": "text/html"}, cookies=cookie)

    def look(self, path: str, **more: Any) -> Any:
        """Open a page."""
        return self.client.get(path, **more)

    def press(self, page: Any, button: str, *, follow: bool = True, **changes: str) -> Any:
        """Fill in and send the form with this button."""
        path, sent = form_with(page, button)
        return self.client.post(path, data=sent | changes, follow_redirects=follow)


def form_with(page: Any, button: str) -> tuple[str, dict[str, str]]:
    """Where the form with this button leads, and what it sends as it stands."""
    soup = BeautifulSoup(page.text, "html.parser")
    form: Tag = next(one.find_parent("form") for one in soup.find_all("button") if button in one.get_text())
    sent = {one["name"]: one.get("value", "") for one in form.find_all("input") if one["type"] != "radio"}
    sent |= {one["name"]: one["value"] for one in form.find_all("input", type="radio") if one.has_attr("checked")}
    sent |= {one["name"]: one.get_text() for one in form.find_all("textarea")}
    return form["action"], sent


def says(page: Any) -> str:
    """What a person reads on a page."""
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text(" ").split())
