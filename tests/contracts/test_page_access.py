"""Who may see which page, generated from the live router and held against a table; what every page and form carries."""

import re

import pytest
from starlette.testclient import TestClient

from app.accounts.passwords import hash_password
from app.accounts.people import invite, set_password
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE
from app.accounts.tables import PERSON_ROLES
from app.db import utcnow
from app.forms import read_form
from app.pages import PageRoute
from app.uploads import read_posted_upload
from tests.contracts.test_access import routes_of

EVERYONE = frozenset(PERSON_ROLES)
MANAGERS = frozenset({"manager", "admin"})
ADMIN = frozenset({"admin"})
NOBODY_YET = frozenset({"nobody yet"})  # open to whoever is not signed in

# A new page fails here until somebody says who may see it.
EXPECTED = {
    ("GET", "/"): EVERYONE,
    ("GET", "/prospects/{external_id}"): EVERYONE,
    ("POST", "/prospects/{external_id}/answers"): EVERYONE,
    ("POST", "/prospects/{external_id}/what-if"): EVERYONE,
    ("POST", "/prospects/{external_id}/forecast"): EVERYONE,
    ("POST", "/prospects/{external_id}/sheet"): EVERYONE,
    ("GET", "/qualify"): EVERYONE,
    ("GET", "/pursue"): EVERYONE,
    ("GET", "/nurture"): EVERYONE,
    ("GET", "/closed"): EVERYONE,
    ("GET", "/new"): EVERYONE,
    ("POST", "/new"): EVERYONE,
    ("GET", "/prospects/{external_id}/edit"): EVERYONE,
    ("POST", "/prospects/{external_id}/edit"): EVERYONE,
    ("GET", "/prospects/{external_id}/nurture"): EVERYONE,
    ("POST", "/prospects/{external_id}/nurture"): EVERYONE,
    ("GET", "/sign-in"): NOBODY_YET,
    ("POST", "/sign-in"): NOBODY_YET,
    ("POST", "/sign-out"): EVERYONE,
    ("GET", "/choose-password/{token}"): NOBODY_YET,
    ("POST", "/choose-password/{token}"): NOBODY_YET,
    ("GET", "/account"): EVERYONE,
    ("POST", "/account/password"): EVERYONE,
    ("POST", "/account/sign-out-everywhere"): EVERYONE,
    ("GET", "/people"): ADMIN,
    ("POST", "/people"): ADMIN,
    ("GET", "/people/{person_id}"): ADMIN,
    ("POST", "/people/{person_id}"): ADMIN,
    ("POST", "/people/{person_id}/link"): ADMIN,
    ("POST", "/people/{person_id}/disable"): ADMIN,
    ("POST", "/people/{person_id}/enable"): ADMIN,
    ("GET", "/reports"): EVERYONE,
    ("GET", "/reports/calibration"): MANAGERS,
    ("GET", "/reports/calibration.csv"): MANAGERS,
    ("GET", "/reports/calibration.svg"): MANAGERS,
    ("GET", "/reports/effort"): MANAGERS,
    ("GET", "/reports/effort.csv"): MANAGERS,
    ("GET", "/reports/effort.svg"): MANAGERS,
    ("GET", "/reports/items"): MANAGERS,
    ("GET", "/reports/items.csv"): MANAGERS,
    ("GET", "/reports/items.svg"): MANAGERS,
    ("GET", "/reports/overview"): MANAGERS,
    ("GET", "/reports/overview.csv"): MANAGERS,
    ("GET", "/reports/people"): EVERYONE,
    ("GET", "/reports/people.csv"): EVERYONE,
    ("GET", "/reports/people.svg"): EVERYONE,
    ("GET", "/reports/surprises"): MANAGERS,
    ("GET", "/reports/surprises.csv"): MANAGERS,
    ("GET", "/reports/surprises.svg"): MANAGERS,
    ("GET", "/reports/surprises/{external_id}"): MANAGERS,
    ("POST", "/reports/surprises/{external_id}"): MANAGERS,
    ("GET", "/prospects/{external_id}/history"): EVERYONE,
    ("GET", "/prospects/{external_id}/history/score.svg"): EVERYONE,
    ("GET", "/prospects/{external_id}/effort"): EVERYONE,
    ("POST", "/prospects/{external_id}/effort"): EVERYONE,
    ("POST", "/prospects/{external_id}/effort/{entry_id}/undo"): EVERYONE,
    ("GET", "/prospects/{external_id}/stage"): EVERYONE,
    ("POST", "/prospects/{external_id}/stage"): EVERYONE,
    ("GET", "/prospects/{external_id}/outcome"): EVERYONE,
    ("POST", "/prospects/{external_id}/outcome"): EVERYONE,
    ("POST", "/prospects/{external_id}/reopen"): EVERYONE,
    ("GET", "/prospects/{external_id}/experience"): EVERYONE,
    ("POST", "/prospects/{external_id}/experience"): EVERYONE,
    ("POST", "/prospects/{external_id}/panel-link"): EVERYONE,
    ("GET", "/panel/{token}"): NOBODY_YET,
    ("GET", "/hooks"): MANAGERS,
    ("POST", "/hooks"): MANAGERS,
    ("GET", "/hooks/{hook_id}"): MANAGERS,
    ("POST", "/hooks/{hook_id}/mapping"): MANAGERS,
    ("POST", "/hooks/{hook_id}/replay"): MANAGERS,
    ("POST", "/hooks/{hook_id}/delete"): MANAGERS,
    ("GET", "/webhooks"): MANAGERS,
    ("POST", "/webhooks"): MANAGERS,
    ("GET", "/webhooks/{webhook_id}"): MANAGERS,
    ("POST", "/webhooks/{webhook_id}/secret"): MANAGERS,
    ("POST", "/webhooks/{webhook_id}/test"): MANAGERS,
    ("POST", "/webhooks/{webhook_id}/pause"): MANAGERS,
    ("POST", "/webhooks/{webhook_id}/enable"): MANAGERS,
    ("POST", "/webhooks/{webhook_id}/delete"): MANAGERS,
    ("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"): MANAGERS,
    ("GET", "/team"): MANAGERS,
    ("POST", "/team/forecast-first"): MANAGERS,
    ("POST", "/team/retraining"): MANAGERS,
    ("POST", "/team/hours"): MANAGERS,
    ("GET", "/reports/forecasts"): EVERYONE,
    ("GET", "/reports/forecasts.csv"): EVERYONE,
    ("GET", "/reports/forecasts.svg"): EVERYONE,
    ("GET", "/first-day"): EVERYONE,
    ("GET", "/first-day/past-deals"): EVERYONE,
    ("GET", "/sheets"): EVERYONE,
    ("GET", "/sheets/{key}"): EVERYONE,
    ("GET", "/sheets/{key}/versions/{number}"): EVERYONE,
    ("GET", "/sheets/{key}/print"): EVERYONE,
    ("GET", "/new-sheet"): MANAGERS,
    ("POST", "/new-sheet"): MANAGERS,
    ("GET", "/sheets/{key}/edit"): MANAGERS,
    ("POST", "/sheets/{key}/edit"): MANAGERS,
    ("GET", "/sheets/{key}/beliefs"): EVERYONE,
    ("POST", "/sheets/{key}/beliefs"): EVERYONE,
    ("POST", "/sheets/{key}/beliefs/adopt"): MANAGERS,
    ("POST", "/sheets/{key}/train"): MANAGERS,
    ("GET", "/training/{job_id}"): MANAGERS,
    ("GET", "/cards"): EVERYONE,
    ("GET", "/cards/{scorecard_id}"): EVERYONE,
    ("GET", "/cards/{scorecard_id}/against/{other}"): EVERYONE,
    ("GET", "/cards/{scorecard_id}/print"): EVERYONE,
    ("POST", "/cards/{scorecard_id}/activate"): MANAGERS,
    ("GET", "/exports"): EVERYONE,
    ("GET", "/exports/{table}.{form}"): EVERYONE,
    ("GET", "/import"): MANAGERS,
    ("POST", "/import"): MANAGERS,
    ("GET", "/import/{import_id}"): MANAGERS,
    ("GET", "/import/{import_id}/columns"): MANAGERS,
    ("POST", "/import/{import_id}/columns"): MANAGERS,
    ("POST", "/import/{import_id}/cancel"): MANAGERS,
    ("GET", "/import/{import_id}/bad-rows.csv"): MANAGERS,
}
SITE = "https://winnow.example"


def pages_of(app):
    return {(method, path): route for method, path, route in routes_of(app.routes) if isinstance(route, PageRoute)}


def calls_of(route):
    """Everything a route depends on."""
    found, left = [], [route.dependant]
    while left:
        dependant = left.pop()
        left += dependant.dependencies
        found.append(dependant.call)
    return found


@pytest.fixture
def dialect():
    """Access is decided before the database matters, so one of them will do here."""
    return "sqlite"


@pytest.fixture
def person_ids(database):
    """A person a role, each with a password, by role."""
    kept = hash_password("seven quiet herons")
    with database.writing() as session:
        made = {}
        for role in PERSON_ROLES:
            given = PersonInput(email=f"{role}@example.com", name=role.title(), role=role, owners=["ada"])
            made[role] = invite(session, given=given, by=COMMAND_LINE, now=utcnow())[0]
            set_password(session, person=made[role], password_hash=kept, now=utcnow())
        return {role: person.id for role, person in made.items()}


@pytest.fixture
def page_client(app, person_ids):
    """Make a client a person of this role is signed in with; None: nobody is."""

    def make(role):
        client = TestClient(app, base_url=SITE, headers={"Accept": "text/html"}, follow_redirects=False)
        if role is not None:
            token = client.get("/sign-in").context["frame"].form_token
            sent = {"form_token": token, "email": f"{role}@example.com", "password": "seven quiet herons"}
            assert client.post("/sign-in", data=sent).headers["location"] == "/"
        return client

    return make


def address(path, person_ids):
    names = {"person_id": person_ids["rep"], "token": "x" * 43, "key": "bids", "number": "1", "job_id": "job_0"}
    names |= {"scorecard_id": "sc_0", "other": "sc_0", "import_id": "im_0", "webhook_id": "wh_0", "hook_id": "hk_0"}
    names |= {"delivery_id": "dl_0", "table": "scores", "form": "csv"}
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def test_the_table_lists_every_page(app):
    assert set(pages_of(app)) == set(EXPECTED)


def test_no_page_is_in_the_description_of_the_api(app):
    assert not {path for _, path in EXPECTED} & set(app.openapi()["paths"])


@pytest.mark.parametrize("call", sorted(EXPECTED), ids=" ".join)
def test_a_page_declares_who_may_see_it(app, call):
    declared = [frozenset(one.roles) for one in calls_of(pages_of(app)[call]) if hasattr(one, "roles")]
    assert declared == ([] if EXPECTED[call] == NOBODY_YET else [EXPECTED[call]])


@pytest.mark.parametrize("call", sorted(call for call in EXPECTED if call[0] != "GET"), ids=" ".join)
def test_promise_21_every_form_refuses_other_sites(app, page_client, person_ids, call):
    assert {read_form, read_posted_upload} & set(calls_of(pages_of(app)[call]))
    answer = page_client("admin").request(call[0], address(call[1], person_ids))
    assert answer.status_code == 403


def test_a_page_only_reads_on_get(app):
    """What changes something takes a form, and nothing but GET and POST is taken at all."""
    assert {method for method, _ in EXPECTED} == {"GET", "POST"}


@pytest.mark.parametrize("role", PERSON_ROLES)
def test_promise_17_a_role_sees_what_the_table_says_and_nothing_else(page_client, person_ids, role):
    client, sent = page_client(role), {}
    for (method, path), roles in sorted(EXPECTED.items()):
        if method == "POST":  # signed in anew each time, because a form may end every session
            client = page_client(role)
            sent = {"data": {"form_token": client.get("/account").context["frame"].form_token}}
        status = client.request(method, address(path, person_ids), **sent).status_code
        assert (status == 403) == (role not in roles and roles != NOBODY_YET), (method, path)


def test_whoever_is_not_signed_in_is_asked_to(page_client, person_ids):
    client = page_client(None)
    token = client.get("/sign-in").context["frame"].form_token
    for (method, path), roles in EXPECTED.items():
        if roles != NOBODY_YET:
            sent = {"data": {"form_token": token}} if method == "POST" else {}
            answer = client.request(method, address(path, person_ids), **sent)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


def test_a_key_opens_no_page_and_a_session_opens_no_call(app, page_client, make_key):
    """Each door has its own key, so that a page's cookie is never enough to call the API from another site."""
    with_key = TestClient(app, base_url=SITE, headers={"Authorization": f"Bearer {make_key('admin')}"})
    assert with_key.get("/people", follow_redirects=False).status_code == 303
    assert page_client("admin").get("/v1/prospects").status_code == 401


# Headers


def strict(headers):
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    return policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


@pytest.fixture
def broken_home(monkeypatch):
    """The start page fails in a way nobody foresaw."""

    def fail(_session):
        msg = "the secret inner text"
        raise RuntimeError(msg)

    monkeypatch.setattr("app.home.pages.list_tiles", fail)


PATHS = ["/", "/sign-in", "/account", "/people", "/choose-password/x", "/nowhere", "/v1/prospects", "/health/live"]


@pytest.mark.parametrize("role", [None, "admin", "rep"])
@pytest.mark.parametrize("path", PATHS)
def test_promise_21_every_page_and_error_carries_the_headers(broken_home, page_client, role, path):
    client = page_client(role)
    client._transport.raise_server_exceptions = False
    answer = client.get(path)
    headers = answer.headers
    assert strict(headers)
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert re.fullmatch(r"req_[0-9a-f]{16}", headers["x-request-id"])


def test_without_encryption_nothing_promises_it(app):
    headers = TestClient(app, base_url="http://127.0.0.1:8000").get("/sign-in").headers
    assert "strict-transport-security" not in headers


def test_a_static_file_may_be_kept_for_ever_because_its_address_names_its_content(app):
    client = TestClient(app, base_url=SITE)
    page = client.get("/sign-in").text
    paths = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert sorted({path.rpartition(".")[2] for path in paths}) == ["css", "js", "svg"]
    for path in paths:
        headers = client.get(path).headers
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert headers["x-content-type-options"] == "nosniff"
        assert re.search(r"\.[0-9a-f]{12}\.", path)
    assert client.get("/static/winnow.000000000000.css").status_code == 404


def test_a_static_file_travels_zipped_and_a_page_with_its_token_never_does(app):
    """Zipping a page would let its size tell of the token in it."""
    client = TestClient(app, base_url=SITE, headers={"Accept-Encoding": "gzip"})
    page = client.get("/sign-in")
    path = re.search(r'href="(/static/[^"]+css)"', page.text)[1]
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    zipped = client.get(path)
    assert "content-encoding" not in page.headers
    assert "content-encoding" not in plain.headers
    assert (zipped.headers["content-encoding"], zipped.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert zipped.text == plain.text
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"]) / 2


@pytest.mark.parametrize("path", ["/static/..%2fmain.py", "/static/../main.py", "/static/%2e%2e/main.py"])
def test_nothing_but_the_static_files_is_served(app, path):
    assert TestClient(app, base_url=SITE).get(path).status_code == 404


# Errors as pages


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/nowhere", 404, "There is no page at this address."),
        ("/people/person_0", 404, "There is no such person."),
        ("/choose-password/x", 404, "Ask an admin of Winnow for a new one."),
        ("/", 500, "Something went wrong here; it has been logged."),
        ("/sign-in?next=" + "x" * 2001, 422, "next"),
    ],
)
def test_an_error_is_told_as_a_page_with_its_request_id(broken_home, page_client, path, status, sentence):
    client = page_client(None if "next" in path else "admin")
    client._transport.raise_server_exceptions = False
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert sentence in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "secret inner text" not in answer.text


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/prospects", "/health/nowhere"])
def test_a_machine_gets_its_errors_as_json_whatever_it_accepts(app, path):
    answer = TestClient(app, base_url=SITE).get(path, headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_address_answers_a_program_as_json(app):
    answer = TestClient(app, base_url=SITE).get("/nowhere", headers={"Accept": "application/json"})
    assert answer.json()["code"] == "not_found"


def test_an_error_page_for_whoever_is_signed_in_keeps_the_way_about(page_client):
    """A page that refuses shows the navigation all the same."""
    shown = [link.label for link in page_client("rep").get("/people").context["frame"].navigation]
    assert (shown[0], shown[-1]) == ("Home", "Your account")
    assert not {"People", "Import"} & set(shown)


def test_the_page_one_is_on_is_marked(page_client):
    client = page_client("admin")
    for path, label in (("/", "Home"), ("/pursue", "To pursue"), ("/people", "People"), ("/account", "Your account")):
        navigation = client.get(path).context["frame"].navigation
        assert [link.label for link in navigation if link.current] == [label]
