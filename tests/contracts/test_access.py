"""Who may call what: a role × route × method matrix, generated from the live router and held against a table."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount
from starlette.testclient import TestClient

from app.accounts.auth import authenticate
from app.accounts.tables import ROLES
from app.pages import PageRoute
from tests.builders import sheet

EVERYONE = frozenset(ROLES)
MANAGERS = frozenset({"manager", "admin"})
PEOPLE = frozenset({"rep", "manager", "admin"})
IMPORTERS = frozenset({"integration", "manager", "admin"})
ADMIN = frozenset({"admin"})

# A new route fails here until somebody says who may call it.
EXPECTED = {
    ("GET", "/v1/reports/forecast-comparison"): (PEOPLE, "read"),
    ("GET", "/v1/reports/forecast-comparison.csv"): (PEOPLE, "read"),
    ("GET", "/v1/reports/forecast-comparison.svg"): (PEOPLE, "read"),
    ("GET", "/v1/reports/forecast-comparison.png"): (PEOPLE, "read"),
    ("GET", "/v1/prospects"): (EVERYONE, "read"),
    ("GET", "/v1/prospects/{external_id}"): (EVERYONE, "read"),
    ("PUT", "/v1/prospects/{external_id}"): (EVERYONE, "write"),
    ("DELETE", "/v1/prospects/{external_id}"): (ADMIN, "write"),
    ("GET", "/v1/prospects/{external_id}/export"): (ADMIN, "read"),
    ("POST", "/v1/prospects/{external_id}/rename"): (IMPORTERS, "write"),
    ("POST", "/v1/prospects/{external_id}/merge"): (IMPORTERS, "write"),
    ("GET", "/v1/prospects/{external_id}/observations"): (EVERYONE, "read"),
    ("POST", "/v1/prospects/{external_id}/observations"): (EVERYONE, "write"),
    ("POST", "/v1/prospects/{external_id}/forecasts"): (EVERYONE, "write"),
    ("PUT", "/v1/prospects/{external_id}/outcome"): (EVERYONE, "write"),
    ("POST", "/v1/prospects/{external_id}/experiences"): (EVERYONE, "write"),
    ("DELETE", "/v1/prospects/{external_id}/outcome"): (EVERYONE, "write"),
    ("GET", "/v1/prospects/{external_id}/score"): (EVERYONE, "read"),
    ("GET", "/v1/prospects/{external_id}/scores"): (EVERYONE, "read"),
    ("GET", "/v1/prospects/{external_id}/forecasts"): (EVERYONE, "read"),
    ("POST", "/v1/prospects/{external_id}/stage"): (EVERYONE, "write"),
    ("POST", "/v1/prospects/{external_id}/effort"): (EVERYONE, "write"),
    ("DELETE", "/v1/prospects/{external_id}/effort/{entry_id}"): (EVERYONE, "write"),
    ("POST", "/v1/prospects/{external_id}/panel-link"): (EVERYONE, "write"),
    ("POST", "/v1/scores"): (EVERYONE, "read"),
    ("POST", "/v1/scores/batch"): (EVERYONE, "read"),
    ("POST", "/v1/prospects/batch"): (EVERYONE, "write"),
    ("POST", "/v1/observations/batch"): (EVERYONE, "write"),
    ("POST", "/v1/outcomes/batch"): (EVERYONE, "write"),
    ("POST", "/v1/forecasts/batch"): (EVERYONE, "write"),
    ("GET", "/v1/check-sheets"): (EVERYONE, "read"),
    ("GET", "/v1/check-sheets/{key}"): (EVERYONE, "read"),
    ("PUT", "/v1/check-sheets/{key}"): (MANAGERS, "write"),
    ("GET", "/v1/check-sheets/{key}/versions/{number}"): (EVERYONE, "read"),
    ("GET", "/v1/check-sheet-templates"): (EVERYONE, "read"),
    ("GET", "/v1/scorecards"): (EVERYONE, "read"),
    ("POST", "/v1/scorecards"): (MANAGERS, "write"),
    ("GET", "/v1/scorecards/active"): (EVERYONE, "read"),
    ("GET", "/v1/scorecards/{scorecard_id}"): (EVERYONE, "read"),
    ("GET", "/v1/scorecards/{scorecard_id}/weights"): (EVERYONE, "read"),
    ("GET", "/v1/scorecards/{scorecard_id}/export"): (EVERYONE, "read"),
    ("GET", "/v1/scorecards/{scorecard_id}/diff/{other}"): (EVERYONE, "read"),
    ("POST", "/v1/scorecards/{scorecard_id}/activate"): (MANAGERS, "write"),
    ("GET", "/v1/reports/calibration"): (MANAGERS, "read"),
    ("GET", "/v1/reports/calibration.csv"): (MANAGERS, "read"),
    ("GET", "/v1/reports/calibration.svg"): (MANAGERS, "read"),
    ("GET", "/v1/reports/calibration.png"): (MANAGERS, "read"),
    ("GET", "/v1/reports/surprises"): (MANAGERS, "read"),
    ("GET", "/v1/reports/surprises.csv"): (MANAGERS, "read"),
    ("GET", "/v1/reports/surprises.svg"): (MANAGERS, "read"),
    ("GET", "/v1/reports/surprises.png"): (MANAGERS, "read"),
    ("GET", "/v1/reports/effort"): (MANAGERS, "read"),
    ("GET", "/v1/reports/effort.csv"): (MANAGERS, "read"),
    ("GET", "/v1/reports/effort.svg"): (MANAGERS, "read"),
    ("GET", "/v1/reports/effort.png"): (MANAGERS, "read"),
    ("GET", "/v1/reports/items"): (MANAGERS, "read"),
    ("GET", "/v1/reports/items.csv"): (MANAGERS, "read"),
    ("GET", "/v1/reports/items.svg"): (MANAGERS, "read"),
    ("GET", "/v1/reports/items.png"): (MANAGERS, "read"),
    ("POST", "/v1/imports"): (IMPORTERS, "write"),
    ("GET", "/v1/imports/{import_id}"): (IMPORTERS, "read"),
    ("GET", "/v1/imports/{import_id}/preview"): (IMPORTERS, "read"),
    ("POST", "/v1/imports/{import_id}/start"): (IMPORTERS, "write"),
    ("GET", "/v1/imports/{import_id}/errors.csv"): (IMPORTERS, "read"),
    ("GET", "/v1/exports/{table}.{form}"): (EVERYONE, "read"),
    ("GET", "/v1/jobs/{job_id}"): (IMPORTERS, "read"),
    ("POST", "/v1/hooks"): (IMPORTERS, "write"),
    ("GET", "/v1/hooks"): (IMPORTERS, "read"),
    ("GET", "/v1/hooks/{hook}"): (IMPORTERS, "read"),
    ("PUT", "/v1/hooks/{hook}"): (IMPORTERS, "write"),
    ("GET", "/v1/hooks/{hook}/received"): (IMPORTERS, "read"),
    ("POST", "/v1/hooks/{hook}/replay"): (IMPORTERS, "write"),
    ("POST", "/v1/hooks/{hook}/received/{received_id}/replay"): (IMPORTERS, "write"),
    ("DELETE", "/v1/hooks/{hook}"): (IMPORTERS, "write"),  # last of these: it is gone then
    ("POST", "/v1/webhooks"): (IMPORTERS, "write"),
    ("GET", "/v1/webhooks"): (IMPORTERS, "read"),
    ("GET", "/v1/webhooks/{webhook_id}"): (IMPORTERS, "read"),
    ("POST", "/v1/webhooks/{webhook_id}/secret"): (IMPORTERS, "write"),
    ("POST", "/v1/webhooks/{webhook_id}/pause"): (IMPORTERS, "write"),
    ("POST", "/v1/webhooks/{webhook_id}/enable"): (IMPORTERS, "write"),
    ("POST", "/v1/webhooks/{webhook_id}/test"): (IMPORTERS, "write"),
    ("GET", "/v1/webhooks/{webhook_id}/deliveries"): (IMPORTERS, "read"),
    ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"): (IMPORTERS, "write"),
    ("DELETE", "/v1/webhooks/{webhook_id}"): (IMPORTERS, "write"),  # last of these: it is gone then
    ("GET", "/v1/reports/overview"): (MANAGERS, "read"),
    ("GET", "/v1/reports/overview.csv"): (MANAGERS, "read"),
    ("GET", "/v1/reports/people"): (PEOPLE, "read"),
    ("GET", "/v1/reports/people.csv"): (PEOPLE, "read"),
    ("GET", "/v1/reports/people.svg"): (PEOPLE, "read"),
    ("GET", "/v1/reports/people.png"): (PEOPLE, "read"),
    ("POST", "/v1/check-sheets"): (MANAGERS, "write"),  # last: a second sheet would have to be told from the first
}
OPEN = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/openapi-3.0.json"),
    ("GET", "/openapi-2.0.json"),
    ("GET", "/docs"),
    ("GET", "/docs/oauth2-redirect"),
    ("GET", "/static-offline-docs"),
    ("GET", "/static/{name}"),
    ("POST", "/v1/hooks/{hook}"),  # the address is the secret
}
# What is asked for there may not be there in these tests; that is said to whoever may ask.
NOT_THERE = {
    ("POST", "/v1/hooks/{hook}/received/{received_id}/replay"),
    ("DELETE", "/v1/prospects/{external_id}/effort/{entry_id}"),
    ("POST", "/v1/prospects/{external_id}/merge"),
    *{call for call in EXPECTED if call[1].startswith("/v1/reports/") and call[1].endswith((".svg", ".png"))},
}
HOOK = {"name": "CRM", "mapping": {"check_sheet": {"key": "bids"}, "id": {"column": "id"}}}
# What each call is sent, so that it gets past validation to the question of who is calling.
BODIES = {
    ("PUT", "/v1/prospects/{external_id}"): {},
    ("POST", "/v1/prospects/{external_id}/observations"): {"answers": {"budget": True}},
    ("PUT", "/v1/prospects/{external_id}/outcome"): {"result": "won"},
    ("POST", "/v1/prospects/{external_id}/forecasts"): {"probability": 0.5},
    ("POST", "/v1/prospects/{external_id}/stage"): {"stage": "comparing"},
    ("POST", "/v1/prospects/{external_id}/effort"): {"kind": "call"},
    ("POST", "/v1/prospects/{external_id}/experiences"): {"kind": "satisfied"},
    ("POST", "/v1/prospects/{external_id}/rename"): {"to": "crm-1"},
    ("POST", "/v1/prospects/{external_id}/merge"): {"duplicate": "crm-2"},
    ("POST", "/v1/scores"): {"answers": {}},
    ("POST", "/v1/scores/batch"): {"items": []},
    ("POST", "/v1/prospects/batch"): {"items": []},
    ("POST", "/v1/observations/batch"): {"items": []},
    ("POST", "/v1/outcomes/batch"): {"items": []},
    ("POST", "/v1/forecasts/batch"): {"items": []},
    ("POST", "/v1/check-sheets"): sheet("other"),
    ("PUT", "/v1/check-sheets/{key}"): sheet("bids", name="New"),
    ("POST", "/v1/scorecards"): {"check_sheet": "bids"},
    ("POST", "/v1/scorecards/{scorecard_id}/activate"): {},
    ("POST", "/v1/hooks"): HOOK,
    ("PUT", "/v1/hooks/{hook}"): {"mapping": HOOK["mapping"]},
    ("POST", "/v1/webhooks"): {"url": "https://1.1.1.1/new", "events": ["score.changed"]},
}


def routes_of(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str, BaseRoute]]:
    """Every method and path of a router, those of routers within it too."""
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        path = prefix + getattr(route, "path", getattr(route, "prefix", ""))
        if isinstance(route, Mount):
            yield "GET", path, route
        elif inner is not None:
            yield from routes_of(inner, prefix)
        else:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, path, route


def permissions(route: BaseRoute) -> list[tuple[frozenset[str], str]]:
    """The permissions a route declares through `allow`."""
    found, left = [], [route.dependant]
    while left:
        dependant = left.pop()
        left += dependant.dependencies
        if hasattr(dependant.call, "roles"):
            found.append((frozenset(dependant.call.roles), dependant.call.scope))
    return found


def live_routes(app: FastAPI) -> dict[tuple[str, str], BaseRoute]:
    """Every route but the pages, which test_page_access.py holds against a table of their own."""
    return {(method, path): route for method, path, route in routes_of(app.routes) if not isinstance(route, PageRoute)}


MAPPING = {
    "check_sheet": {"key": "bids"},
    "id": {"column": "Id"},
    "items": {"budget": {"column": "Budget", "kind": "yes_no"}},
}
IMPORT = {
    "files": {"file": ("deals.csv", b"Id,Budget\nimported-1,true\n")},
    "data": {"mapping": json.dumps(MAPPING)},
}


def send(caller: TestClient, call: tuple[str, str], ids: dict[str, str], headers: dict[str, str] | None = None) -> Any:
    """Make a call with what it takes to get past validation."""
    sent = IMPORT if call == ("POST", "/v1/imports") else {"json": BODIES.get(call)}
    return caller.request(call[0], address(call[1], ids), headers=headers, **sent)


@pytest.fixture
def ids(bids_api: TestClient) -> dict[str, str]:
    """What there is to be asked for."""
    card = bids_api.get("/v1/scorecards/active").json()["id"]
    run = bids_api.post("/v1/imports", **IMPORT).json()
    draft = bids_api.post("/v1/imports", files=IMPORT["files"], data={**IMPORT["data"], "start": "false"}).json()
    there = {"url": "https://1.1.1.1/there", "events": ["score.changed"]}
    webhook = bids_api.post("/v1/webhooks", json=there).json()["id"]
    delivery = bids_api.post(f"/v1/webhooks/{webhook}/test").json()["id"]
    found = {"scorecard_id": card, "other": card, "import_id": draft["id"], "job_id": run["job"]}
    hook = bids_api.post("/v1/hooks", json=HOOK).json()["id"]
    return found | {"webhook_id": webhook, "delivery_id": delivery, "hook": hook, "received_id": "rv_0"}


NOTHING = {"scorecard_id": "sc_0", "other": "sc_0", "import_id": "im_0", "job_id": "job_0"}
NOTHING |= {"webhook_id": "wh_0", "delivery_id": "dl_0", "hook": "hk_0", "received_id": "rv_0"}


def address(path: str, ids: dict[str, str] = NOTHING) -> str:
    for name, value in (
        {"external_id": "crm-1", "key": "bids", "number": "1", "entry_id": "ef_0", "table": "scores", "form": "csv"}
        | ids
    ).items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.fixture
def dialect():
    """Access is decided before the database matters, so one of them will do here."""
    return "sqlite"


def test_promise_17_the_table_lists_every_route(app):
    """A route nobody decided on, or one that is gone, shows here first."""
    assert set(live_routes(app)) == set(EXPECTED) | OPEN


def test_the_table_lists_what_the_schema_describes(app):
    """The OpenAPI schema and the router name the same calls."""
    described = {(method.upper(), path) for path, calls in app.openapi()["paths"].items() for method in calls}
    assert described == set(EXPECTED) | {
        call for call in OPEN if call[1].startswith(("/health", "/metrics", "/v1/hooks"))
    }


@pytest.mark.parametrize("call", sorted(EXPECTED), ids=" ".join)
def test_a_route_declares_who_may_call_it(app, call):
    """Exactly one permission stands on every route, and it is the one agreed."""
    assert permissions(live_routes(app)[call]) == [EXPECTED[call]]


@pytest.mark.parametrize("call", sorted(EXPECTED), ids=" ".join)
def test_promise_17_without_a_key_nothing_is_open(bids_api, call):
    bids_api.headers.pop("Authorization")
    answer = bids_api.request(call[0], address(call[1]), json=BODIES.get(call))
    assert answer.status_code == 401


@pytest.mark.parametrize("role", ROLES)
def test_promise_17_a_role_may_call_what_the_table_says_and_nothing_else(bids_api, client, ids, role):
    """403 exactly where the role is not listed; where it is, the call gets through to what it asks for."""
    caller = client(role)
    statuses = {}
    for call in EXPECTED:
        bids_api.put("/v1/prospects/crm-1", json={"owner": "ada"})
        statuses[call] = send(caller, call, ids).status_code
    assert {call for call, status in statuses.items() if status == 403} == {
        call for call, (roles, _) in EXPECTED.items() if role not in roles
    }
    assert {status for call, status in statuses.items() if call not in NOT_THERE} <= {200, 201, 202, 204, 207, 403}
    assert {statuses[call] for call in NOT_THERE} <= {200, 404, 403}


@pytest.mark.parametrize(("role", "scope"), [(role, scope) for role in ROLES for scope in ("read", "write")])
def test_a_key_with_one_scope_may_call_what_takes_that_scope(bids_api, client, ids, role, scope):
    """A refused scope is 403 `missing_scope`, and nothing else is."""
    caller = client(role, scopes=(scope,))
    missing = set()
    for call in EXPECTED:
        bids_api.put("/v1/prospects/crm-1", json={"owner": "ada"})
        answer = send(caller, call, ids)
        if answer.status_code == 403 and answer.json()["code"] == "missing_scope":
            missing.add(call)
    assert missing == {call for call, (roles, takes) in EXPECTED.items() if role in roles and takes != scope}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/v1", "/v1/keys", "/v1/prospects/", "/v1/prospects/a/b/c", "/v2/prospects", "/v1/scorecards/a/b"]
)
def test_promise_17_an_unknown_path_is_not_found(api, method, path):
    answer = api.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", sorted({path for _, path in EXPECTED}))
def test_a_method_no_route_takes_is_refused(api, path):
    """405, as a problem."""
    answer = api.request("PATCH", address(path))
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_the_permission_check_is_the_only_way_to_a_caller(app):
    """No route takes the caller without stating a permission."""
    for (_, path), route in live_routes(app).items():
        if path.startswith("/v1"):
            calls = [dependant.call for dependant in route.dependant.dependencies]
            assert authenticate not in calls
