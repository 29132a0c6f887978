"""The score panel in a frame of another site: one that is listed shows it, one that is not shows nothing."""

import http.server
import threading

import pytest

from app.accounts.service import COMMAND_LINE
from app.checksheets.schemas import SheetInput
from app.db import utcnow
from app.panel.links import make_link
from app.prospects.queries import find_prospect
from app.scoring.schemas import UpsertInput
from app.scoring.service import upsert
from app.training.service import save_sheet
from tests.builders import sheet

SECRET = "s" * 40  # what the fixture `site` is started with


@pytest.fixture(scope="module")
def panel(site):
    """The address of a panel whose score is open: its prospect has no owner to wait for."""
    with site.database.writing() as session:
        save_sheet(session, caller=COMMAND_LINE, given=SheetInput.model_validate(sheet()), only_new=True, now=utcnow())
        given = UpsertInput.model_validate({"name": "Inline gauge", "answers": {"budget": True}})
        upsert(session, caller=COMMAND_LINE, external_id="p1", given=given, if_match=None, now=utcnow())
    with site.database.writing() as session:
        prospect = find_prospect(session, caller=COMMAND_LINE, external_id="p1")
        link = make_link(session, caller=COMMAND_LINE, prospect=prospect, hours=1, secret=SECRET, now=utcnow())
    return f"{site.url}/panel/{link.token}"


@pytest.fixture
def crm(panel):
    """Another site with a page that frames the panel; gives its address."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f'<!doctype html><title>CRM</title><iframe width="280" height="600" src="{panel}"></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def listed(site, crm):
    """Let the other site frame the panel."""
    site.app.state.panel_origins = (crm,)
    yield crm
    site.app.state.panel_origins = ()


def test_a_listed_site_shows_the_panel_in_its_frame(open_browser, listed):
    page = open_browser()
    page.goto(listed)
    inside = page.frame_locator("iframe")
    assert inside.get_by_role("heading", name="Inline gauge").is_visible()
    assert inside.locator(".panel-score").is_visible()
    assert page.context.cookies() == []


def test_nothing_sticks_out_of_a_narrow_frame(open_browser, listed):
    page = open_browser()
    page.goto(listed)
    page.frame_locator("iframe").get_by_text("The reasons, in points").click()
    inside = page.frames[1]
    assert inside.evaluate("document.documentElement.scrollWidth") <= 280


def test_any_other_site_shows_an_empty_frame(open_browser, crm):
    page = open_browser()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(crm)
    assert page.frame_locator("iframe").get_by_text("Inline gauge").count() == 0
    assert any("frame-ancestors" in text for text in refused)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_browser, faults, panel, scheme):
    page = open_browser(width=390, scheme=scheme, script=True)
    page.goto(panel)
    page.get_by_text("The reasons, in points").click()
    assert faults(page) == []


def test_a_link_that_opens_nothing_says_so(open_browser, site, faults):
    page = open_browser(width=390)
    page.goto(f"{site.url}/panel/nothing")
    assert page.get_by_text("Ask for a new one.").is_visible()
    assert faults(page) == []
