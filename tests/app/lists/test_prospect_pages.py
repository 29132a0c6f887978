"""A new prospect, its fields, and setting it aside: by page, and never twice or over somebody else's change."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.db import utcnow
from app.lists.service import new_external_id
from app.typed import read_amount
from tests.builders import sheet

ID = "w-2345-abcd-wxyz"
GAUGE = {"external_id": ID, "name": "Inline gauge", "account": "Brandt", "amount": "60 000", "currency": "eur"}


@pytest.fixture
def stored(bids_api):
    """A prospect as the API tells it."""
    return lambda external_id=ID: bids_api.get(f"/v1/prospects/{external_id}").json()


# New


def test_three_fields_make_a_prospect_and_open_its_sheet(ada, stored):
    answer = ada.post("/new", **GAUGE)
    assert (answer.status_code, answer.headers["location"].startswith(f"/prospects/{ID}")) == (303, True)
    made = stored()
    kept = {name: made[name] for name in ("name", "account", "amount", "currency", "owner", "check_sheet", "state")}
    assert kept == {
        "name": "Inline gauge",
        "account": "Brandt",
        "amount": "60000.00",
        "currency": "EUR",
        "owner": "ada",
        "check_sheet": "bids",
        "state": "open",
    }


def test_a_new_prospect_stands_last_to_qualify(ada, arrive):
    arrive("earlier")
    ada.post("/new", **GAUGE)
    assert ada.names("/qualify") == ["earlier", ID]


def test_every_form_comes_with_an_id_of_its_own(bids_api, ada):
    ids = {ada.get("/new").context["page"].form["external_id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"w(-[2-9a-hjkmnp-z]{4}){3}", one) for one in ids)


def test_ids_do_not_repeat():
    assert len({new_external_id() for _ in range(2000)}) == 2000


def test_a_form_sent_twice_makes_one_prospect(bids_api, ada, count_rows):
    places = [ada.post("/new", **GAUGE).headers["location"] for _ in range(2)]
    assert places[0] == places[1]
    assert (count_rows()["prospect"], ada.names("/qualify")) == (1, [ID])


def test_a_form_sent_ten_times_at_once_makes_one_prospect(bids_api, ada, count_rows):
    ada.post("/new", **GAUGE | {"name": ""})  # the browser has its cookies before the threads begin
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: ada.post("/new", **GAUGE).status_code, range(10)))
    assert answers == [303] * 10
    assert count_rows()["prospect"] == 1


def test_a_form_sent_again_with_something_else_asks_first(bids_api, ada, stored, count_rows):
    """Gone back and typed over: neither lost nor put over the first."""
    ada.post("/new", **GAUGE)
    again = ada.post("/new", **GAUGE | {"name": "Second gauge"})
    fresh = again.context["page"].form["external_id"]
    assert (again.status_code, stored()["name"], count_rows()["prospect"]) == (409, "Inline gauge", 1)
    assert ada.post("/new", **GAUGE | {"name": "Second gauge", "external_id": fresh}).status_code == 303
    assert stored(fresh)["name"] == "Second gauge"


@pytest.mark.parametrize("forged", ["crm-1042", "../people", "", "w-2345-abcd-wxyz\n", "W-2345-ABCD-WXYZ"])
def test_a_forged_id_is_refused(bids_api, ada, count_rows, forged):
    assert ada.post("/new", **GAUGE | {"external_id": forged}).status_code == 422
    assert count_rows()["prospect"] == 0


def test_anothers_prospect_is_not_reached_by_its_id(ada, sign_in, stored):
    ada.post("/new", **GAUGE)
    assert sign_in("rep", "ben").post("/new", **GAUGE).status_code == 404
    assert stored()["owner"] == "ada"


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", " ", "Please fill this in."),
        ("account", "", "Please fill this in."),
        ("name", "x" * 201, "That is too long."),
        ("amount", "sixty", "Write the amount as a number"),
        ("amount", "-5", "Write the amount as a number"),
        ("amount", "1e5", "Write the amount as a number"),
        ("currency", "euro", "Take the three letters of a currency"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(bids_api, ada, count_rows, field, typed, sentence):
    answer = ada.post("/new", **GAUGE | {field: typed})
    assert answer.status_code == 422
    assert answer.context["page"].form.error(field).startswith(sentence)
    assert (answer.context["page"].form["external_id"], count_rows()["prospect"]) == (ID, 0)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("60000", "60000"),
        ("60 000", "60000"),
        ("60\u00a0000", "60000"),
        ("60'000", "60000"),
        ("60,000", "60000"),
        ("60.000", "60000"),
        ("1.234.567", "1234567"),
        ("1,234,567.89", "1234567.89"),
        ("1.234.567,89", "1234567.89"),
        ("60,5", "60.5"),
        ("60.50", "60.50"),
        ("0.99", "0.99"),
    ],
)
def test_an_amount_is_read_as_people_type_it(typed, read):
    assert read_amount(typed) == read


def test_the_amount_may_be_left_open(ada, stored):
    ada.post("/new", **GAUGE | {"amount": ""})
    assert (stored()["amount"], stored()["currency"]) == (None, None)


def test_the_currency_is_the_one_used_last(arrive, ada):
    arrive("p1", 5, currency="SEK")
    arrive("p2", 4, currency="CHF")
    arrive("p3", 3)
    assert ada.get("/new").context["page"].form["currency"] == "CHF"


def test_whoever_answers_for_several_owners_says_whose_it_is(bids_api, sign_in, stored, count_rows):
    both = sign_in("rep", "ada", "ben")
    refused = both.post("/new", **GAUGE)
    assert refused.context["page"].form.error("owner") == "Say whose prospect it is."
    assert count_rows()["prospect"] == 0
    assert both.post("/new", **GAUGE, owner="ben").status_code == 303
    assert stored()["owner"] == "ben"


def test_a_rep_makes_no_prospect_for_another(bids_api, ada, count_rows):
    assert ada.post("/new", **GAUGE, owner="ben").status_code == 403
    assert count_rows()["prospect"] == 0


def test_a_manager_gives_it_to_somebody_or_to_nobody_yet(arrive, manager, stored):
    arrive("p1", owner="cleo")
    page = manager.get("/new").context["page"]
    assert page.owners == [("", "Nobody yet"), ("cleo", "cleo")]
    manager.post("/new", **GAUGE, owner="")
    assert stored()["owner"] is None


def test_the_check_sheet_is_asked_only_where_there_are_several(bids_api, ada, stored):
    assert ada.get("/new").context["page"].sheets == []
    bids_api.post("/v1/check-sheets", json=sheet("other"))
    assert ada.post("/new", **GAUGE).context["page"].form.error("check_sheet").startswith("Say which check sheet")
    ada.post("/new", **GAUGE, check_sheet="other")
    assert stored()["check_sheet"] == "other"


def test_without_a_check_sheet_the_page_says_what_comes_first(api, ada, read):
    page = ada.get("/new")
    assert "There is no check sheet yet." in read(page)
    assert "external_id" not in page.text


# Setting aside


def day(days):
    return (utcnow() + timedelta(days=days)).date().isoformat()


def test_a_prospect_is_set_aside_and_taken_back(arrive, ada, stored):
    arrive("p1")
    done = ada.post("/prospects/p1/nurture", waiting_for="the new plant", look_again_on=day(30), back="/qualify?q=x")
    assert (done.status_code, done.headers["location"]) == (303, "/qualify?q=x")
    assert (stored("p1")["waiting_for"], stored("p1")["look_again_at"]) == ("the new plant", f"{day(30)}T00:00:00Z")
    assert (ada.names("/qualify"), ada.names("/nurture")) == ([], ["p1"])
    ada.post("/prospects/p1/nurture", take_back="yes")
    assert (stored("p1")["waiting_for"], stored("p1")["look_again_at"]) == (None, None)
    assert (ada.names("/qualify"), ada.names("/nurture")) == (["p1"], [])


@pytest.mark.parametrize("typed", ["2020-01-01", "tomorrow", "0001-01-01", "9999-12-31", "2026-02-30"])
def test_a_day_that_is_none_to_come_is_refused(arrive, ada, stored, typed):
    arrive("p1")
    answer = ada.post("/prospects/p1/nurture", waiting_for="x", look_again_on=typed)
    assert answer.status_code == 422
    assert answer.context["page"].form.error("look_again_on")
    assert stored("p1")["waiting_for"] is None


def test_only_a_path_of_ours_leads_back(arrive, ada):
    arrive("p1")
    for elsewhere in ("https://example.com", "//example.com", "javascript:alert(1)"):
        done = ada.post("/prospects/p1/nurture", waiting_for="x", back=elsewhere)
        assert done.headers["location"].startswith("/prospects/p1")


def test_a_closed_prospect_is_not_set_aside(arrive, bids_api, ada, read):
    arrive("p1")
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    answer = ada.post("/prospects/p1/nurture", waiting_for="x")
    assert (answer.status_code, "The prospect is closed" in read(answer)) == (409, True)


@pytest.mark.parametrize("path", ["nurture", "edit"])
def test_anothers_prospect_is_not_there(arrive, sign_in, stored, path):
    arrive("p1")
    ben = sign_in("rep", "ben")
    statuses = [
        ben.get(f"/prospects/p1/{path}").status_code,
        ben.post(f"/prospects/p1/{path}", name="Mine").status_code,
    ]
    assert statuses == [404, 404]
    assert stored("p1")["name"] is None


# Editing


def fields_of(page):
    return dict(page.context["page"].form.values)


def test_the_form_shows_what_stands_and_saves_what_is_typed(arrive, ada, stored):
    arrive("p1", amount="1234.50", brief={"trust": "a trial"})
    fields = fields_of(ada.get("/prospects/p1/edit"))
    assert (fields["amount"], fields["trust"], fields["name"]) == ("1234.50", "a trial", "")
    typed = {"name": "Gauge", "amount": "2.000", "currency": "sek", "expected_close": "2027-03-01", "looks_for": "less"}
    done = ada.post("/prospects/p1/edit", **fields | typed | {"trust": "", "source": "fair"})
    assert done.status_code == 303
    body = stored("p1")
    assert (body["name"], body["amount"], body["currency"], body["source"]) == ("Gauge", "2000.00", "SEK", "fair")
    assert (body["expected_close"], body["brief"]["looks_for"], body["brief"]["trust"]) == ("2027-03-01", "less", None)


def test_saving_a_form_as_it_is_changes_nothing(arrive, ada, stored, in_days):
    """A time a CRM gave the day keeps its hour, for instance."""
    body = {"look_again_at": in_days(3), "waiting_for": "x", "amount": "0.10", "name": "A"}
    arrive("p1", **body)
    before = stored("p1")
    fields = fields_of(ada.get("/prospects/p1/edit"))
    ada.post("/prospects/p1/edit", **fields)
    assert stored("p1") == before


def test_an_edit_made_on_an_older_state_is_told_and_not_lost(arrive, ada, bids_api, stored, read):
    arrive("p1", name="Gauge", account="Brandt")
    fields = fields_of(ada.get("/prospects/p1/edit"))
    bids_api.put("/v1/prospects/p1", json={"account": "Brandt Castings"})
    told = ada.post("/prospects/p1/edit", **fields | {"name": "Gauge 2"})
    page = told.context["page"]
    assert (told.status_code, stored("p1")["name"]) == (409, "Gauge")
    assert page.stored == {"name": "Gauge", "account": "Brandt Castings"}
    assert (page.form["name"], "There now: Brandt Castings" in read(told)) == ("Gauge 2", True)
    assert ada.post("/prospects/p1/edit", **fields_of(told)).status_code == 303
    assert (stored("p1")["name"], stored("p1")["account"]) == ("Gauge 2", "Brandt")


def test_ticking_the_sheet_meanwhile_disturbs_no_edit(arrive, ada, bids_api, stored):
    arrive("p1", name="Gauge")
    fields = fields_of(ada.get("/prospects/p1/edit"))
    bids_api.post("/v1/prospects/p1/observations", json={"answers": {"budget": True}})
    assert ada.post("/prospects/p1/edit", **fields | {"name": "Gauge 2"}).status_code == 303
    assert stored("p1")["name"] == "Gauge 2"


def test_a_form_without_the_state_it_was_made_on_is_not_believed(arrive, ada, stored):
    arrive("p1", name="Gauge")
    assert ada.post("/prospects/p1/edit", name="Mine").status_code == 409
    assert stored("p1")["name"] == "Gauge"


def test_a_rep_may_hand_a_prospect_to_its_other_owner_only(arrive, sign_in, stored):
    arrive("p1", name="Gauge")
    both = sign_in("rep", "ada", "ben")
    fields = fields_of(both.get("/prospects/p1/edit"))
    assert both.post("/prospects/p1/edit", **fields | {"owner": "cleo"}).status_code == 403
    assert both.post("/prospects/p1/edit", **fields | {"owner": "ben"}).status_code == 303
    assert stored("p1")["owner"] == "ben"


def test_an_id_with_a_slash_keeps_its_pages(arrive, ada, stored):
    arrive("a%2Fb%3F", name="Gauge")
    page = ada.get("/prospects/a%2Fb%3F/edit")
    assert 'action="/prospects/a%2Fb%3F/edit"' in page.text
    assert ada.post("/prospects/a%2Fb%3F/edit", **fields_of(page) | {"name": "Two"}).status_code == 303
    assert stored("a%2Fb%3F")["name"] == "Two"
