"""What CRMs post is taken whatever it is, read once, and kept with a reason where it cannot be read."""

import json
import threading

import anyio
import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from app.accounts.tables import AuditEntry
from app.db import utcnow
from app.hooks import api
from app.hooks.reading import NotRead, read_record
from app.hooks.service import keep
from app.hooks.tables import Hook, Received
from app.jobs.tables import Job
from tests.app.hooks.conftest import ITEMS, PLAIN

DEAL = {"deal": {"id": 7, "title": "Gauge", "status": "open", "fields": {"budget": True}}}


def test_what_is_posted_becomes_a_prospect_with_answers_and_a_score(make_hook, post, prospect_of):
    answer = post(make_hook(), DEAL)
    body = prospect_of("7")
    assert (answer.status_code, body["name"], body["answers"], body["state"]) == (
        202,
        "Gauge",
        {"budget": True},
        "open",
    )
    assert body["score"] is not None


def test_a_form_is_read_as_well_as_json(make_hook, post, prospect_of):
    hook = make_hook({**PLAIN, "id": {"column": "id"}, "name": {"column": "title"}})
    post(hook, b"id=8&title=Gr%C3%B6%C3%9Fe&deal.status=lost", **{"content-type": "application/x-www-form-urlencoded"})
    assert (prospect_of("8")["name"], prospect_of("8")["state"]) == ("Größe", "lost")


def test_a_list_is_read_one_by_one(make_hook, post, received):
    """A record that is not understood does not keep the others out."""
    hook = make_hook()
    post(hook, [DEAL, {"deal": {"id": 8, "status": "bought?"}}, {"deal": {"id": 9, "status": "won"}}])
    assert sorted((one["external_id"], one["state"]) for one in received(hook)) == [
        ("7", "done"), ("8", "failed"), ("9", "done")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"{", b"[1, 2]", b'{"a": NaN}', b'{"deal": {"id": ""}}', b"a\0b", b"[" * 100_000]
)
def test_what_is_not_understood_is_taken_and_kept_with_a_reason(make_hook, post, received, body):
    """A CRM that sees errors stops sending; ours are not its fault."""
    hook = make_hook()
    assert post(hook, body).status_code == 202
    [one] = received(hook, state="failed")
    assert (one["reason"][-1], one["body"] is not None) == (".", True)


def test_what_was_not_understood_is_replayed_once_the_mapping_is_mended(
    make_hook, post, received, prospect_of, bids_api, work
):
    hook = make_hook({**PLAIN, "outcome": {"column": "deal.status", "won": [], "lost": []}})
    post(hook, DEAL)
    assert received(hook)[0]["reason"] == "The mapping does not say what outcome 'open' is."
    assert bids_api.put(f"/v1/hooks/{hook['id']}", json={"mapping": PLAIN}).status_code == 200
    assert bids_api.post(f"/v1/hooks/{hook['id']}/replay").json()["replayed"] == 1
    work()
    assert (received(hook)[0]["state"], received(hook)[0]["body"]) == ("done", None)
    assert prospect_of("7")["name"] == "Gauge"


def test_the_same_body_twice_has_one_effect(make_hook, post, received, count_rows):
    hook = make_hook()
    closed = {"deal": DEAL["deal"] | {"status": "won"}}
    post(hook, closed)
    before = count_rows()
    post(hook, closed)
    after = count_rows()
    assert {name for name in after if after[name] != before[name]} == {"received"}
    assert received(hook)[0]["state"] == "ignored"


def test_an_older_body_that_comes_late_overwrites_nothing(make_hook, post, prospect_of):
    """Name and outcome stay as the newer body said; an answer it did not have is added."""
    hook = make_hook({**PLAIN, "observed_at": {"column": "at"}})
    post(hook, {"at": "2026-03-02T10:00:00Z", "deal": {"id": 7, "title": "New", "status": "won"}})
    post(hook, {"at": "2026-03-02T09:00:00Z", "deal": {"id": 7, "title": "Old", "status": "lost"}})
    assert (prospect_of("7")["name"], prospect_of("7")["state"]) == ("New", "won")


TIMED = {**PLAIN, "observed_at": {"column": "at"}, "decided_at": {"column": "closed"},
         "reason": {"column": "reason"}, "amount": {"column": "deal.amount"}}  # fmt: skip


@pytest.fixture
def told_in(make_hook, post, prospect_of):
    """Post bodies of these hours, in this order: `told_in({9: …, 10: …}, [10, 9])`; the deal as it then stands."""

    def tell(bodies, order):
        hook = make_hook(TIMED)
        for hour in order:
            deal = {"id": 7, "status": "open"} | bodies[hour].get("deal", {})
            post(hook, {"at": f"2026-03-02T{hour:02}:00:00Z"} | bodies[hour] | {"deal": deal})
        return prospect_of("7")

    return tell


BUDGET = [{"deal": {"fields": {"budget": said}}} for said in (True, False, True)]


def test_an_answer_given_in_between_that_comes_late_is_not_the_present_one(told_in):
    """Yes at 9, no at 10, yes at 11: told in this order or with 10 last, it is yes."""
    late = told_in(dict(zip((9, 10, 11), BUDGET, strict=True)), [9, 11, 10])
    assert late["answers"] == {"budget": True}


def test_what_only_a_late_body_says_is_taken_from_it(told_in):
    """The later body did not speak of the amount."""
    late = told_in({9: {"deal": {"amount": "5"}}, 10: {"deal": {"title": "Gauge"}}}, [10, 9])
    assert (late["name"], late["amount"]) == ("Gauge", "5.00")


def test_a_close_that_comes_after_the_deal_was_opened_again_closes_nothing(told_in):
    bodies = {9: {}, 10: {"deal": {"status": "won"}}, 11: {}}
    assert told_in(bodies, [9, 11, 10])["state"] == "open"


def test_a_reason_told_later_stays_when_the_close_without_it_comes_late(told_in):
    """Both tell of the same decision."""
    lost = {"deal": {"status": "lost"}, "closed": "2026-03-02T10:00:00Z"}
    late = told_in({10: {**lost}, 11: {**lost, "reason": "price"}}, [11, 10])
    assert late["outcome"]["reason"] == "price"


def test_a_deal_opened_again_on_the_day_it_was_closed_is_open(told_in):
    """A bare day of decision ends at midnight; what this hook told before is taken back all the same."""
    closed = {"deal": {"status": "won"}, "closed": "2026-03-02"}
    assert told_in({10: closed, 11: {}}, [10, 11])["state"] == "open"


def test_what_is_posted_under_a_former_id_is_the_same_deal_in_the_same_order(make_hook, post, prospect_of, bids_api):
    """A lead was converted: an older body by its former id overwrites nothing that came by the new one."""
    hook = make_hook({**PLAIN, "observed_at": {"column": "at"}})
    post(hook, {"at": "2026-03-02T08:00:00Z", "deal": {"id": "lead", "title": "Lead"}})
    bids_api.post("/v1/prospects/lead/rename", json={"to": "opp"})
    post(hook, {"at": "2026-03-02T10:00:00Z", "deal": {"id": "opp", "title": "New"}})
    post(hook, {"at": "2026-03-02T09:00:00Z", "deal": {"id": "lead", "title": "Old"}})
    assert prospect_of("lead")["name"] == "New"


def test_a_hook_tells_what_it_ignored_and_why(make_hook, post, bids_api):
    """A path that is not there in `only` would leave everything unseen."""
    hook = make_hook({**PLAIN, "only": {"deal.kind": ["offer"]}})
    post(hook, DEAL)
    body = bids_api.get(f"/v1/hooks/{hook['id']}").json()
    told = "It is not of the kind this hook is for: 'deal.kind' is not there, not 'offer'."
    assert (body["ignored"], body["done"], body["last_ignored"]) == (1, 0, told)


def test_a_list_of_too_many_records_is_kept_with_the_limit_in_the_reason(make_hook, post, received):
    hook = make_hook()
    post(hook, [DEAL] * 1001)
    assert received(hook)[0]["reason"] == (
        "It is a list of 1,001 records; a call takes at most 1,000, so send them in parts."
    )


def test_a_deal_that_the_crm_opens_again_is_open_again(make_hook, post, prospect_of):
    hook = make_hook({**PLAIN, "observed_at": {"column": "at"}})
    post(hook, {"at": "2026-03-02T10:00:00Z", "deal": {"id": 7, "status": "won"}})
    post(hook, {"at": "2026-03-02T11:00:00Z", "deal": {"id": 7, "status": "open"}})
    assert prospect_of("7")["state"] == "open"


def test_an_unknown_address_is_not_found_and_a_known_one_ends_with_its_hook(make_hook, post, bids_api):
    hook = make_hook()
    assert post({"path": "/v1/hooks/guess"}, DEAL).status_code == 404
    assert bids_api.delete(f"/v1/hooks/{hook['id']}").status_code == 204
    assert post(hook, DEAL).status_code == 404


def test_promise_19_the_address_is_shown_once_and_kept_as_a_hash(make_hook, bids_api, database):
    """43 letters of randomness; neither the list, nor the row, nor the audit chain has them."""
    hook = make_hook()
    secret = hook["path"].removeprefix("/v1/hooks/")
    with database.reading() as session:
        kept = json.dumps(
            [str(vars(row)) for row in (*session.scalars(select(Hook)), *session.scalars(select(AuditEntry)))]
        )
    shown = bids_api.get("/v1/hooks").text + bids_api.get(f"/v1/hooks/{hook['id']}").text
    assert (len(secret), secret in kept, secret in shown) == (43, False, False)


def test_promise_26_the_address_is_in_no_log(make_hook, post, capfd, monkeypatch):
    """What is logged of a request names the route, not the path."""
    lines = []
    monkeypatch.setattr("app.middleware.log.info", lambda *args, **fields: lines.append((args, fields)), raising=False)
    hook = make_hook()
    post(hook, DEAL)
    out = "".join(map(str, lines)) + "".join(capfd.readouterr())
    assert hook["path"].removeprefix("/v1/hooks/") not in out
    assert "/v1/hooks/{hook}" in out


def test_what_is_too_large_is_refused(make_hook, post):
    assert post(make_hook(), b" " * 5_000_001).status_code == 413


def test_a_database_that_is_busy_is_said_within_the_callers_patience(make_hook, app, monkeypatch):
    """503 with Retry-After, long before the caller hangs up; it is kept all the same once its turn comes."""
    hook, real, kept, ours = make_hook(), api._keep, threading.Event(), threading.Event()

    def when_let(*args):
        ours.wait(10)
        made = real(*args)
        kept.set()
        return made

    monkeypatch.setattr(api, "_STORE_SECONDS", 0.05)
    monkeypatch.setattr(api, "_keep", when_let)
    with anyio.from_thread.start_blocking_portal() as portal:
        caller = TestClient(app)
        caller.portal = portal  # the loop goes on when the answer is out, as a server's does
        answer = caller.post(hook["path"], json=DEAL)
        ours.set()
        assert kept.wait(10)
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "1", "busy")


def test_what_a_server_kept_and_did_not_read_a_worker_reads(make_hook, database, prospect_of, work):
    """The server stopped between the two; the job put in with the record runs when its wait is over."""
    hook = make_hook()
    with database.writing() as session:
        keep(session, hook=session.get_one(Hook, hook["id"]), body=json.dumps(DEAL).encode(), now=utcnow())
        session.execute(update(Job).values(run_after=0.0))
    work()
    assert prospect_of("7")["name"] == "Gauge"


def test_what_was_read_at_once_leaves_no_job(make_hook, post, database):
    post(make_hook(), DEAL)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0


def test_an_erased_prospect_is_in_nothing_that_came_in(make_hook, post, bids_api, database):
    hook = make_hook()
    post(hook, DEAL)
    post(hook, {"deal": {"id": "7", "status": "odd"}})
    post(hook, b"not read, but of 7")
    bids_api.delete("/v1/prospects/7")
    with database.reading() as session:
        assert session.scalars(select(Received)).all() == []


@pytest.mark.parametrize(
    "mapping",
    [
        {"check_sheet": {"key": "none"}, "id": {"column": "id"}},
        {"check_sheet": {"key": "bids"}},
        {**PLAIN, "items": {"nothing": {"column": "x", "kind": "yes_no"}}},
        {**PLAIN, "colour": "red"},
    ],
)
def test_a_mapping_that_cannot_work_is_refused_when_it_is_given(bids_api, mapping):
    refused = bids_api.post("/v1/hooks", json={"name": "CRM", "mapping": mapping})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_mapping")


# The CRMs' own payloads, as docs/crm says them


def test_odoo_posts_a_lead(make_hook, post, prospect_of, received):
    """Model, action and the chosen fields, `false` where there is nothing; another model is ignored."""
    hook = make_hook({"check_sheet": {"key": "bids"}, "items": ITEMS}, preset="odoo")
    lead = {"_action": "Winnow(#42)", "_id": 17, "_model": "crm.lead", "expected_revenue": 60000.0, "name": "Gauge"}
    lead |= {"partner_name": False, "user_id": 2, "won_status": "pending", "x_budget": False, "x_standing": "Kunde"}
    post(hook, lead | {"create_date": "2026-03-02 09:00:00", "write_date": "2026-03-02 09:00:00"})
    post(hook, lead | {"_model": "res.partner", "_id": 18})
    body = prospect_of("17")
    assert (body["account"], body["owner"], body["amount"]) == (None, "2", "60000.00")
    assert (body["answers"], body["state"]) == ({"budget": False, "standing": "current"}, "open")
    assert received(hook)[0]["state"] == "ignored"
    won = {"won_status": "won", "date_closed": "2026-03-09 10:00:00", "write_date": "2026-03-09 10:00:00"}
    post(hook, lead | won)
    assert prospect_of("17")["outcome"]["decided_at"] == "2026-03-09T10:00:00Z"


def test_pipedrive_posts_a_deal(make_hook, post, prospect_of):
    """Version 2: entity, action and time under `meta`; a deletion carries no data."""
    hook = make_hook({"check_sheet": {"key": "bids"}}, preset="pipedrive")
    meta = {
        "action": "change",
        "entity": "deal",
        "entity_id": "74",
        "timestamp": "2026-03-02T09:00:00.000Z",
        "version": "2.0",
    }
    deal = {"id": 74, "title": "Gauge", "status": "lost", "value": 1500, "currency": "EUR", "owner_id": 5}
    deal |= {"close_time": "2026-03-02T08:59:59Z", "lost_reason": "price", "custom_fields": {}}
    post(hook, {"meta": meta, "data": deal, "previous": {"status": "open"}})
    body = prospect_of("74")
    assert (body["state"], body["outcome"]["reason"], body["amount"]) == ("lost", "price", "1500.00")
    gone = meta | {"action": "delete", "timestamp": "2026-03-03T09:00:00.000Z"}
    post(hook, {"meta": gone, "data": None, "previous": deal})
    assert prospect_of("74")["state"] == "void"


@pytest.mark.parametrize("body", [{"k" * 2000: [0] * 9}, {"k": [0] * 6000}], ids=["a long path", "many values"])
def test_a_record_of_too_much_is_refused_before_it_fills_the_memory(body):
    with pytest.raises(NotRead, match="5000 values"):
        read_record(json.dumps(body))
