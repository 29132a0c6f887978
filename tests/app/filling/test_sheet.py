"""The check sheet as a page without script: what is shown, and what of a form is stored."""

from urllib.parse import quote

import pytest

from tests.visiting import says


def test_the_brief_stands_above_the_sheet(sit, prospect, bids_api):
    bids_api.put("/v1/prospects/p1", json={"brief": {"looks_for": "less scrap"}})
    page = sit().look()
    assert page.text.index("less scrap") < page.text.index('id="item-budget"')


def test_every_kind_of_item_offers_unknown_and_not_observed_apart(sit, prospect):
    page = sit().look()
    for key in ("budget", "tender", "standing", "urgency", "size"):
        for value in ("unknown", ""):
            assert f'name="a.{key}" value="{value}"' in page.text


def test_definition_how_and_help_are_on_the_page(sit, prospect):
    page = says(sit().look())
    assert "The sign of budget was seen." in page
    assert "Ask the controller." in page


def test_only_what_was_changed_is_stored_with_who_saw_it(sit, prospect, observed):
    ada = sit()
    answer = ada.press(ada.look(), "Save", a_budget="true", n_size="12.5", a_urgency="unknown")
    assert "Saved." in says(answer)
    (kept,) = observed()
    assert kept["answers"] == {"budget": True, "size": 12.5, "urgency": "unknown"}
    assert (kept["observer"], kept["reconstructed"], kept["late"]) == ("Ada", False, False)


def test_saving_an_untouched_sheet_stores_nothing(sit, prospect, observed):
    ada = sit()
    ada.press(ada.look(), "Save", a_budget="true", n_size="3")
    assert "Nothing had changed." in says(ada.press(ada.look(), "Save"))
    assert len(observed()) == 1


def test_sending_the_same_form_again_stores_nothing_more(sit, prospect, observed):
    """As the browser's back button does."""
    ada = sit()
    page = ada.look()
    ada.press(page, "Save", a_budget="true")
    ada.press(page, "Save", a_budget="true")
    assert len(observed()) == 1


def test_an_answer_is_taken_back_by_not_observed(sit, prospect, observed, bids_api):
    ada = sit()
    ada.press(ada.look(), "Save", n_size="3", a_tender="false")
    ada.press(ada.look(), "Save", a_size="", a_tender="")
    assert bids_api.get("/v1/prospects/p1").json()["answers"] == {}
    assert observed()[-1]["answers"] == {"size": None, "tender": None}


def test_a_number_gives_way_to_unknown(sit, prospect, bids_api):
    ada = sit()
    ada.press(ada.look(), "Save", n_size="3")
    ada.press(ada.look(), "Save", a_size="unknown")
    assert bids_api.get("/v1/prospects/p1").json()["answers"] == {"size": "unknown"}


def test_a_note_is_kept_as_evidence_of_its_own_answer(sit, prospect, observed):
    ada = sit()
    ada.press(ada.look(), "Save", a_budget="true", e_budget="Mail of 3 March", a_tender="false")
    assert {(tuple(kept["answers"]), kept["evidence"]) for kept in observed()} == {
        (("budget",), "Mail of 3 March"),
        (("tender",), None),
    }
    assert "“Mail of 3 March”" in says(ada.look())


def test_a_note_without_an_answer_is_asked_for_one_and_what_was_typed_stays(sit, prospect, observed):
    ada = sit()
    answer = ada.press(ada.look(), "Save", e_budget="Mail of 3 March", a_tender="true")
    assert (answer.status_code, observed()) == (422, [])
    assert "Say first what you saw" in says(answer)
    assert 'name="a.tender" value="true" checked' in answer.text


def test_what_is_no_number_is_told_at_its_item_and_nothing_is_saved(sit, prospect, observed):
    ada = sit()
    answer = ada.press(ada.look(), "Save", n_size="a dozen", a_budget="true")
    assert (answer.status_code, observed()) == (422, [])
    assert "This takes a number" in says(answer)


def test_who_saw_what_when_stands_beside_an_answer(sit, prospect):
    kim, ada = sit("Kim"), sit()
    kim.press(kim.look(), "Save", a_budget="false")
    assert "Kim : no," in says(ada.look()).replace("Kim:", "Kim :")
    assert "you: no," in says(kim.look())


@pytest.mark.parametrize("external_id", ["a/b", "50 % off?", "ü#1", "a+b&c"])
def test_any_external_id_has_its_page(sit, bids_api, observed, external_id):
    step = quote(external_id, safe="")
    bids_api.put(f"/v1/prospects/{step}", json={"owner": "ada"})
    ada = sit()
    assert "Saved." in says(ada.press(ada.look(f"/prospects/{step}"), "Save", a_budget="true"))
    assert len(observed(step)) == 1


def test_signing_in_leads_back_to_a_prospect_whatever_its_id(app, bids_api):
    from starlette.testclient import TestClient

    stranger = TestClient(app, base_url="https://winnow.example", follow_redirects=False)
    assert stranger.get("/prospects/a%2Fb").headers["location"] == "/sign-in?next=%2Fprospects%2Fa%252Fb"


def test_anothers_prospect_is_not_there_on_any_route(sit, prospect, observed):
    ada, ben = sit(), sit("Ben", owners=("ben",))
    page = ada.look()
    assert ben.look().status_code == 404
    assert "that is yours to see" in says(ben.look())
    token = ben.client.get("/account").context["frame"].form_token
    for button, fields in (("Save", {"a_budget": "true"}), ("Lock it", {"percent": "5"})):
        path, sent = ada.fields(page, button)
        assert ben.client.post(path, data=sent | fields | {"form_token": token}).status_code == 404
    for path in ("what-if", "sheet"):
        sent = {"form_token": token, "check_sheet": "bids"}
        assert ben.client.post(f"/prospects/p1/{path}", data=sent).status_code == 404
    assert observed() == []


def test_a_form_of_another_session_is_refused(sit, prospect, observed):
    """Whoever signs in on the same phone does not send what the one before left behind."""
    ada, kim = sit(), sit("Kim")
    path, sent = ada.fields(ada.look(), "Save")
    assert kim.client.post(path, data=sent | {"a.budget": "true"}).status_code == 403
    assert observed() == []


def test_without_a_sheet_the_page_says_what_to_do(sit, api):
    api.put("/v1/prospects/p1", json={"owner": "ada"})
    assert "There is no check sheet yet." in says(sit().look())


def test_with_several_sheets_one_is_chosen(sit, bids_api):
    from tests.builders import plain_sheet

    bids_api.put("/v1/check-sheets/plain", json=plain_sheet())
    bids_api.put("/v1/prospects/p1", json={"owner": "ada"})
    ada = sit()
    page = ada.look()
    assert "On which check sheet?" in says(page)
    chosen = ada.press(page, "Bids")
    assert 'id="item-budget"' in chosen.text
    assert bids_api.get("/v1/prospects/p1").json()["check_sheet"] == "bids"


def test_what_is_ticked_after_closing_is_from_notes(sit, prospect, observed, bids_api):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won", "decided_at": "2026-01-05"})
    ada = sit()
    page = ada.look()
    assert "from notes" in says(page)
    ada.press(page, "Save", a_budget="true")
    (kept,) = observed()
    assert (kept["reconstructed"], kept["observed_at"]) == (True, "2026-01-05T23:59:59Z")


def test_a_tap_from_before_closing_that_comes_after_it_is_late(sit, prospect, observed, bids_api):
    ada = sit()
    page = ada.look()
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    ada.tap(page, a_budget="true", tap="one", at="2026-01-05T10:00:00Z")
    (kept,) = observed()
    assert (kept["reconstructed"], kept["late"], kept["observed_at"]) == (False, True, "2026-01-05T10:00:00Z")
