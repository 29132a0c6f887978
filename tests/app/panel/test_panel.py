"""The score panel: who gets a link, what it shows and withholds, and when it opens no more."""

import base64
from datetime import timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from sqlalchemy import select
from starlette.testclient import TestClient

from app.accounts.tables import AuditEntry
from app.db import utcnow
from app.panel.links import find_linked
from app.settings import Settings
from tests.visiting import SITE, says

LINK = "/v1/prospects/p1/panel-link"
ALLOWED = ("https://app.hubspot.com", "https://*.lightning.force.com")


@pytest.fixture
def frame(app):
    """A browser nobody is signed in with."""
    return TestClient(app, base_url=SITE, headers={"Accept": "text/html"}, raise_server_exceptions=False)


@pytest.fixture
def link(bids_api, prospect):
    """The path of a panel of Ada's prospect."""
    return bids_api.post(LINK).json()["url"].partition("testserver")[2]


@pytest.fixture
def forecast(bids_api, prospect):
    """Ada has said how likely she thinks it is; what the data say then."""
    return bids_api.post("/v1/prospects/p1/forecasts", json={"probability": 0.5}).json()["score"]


# What it shows


def test_a_panel_shows_the_score_with_its_range_and_its_reasons(frame, forecast, link):
    told = says(frame.get(link))
    low, high = (round(100 * forecast["interval"][end]) for end in ("low", "high"))
    assert f"Grade {forecast['grade']} {forecast['score']} in 100 buy; range {low}–{high}" in told
    assert "Find out next" in told
    assert f"together {forecast['points']}" in told


def test_the_reasons_of_a_panel_add_up(frame, forecast, link):
    figures = [one.get_text() for one in BeautifulSoup(frame.get(link).text, "html.parser").select(".points dd")]
    *parts, total = [int(figure) for figure in figures]
    assert sum(parts) == total == forecast["points"]


def test_a_panel_shows_the_step_the_team_agreed(frame, bids_api, forecast, link):
    sheet = bids_api.get("/v1/check-sheets/bids").json()
    agreed = dict.fromkeys("ABCD", "Visit this week.")
    body = {name: sheet[name] for name in ("key", "name", "items", "expected_close_ratio")} | {"grade_steps": agreed}
    assert bids_api.put("/v1/check-sheets/bids", json=body).status_code == 200
    assert f"Agreed for {forecast['grade']}: Visit this week." in says(frame.get(link))


def test_a_panel_leads_to_the_check_sheet_in_a_tab_of_its_own(frame, link):
    to_sheet = BeautifulSoup(frame.get(link).text, "html.parser").select_one("a.button")
    assert (to_sheet["href"], to_sheet["target"]) == (f"{SITE}/prospects/p1", "_blank")


def test_without_a_card_a_panel_says_so(frame, api):
    api.put("/v1/prospects/p1", json={"name": "Gauge"})
    path = api.post(LINK).json()["url"].partition("testserver")[2]
    answer = frame.get(path)
    assert (answer.status_code, "No score yet" in says(answer)) == (200, True)


# What it withholds


def test_until_the_forecast_a_panel_withholds_the_score(frame, link):
    """As from an ordinary integration: what to find out next names only the item."""
    answer = frame.get(link)
    score = answer.context["page"].score
    assert (score["score"], score["grade"], score["reasons"], score["withheld"]) == (None, None, [], "forecast_first")
    assert "The forecast comes first." in says(answer)
    assert not BeautifulSoup(answer.text, "html.parser").select(".grade, .points, dl")


def test_a_managers_link_withholds_it_too(frame, client, prospect):
    """Whoever made it, the rep looks at it."""
    path = client("manager").post(LINK).json()["url"].partition("testserver")[2]
    assert frame.get(path).context["page"].score["withheld"] == "forecast_first"


# When it opens


def test_a_link_opens_until_it_expires(frame, bids_api, prospect):
    reply = bids_api.post(LINK, json={"hours": 2}).json()
    path = reply["url"].partition("testserver")[2]
    with time_machine.travel(utcnow() + timedelta(minutes=119)):
        assert frame.get(path).status_code == 200
    with time_machine.travel(utcnow() + timedelta(minutes=121)):
        answer = frame.get(path)
    assert (answer.status_code, "This link has expired. Ask for a new one." in says(answer)) == (404, True)


@pytest.mark.parametrize("broken", ["x", "a.b", "WzFd.x", "%00", "x" * 4000])
def test_a_token_nobody_made_opens_nothing(frame, prospect, broken):
    answer = frame.get(f"/panel/{broken}")
    assert answer.status_code == 404


def test_a_changed_token_opens_nothing(frame, link):
    """A link for one prospect cannot be made into one for another, nor made to last."""
    path, _, token = link.rpartition("/")
    _, _, signature = token.rpartition(".")
    forged = base64.urlsafe_b64encode(b'["pr_0",9999999999]').decode().rstrip("=")
    answer = frame.get(f"{path}/{forged}.{signature}")
    assert (answer.status_code, "not whole, or not one of ours" in says(answer)) == (404, True)


def test_another_secret_ends_every_link(app, frame, link, monkeypatch):
    monkeypatch.setitem(app.state._state, "secret", "another secret, long enough to be taken anywhere")
    assert frame.get(link).status_code == 404


def test_an_erased_prospect_has_no_panel(frame, bids_api, link):
    bids_api.delete("/v1/prospects/p1")
    answer = frame.get(link)
    assert (answer.status_code, "has been erased" in says(answer)) == (404, True)


def test_a_token_carries_nothing_personal(link):
    """An id of ours and an end, nothing a customer or a rep could be known by."""
    body = link.rpartition("/")[2].partition(".")[0]
    read = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    assert read.startswith('["pr_')
    assert not [word for word in ("p1", "ada", "Inline", "Brandt") if f'"{word}' in read]


def test_a_token_made_for_something_else_opens_nothing(app, frame, sign_in_as, link):
    """Forms and messages are signed with the same secret and another purpose."""
    token = sign_in_as("rep", "Kim").look("/account").context["frame"].form_token
    assert frame.get(f"/panel/{link.rpartition('/')[2].partition('.')[0]}.{token}").status_code == 404


# Headers


@pytest.fixture
def framing(app, monkeypatch):
    """Two sites may show it."""
    monkeypatch.setitem(app.state._state, "panel_origins", ALLOWED)


def ancestors(answer):
    policy = answer.headers["content-security-policy"]
    return next(part.strip() for part in policy.split(";") if "frame-ancestors" in part)


def test_only_the_listed_sites_may_frame_a_panel(frame, framing, link):
    assert ancestors(frame.get(link)) == "frame-ancestors https://app.hubspot.com https://*.lightning.force.com"


def test_what_went_wrong_is_told_within_the_frame(frame, framing, link):
    assert ancestors(frame.get("/panel/x")).startswith("frame-ancestors https://app")


def test_unless_sites_are_listed_nobody_frames_a_panel(frame, link):
    assert ancestors(frame.get(link)) == "frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/sign-in", "/nowhere", "/prospects/p1/history", "/v1/prospects"])
def test_nothing_but_the_panel_may_be_framed(frame, framing, path):
    assert ancestors(frame.get(path, follow_redirects=False)) == "frame-ancestors 'none'"


def test_a_panel_sets_no_cookie_and_is_kept_by_nobody(frame, link):
    headers = frame.get(link).headers
    assert ("set-cookie" in headers, headers["cache-control"]) == (False, "no-store")


# Links


def test_a_link_is_for_a_week_unless_said(bids_api, prospect):
    with time_machine.travel(utcnow(), tick=False):
        reply = bids_api.post(LINK).json()
        assert reply["expires_at"] == (utcnow().replace(microsecond=0) + timedelta(days=7)).isoformat().replace(
            "+00:00", "Z"
        )


@pytest.mark.parametrize("hours", [0, 2161, "a day"])
def test_a_link_that_lasts_too_long_or_not_at_all_is_refused(bids_api, prospect, hours):
    answer = bids_api.post(LINK, json={"hours": hours})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/hours")


def test_another_reps_prospect_has_no_link(client, prospect):
    assert client("rep", owners=("ben",)).post(LINK).json()["code"] == "no_such_prospect"


def test_a_link_that_was_handed_out_is_on_record(database, link):
    """That there is one, and for how long; the link itself is kept nowhere."""
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "panel.linked")).one()
    assert entry.detail == {"hours": 168}


def test_a_rep_makes_a_link_on_the_page_of_the_prospect(frame, sign_in_as, prospect):
    rep = sign_in_as("rep")
    page = rep.press(rep.look("/prospects/p1/history"), "Make a panel link")
    link = BeautifulSoup(page.text, "html.parser").select_one(".hand-over a")["href"]
    assert frame.get(link).status_code == 200
    assert "works once" not in says(page)


def test_the_id_in_a_link_leads_to_its_prospect(app, database, link):
    with database.reading() as session:
        found = find_linked(session, token=link.rpartition("/")[2], secret=app.state.secret, now=utcnow())
    assert found.external_id == "p1"


# The setting


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ()),
        ("https://app.hubspot.com", ("https://app.hubspot.com",)),
        ("https://a.example, https://*.b.example:8443", ("https://a.example", "https://*.b.example:8443")),
        ("http://127.0.0.1:8123", ("http://127.0.0.1:8123",)),
    ],
)
def test_sites_are_listed_with_blanks_or_commas(monkeypatch, written, read):
    monkeypatch.setenv("WINNOW_PANEL_ORIGINS", written)
    assert Settings().panel_origins == read


@pytest.mark.parametrize(
    "wrong", ["*", "https://*", "app.hubspot.com", "https://a.example/", "https://a.example;script-src", "http://a.example",
              "'self'", "https://*.*.example", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_site_is_refused(monkeypatch, wrong):
    """A slip here would let any site show scores in a frame, or break the policy of every panel."""
    monkeypatch.setenv("WINNOW_PANEL_ORIGINS", wrong)
    with pytest.raises(ValueError, match="is not a site"):
        Settings()
