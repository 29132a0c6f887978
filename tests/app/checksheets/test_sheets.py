"""Check sheets and their versions."""

import pytest

from app.accounts.service import COMMAND_LINE
from app.checksheets.queries import load_sheet
from app.checksheets.schemas import SheetInput
from app.db import utcnow
from app.training.service import save_sheet
from tests.builders import BUDGET, choices, item, plain_sheet, sheet

ONE_DATABASE = pytest.mark.parametrize("dialect", ["sqlite"])  # what is refused before any database is asked


def test_a_sheet_is_created_once(api):
    first, second = api.post("/v1/check-sheets", json=sheet()), api.post("/v1/check-sheets", json=sheet())
    assert (first.status_code, first.json()["version"], first.json()["created"]) == (201, 1, True)
    assert (second.status_code, second.json()["code"]) == (409, "check_sheet_exists")


def test_a_sheet_is_read_back_as_it_was_posted(api):
    given = sheet(grades={"A": 0.8, "B": 0.5, "C": 0.2}, grade_steps={"A": "visit this week"})
    given["stages"] = [{"key": "first", "label": "First", "sign": "They call."}]
    api.post("/v1/check-sheets", json=given)
    kept = api.get("/v1/check-sheets/bids").json()
    assert {name: kept[name] for name in given if name != "items"} == {k: v for k, v in given.items() if k != "items"}
    assert [
        {name: one[name] for name in posted} for one, posted in zip(kept["items"], given["items"], strict=True)
    ] == (given["items"])


def test_a_put_creates_what_is_not_there(api):
    answer = api.put("/v1/check-sheets/bids", json=sheet())
    assert (answer.status_code, answer.json()["version"]) == (201, 1)


def test_a_put_that_says_something_new_makes_a_version(bids_api):
    answer = bids_api.put("/v1/check-sheets/bids", json=sheet(name="Tenders"))
    assert (answer.status_code, answer.json()["version"], answer.json()["created"]) == (200, 2, False)
    assert bids_api.get("/v1/check-sheets/bids").json()["name"] == "Tenders"


def test_a_put_that_says_the_same_makes_none(bids_api, count_rows):
    before = count_rows()
    answer = bids_api.put("/v1/check-sheets/bids", json=sheet())
    assert (answer.status_code, answer.json()["version"], answer.json()["created"]) == (200, 1, False)
    assert count_rows() == before


def test_old_versions_stay_readable(bids_api):
    bids_api.put("/v1/check-sheets/bids", json=sheet(name="Tenders"))
    names = [bids_api.get(f"/v1/check-sheets/bids/versions/{number}").json()["name"] for number in (1, 2)]
    assert names == ["Bids", "Tenders"]


@pytest.mark.parametrize(
    ("path", "code"),
    [("/v1/check-sheets/none", "no_such_check_sheet"), ("/v1/check-sheets/bids/versions/2", "no_such_version")],
)
def test_what_is_not_there_is_not_found(bids_api, path, code):
    answer = bids_api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_an_item_keeps_its_kind(bids_api):
    answer = bids_api.put("/v1/check-sheets/bids", json=sheet(items=[item("budget", "number")]))
    assert (answer.status_code, answer.json()["code"]) == (409, "item_kind_changed")
    assert bids_api.get("/v1/check-sheets/bids").json()["version"] == 1


def test_an_item_keeps_its_kind_over_a_version_without_it(bids_api):
    """History survives revisions because a key means one thing for ever."""
    assert bids_api.put("/v1/check-sheets/bids", json=sheet(items=[item("tender")])).json()["version"] == 2
    answer = bids_api.put("/v1/check-sheets/bids", json=sheet(items=[item("budget", "scale", choices=choices("a"))]))
    assert answer.json()["code"] == "item_kind_changed"
    assert bids_api.put("/v1/check-sheets/bids", json=sheet()).json()["version"] == 3


def test_the_key_in_the_body_is_the_key_in_the_address(bids_api):
    answer = bids_api.put("/v1/check-sheets/bids", json=sheet("other"))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/key")


@ONE_DATABASE
@pytest.mark.parametrize(
    "wrong",
    [
        item("a", "choice"),
        item("a", "choice", choices=[]),
        item("a", "scale"),
        item("a", "yes_no", choices=choices("x", "y")),
        item("a", "number", choices=choices("x")),
        item("a", "choice", choices=choices("x", "x")),
        item("a", "choice", choices=choices("x", "unknown")),
        item("a", "choice", choices=choices("Upper")),
        item("a", "likert"),
        item("A b"),
        item(""),
        item("x" * 65),
        item("a", importance=4),
        item("a", importance=-1),
        item("a", expected="maybe"),
        item("a", weight=2),
        item("a", in_order=True),
        item("a", "choice", choices=choices("x", "y"), in_order=True),
        item("a") | {"label": "a\u0000b"},
        item("a") | {"definition": ""},
    ],
)
def test_an_item_that_makes_no_sense_is_refused(api, count_rows, wrong):
    before = count_rows()
    answer = api.post("/v1/check-sheets", json=sheet(items=[BUDGET, wrong]))
    assert answer.status_code in (400, 422)
    assert count_rows() == before


@ONE_DATABASE
@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"items": []}, "/items"),
        ({"items": [BUDGET, BUDGET]}, ""),
        ({"key": "Two words"}, "/key"),
        ({"version": 3}, "/version"),
        ({"expected_close_ratio": 0}, "/expected_close_ratio"),
        ({"expected_close_ratio": 1}, "/expected_close_ratio"),
        ({"grades": {"A": 0.5, "B": 0.6, "C": 0.1}}, "/grades"),
        ({"grades": {"A": 0.5, "B": 0.4}}, "/grades/C"),
        ({"grade_steps": {"E": "x"}}, "/grade_steps/E/[key]"),
        ({"stages": [{"key": "a", "label": "A"}]}, "/stages/0/sign"),
    ],
)
def test_a_sheet_that_makes_no_sense_is_refused_by_field(api, wrong, pointer):
    answer = api.post("/v1/check-sheets", json=sheet() | wrong)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_all_sheets_are_listed_in_their_latest_version(bids_api):
    bids_api.put("/v1/check-sheets/bids", json=sheet(name="Tenders"))
    bids_api.post("/v1/check-sheets", json=sheet("assets"))
    items = bids_api.get("/v1/check-sheets").json()["items"]
    assert [(one["key"], one["version"]) for one in items] == [("assets", 1), ("bids", 2)]


@pytest.mark.parametrize("place", range(5))
def test_a_template_is_posted_as_it_is(api, place):
    """What ships comes back word for word, and scores at once unless it believes nothing."""
    template = api.get("/v1/check-sheet-templates").json()["items"][place]
    answer = api.post("/v1/check-sheets", json=template)
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in template} == template
    assert (answer.json()["scorecard"] is not None) == (template["key"] != "blank")


def test_there_are_five_templates(api):
    """So that the test above has posted them all."""
    assert len(api.get("/v1/check-sheet-templates").json()["items"]) == 5


def test_a_sheet_with_beliefs_scores_at_once(api):
    """The card of beliefs is marked so, and its interval is wide."""
    card = api.post("/v1/check-sheets", json=sheet()).json()["scorecard"]
    score = api.post("/v1/scores", json={"answers": {"budget": True}}).json()
    assert (score["scorecard"], score["basis"]) == (card, "belief")
    assert score["interval"]["high"] - score["interval"]["low"] > 0.3


def test_a_sheet_without_beliefs_has_no_card_yet(api):
    created = api.post("/v1/check-sheets", json=plain_sheet()).json()
    assert (created["scorecard"], created["warnings"]) == (None, ["no_card_yet"])


def test_beliefs_said_later_make_the_first_card(api):
    api.post("/v1/check-sheets", json=plain_sheet("bids"))
    assert api.put("/v1/check-sheets/bids", json=sheet()).json()["scorecard"].startswith("sc_")


def test_a_version_that_was_rolled_back_is_not_remembered(bids_api, database):
    """What a failed change would have stored is nobody's version 2, in no session."""

    def save(session, name):
        given = SheetInput.model_validate(sheet(name=name))
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=False, now=utcnow())
        return load_sheet(session, "bids").body.name

    def fail(session):
        raise RuntimeError(save(session, "Failed"))

    with pytest.raises(RuntimeError, match="Failed"), database.writing() as session:
        fail(session)
    with database.writing() as session:
        save(session, "Kept")
    with database.writing() as session:
        assert load_sheet(session, "bids").body.name == "Kept"
    with database.reading() as session:
        assert load_sheet(session, "bids").body.name == "Kept"
