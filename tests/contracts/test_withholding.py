"""Where a score is withheld until the forecast is in, and where it is open: every call that could tell one is listed.

The list is held against the description of the live API, so a new call that carries a score fails here first.
"""

import pytest

from app.db import utcnow

TELLTALE = frozenset(
    {
        "score", "grade", "probability", "points", "base_points", "interval", "expected_amount", "grade_close_ratio",
        "data_probability",
    }
)  # fmt: skip

P1 = "/v1/prospects/p1"
BATCH = "/v1/scores/batch"


def merge_into(api):
    """Merge a duplicate into Ada's prospect."""
    api.put("/v1/prospects/p2", json={"owner": "ada"})
    return api.post(f"{P1}/merge", json={"duplicate": "p2"})


# Each as it is called, so that its answer speaks of Ada's prospect, whose forecast is awaited.
WITHHELD = {
    ("GET", "/v1/prospects"): lambda api: api.get("/v1/prospects", params={"order": "score"}),
    ("GET", "/v1/prospects/{external_id}"): lambda api: api.get(P1),
    ("PUT", "/v1/prospects/{external_id}"): lambda api: api.put(P1, json={"name": "Gauge"}),
    ("POST", "/v1/prospects/{external_id}/observations"): lambda api: api.post(
        f"{P1}/observations", json={"answers": {"tender": False}}
    ),
    ("GET", "/v1/prospects/{external_id}/score"): lambda api: api.get(
        f"{P1}/score", params={"as_of": utcnow().isoformat()}
    ),
    ("GET", "/v1/prospects/{external_id}/scores"): lambda api: api.get(f"{P1}/scores"),
    ("POST", "/v1/scores/batch"): lambda api: api.post(BATCH, json={"items": [{"prospect": "p1"}]}),
    ("POST", "/v1/prospects/batch"): lambda api: api.post(
        "/v1/prospects/batch", json={"items": [{"external_id": "p1", "name": "Gauge"}]}
    ),
    ("POST", "/v1/observations/batch"): lambda api: api.post(
        "/v1/observations/batch", json={"items": [{"external_id": "p1", "answers": {"tender": False}}]}
    ),
    ("POST", "/v1/forecasts/batch"): lambda api: api.post(
        "/v1/forecasts/batch", json={"items": [{"external_id": "p1", "category": "commit", "by": "ben"}]}
    ),
    # Another's forecast reveals nothing: the owner's is the one awaited.
    ("POST", "/v1/prospects/{external_id}/forecasts"): lambda api: api.post(
        f"{P1}/forecasts", json={"category": "commit", "by": "ben"}
    ),
    ("GET", "/v1/prospects/{external_id}/forecasts"): lambda api: api.get(f"{P1}/forecasts"),
    ("DELETE", "/v1/prospects/{external_id}/outcome"): lambda api: api.delete(f"{P1}/outcome"),
    ("POST", "/v1/prospects/{external_id}/rename"): lambda api: api.post(f"{P1}/rename", json={"to": "p2"}),
    ("POST", "/v1/prospects/{external_id}/merge"): lambda api: merge_into(api),
}
NOT_BY_REPS = {("POST", "/v1/prospects/{external_id}/rename"), ("POST", "/v1/prospects/{external_id}/merge")}
CALLED = [
    (role, call) for call in WITHHELD for role in ("rep", "integration") if role != "rep" or call not in NOT_BY_REPS
]
OPEN = {
    ("POST", "/v1/scores"): "what-if tells of no prospect",
    ("GET", "/v1/scorecards/{scorecard_id}/weights"): "blind is a habit, not a secret: what answers count is open",
    ("GET", "/v1/scorecards/{scorecard_id}/diff/{other}"): "cards; it leaves withheld prospects out",
    ("GET", "/v1/reports/surprises"): "closed prospects, for who runs the team",
    ("GET", "/v1/reports/effort"): "sums by grade, for who runs the team",
    ("GET", "/v1/reports/items"): "what characteristics are worth, for who runs the team",
    ("GET", "/v1/reports/people"): "closed prospects; a rep gets its own only",
    ("PUT", "/v1/prospects/{external_id}/outcome"): "a closed prospect awaits no forecast",
    ("POST", "/v1/outcomes/batch"): "a closed prospect awaits no forecast",
}


@pytest.fixture
def dialect():
    """What is withheld is decided before the database matters; one of them will do here."""
    return "sqlite"


@pytest.fixture
def ada(bids_api):
    """Ada's prospect with two answers and so a score, and one forecast of somebody else."""
    body = {"owner": "ada", "amount": "100.00", "answers": {"budget": True, "standing": "current"}}
    assert bids_api.put(P1, json=body).status_code == 201
    made = bids_api.post(f"{P1}/forecasts", json={"category": "pipeline", "by": "eve"})
    assert made.status_code == 201
    return bids_api


def fields(part, described, seen):
    """Every field a part of the description can hold, however deep."""
    if isinstance(part, list):
        return set().union(*(fields(one, described, seen) for one in part))
    if not isinstance(part, dict):
        return set()
    found = set(part.get("properties", {}))
    name = part.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        found |= fields(described["components"]["schemas"][name], described, seen | {name})
    return found.union(*(fields(one, described, seen) for one in part.values()))


def told(body):
    """What of a score a body tells: every telltale field that is not null."""
    if isinstance(body, list):
        return set().union(*map(told, body))
    if not isinstance(body, dict):
        return set()
    # What is an object in its own right, as a whole score, is looked into.
    mine = {name for name in TELLTALE.intersection(body) if isinstance(body[name], str | int | float)}
    mine |= {"interval"} if body.get("interval") else set()
    return mine.union(*map(told, body.values()))


def test_every_call_that_carries_a_score_is_listed(app):
    """Derived from the live description: whoever adds one decides here what it withholds."""
    described = app.openapi()
    carrying = {
        (method.upper(), path)
        for path, calls in described["paths"].items()
        for method, call in calls.items()
        for status, answer in call["responses"].items()
        if status.startswith("2") and fields(answer.get("content", {}), described, frozenset()) & TELLTALE
    }
    assert carrying == set(WITHHELD) | set(OPEN)


@pytest.mark.parametrize(("role", "call"), CALLED, ids=str)
def test_a_score_is_withheld_until_the_forecast(client, ada, role, call):
    answer = WITHHELD[call](client(role, owners=("ada", "ben")))
    assert (answer.status_code < 300, told(answer.json())) == (True, set())


@pytest.mark.parametrize("who", [("manager",), ("integration", (), ("read", "write", "scores:unblinded"))], ids=str)
@pytest.mark.parametrize("call", WITHHELD, ids=" ".join)
def test_a_score_is_open_to_who_runs_the_team_and_to_keys_that_may(client, ada, call, who):
    """The same calls, so that what is withheld above is there to be told."""
    assert told(WITHHELD[call](client(*who)).json())


@pytest.mark.parametrize("call", WITHHELD, ids=" ".join)
def test_a_score_is_open_after_the_owners_forecast(client, ada, call):
    ada.post(f"{P1}/forecasts", json={"category": "commit"})
    role = "integration" if call in NOT_BY_REPS else "rep"
    assert told(WITHHELD[call](client(role, owners=("ada", "ben"))).json())


def test_what_is_open_to_all_is_open_to_a_rep_before_the_forecast(client, ada):
    rep = client("rep")
    card = rep.get("/v1/scorecards/active").json()["id"]
    calls = {
        "what-if": rep.post("/v1/scores", json={"answers": {"budget": True}}),
        "weights": rep.get(f"/v1/scorecards/{card}/weights"),
        "close": rep.put(f"{P1}/outcome", json={"result": "won"}),
    }
    assert {name: bool(told(answer.json())) for name, answer in calls.items()} == dict.fromkeys(calls, True)
