"""The shipped check sheets, read as the files they are."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

STARTERS = Path(__file__).parents[3] / "app" / "checksheets" / "starters"
SHEETS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(STARTERS.glob("*.json"))
}
ITEMS = [pytest.param(item, id=f"{key}-{item['key']}") for key, sheet in SHEETS.items() for item in sheet["items"]]
STAGES = ["aware", "informing", "comparing", "priority", "budgeting", "deciding", "using"]


def has_belief(item: dict[str, Any]) -> bool:
    return "expected" in item or "importance" in item or any("expected" in one for one in item.get("choices", ()))


def test_five_starters_are_shipped_under_their_own_keys():
    """Each file holds the sheet its name says."""
    assert {name: sheet["key"] for name, sheet in SHEETS.items()} == {
        name: name for name in ("bant", "blank", "industrial", "journey", "meddpicc")
    }


@pytest.mark.parametrize("name", SHEETS)
def test_ten_items_are_plenty(name):
    """No starter asks for more than ten characteristics, and none is empty."""
    assert 1 <= len(SHEETS[name]["items"]) <= 10


@pytest.mark.parametrize("name", SHEETS)
def test_item_keys_are_unique(name):
    """An item stands on a sheet once."""
    keys = [item["key"] for item in SHEETS[name]["items"]]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_says_what_to_see_where_to_look_and_what_to_offer(item):
    """Definition, how and help are written for every item."""
    assert all(item[field].strip() for field in ("label", "definition", "how", "help"))


@pytest.mark.parametrize("item", ITEMS)
def test_texts_fit_a_phone_and_a_printed_sheet(item):
    """Labels keep to 60 characters and definitions to 300."""
    assert len(item["label"]) <= 60
    assert len(item["definition"]) <= 300


@pytest.mark.parametrize("item", ITEMS)
def test_definitions_hold_no_words_of_opinion(item):
    """A definition names a sign, so words that two people read differently stay out."""
    opinions = ("interested", "interest ", "good", "strong", "serious", "likely", "promising", "relationship")
    text = f"{item['label']} {item['definition']}".lower()
    assert [word for word in opinions if word in text] == []


@pytest.mark.parametrize("item", ITEMS)
def test_a_belief_has_a_rationale_and_a_rationale_a_belief(item):
    """Nobody is asked to believe without a reason, and no reason stands without a belief."""
    assert has_belief(item) == ("rationale" in item)


@pytest.mark.parametrize("item", ITEMS)
def test_a_belief_has_direction_and_importance(item):
    """A direction comes with an importance from 1 to 3, and an importance with a direction."""
    directions = [item.get("expected"), *(one.get("expected") for one in item.get("choices", ()))]
    given = {direction for direction in directions if direction is not None}
    assert given <= {"for", "against"}
    assert (item.get("importance") in (1, 2, 3)) == bool(given)


@pytest.mark.parametrize("item", ITEMS)
def test_the_kind_decides_where_choices_and_unit_stand(item):
    """Choice and scale have at least two choices, number has a unit, yes_no has neither."""
    fields = {field for field in ("choices", "unit") if item.get(field)}
    assert fields == {"yes_no": set(), "number": {"unit"}, "choice": {"choices"}, "scale": {"choices"}}[item["kind"]]
    assert len(item.get("choices", ("one", "two"))) >= 2


@pytest.mark.parametrize("item", ITEMS)
def test_choices_hold_the_direction_of_a_choice_and_the_item_that_of_a_scale(item):
    """A choice item is believed answer by answer; a scale rises as a whole."""
    by_answer = any("expected" in one for one in item.get("choices", ()))
    assert by_answer <= (item["kind"] == "choice")
    assert ("expected" in item) <= (item["kind"] != "choice")


@pytest.mark.parametrize("item", ITEMS)
def test_no_choice_is_called_unknown(item):
    """`unknown` is an answer of its own, so no choice takes the word."""
    assert "unknown" not in {choice["key"] for choice in item.get("choices", ())}


def test_shared_keys_mean_the_same():
    """History survives a change of sheet because an item's meaning does not differ between starters."""
    meanings = defaultdict(set)
    for sheet in SHEETS.values():
        for item in sheet["items"]:
            same = {field: value for field, value in item.items() if field not in ("label", "stage")}
            meanings[item["key"]].add(json.dumps(same, sort_keys=True))
    assert [key for key, texts in meanings.items() if len(texts) > 1] == []


@pytest.mark.parametrize("name", ["industrial", "journey", "bant", "meddpicc"])
def test_stages_are_the_customers_steps_each_with_a_sign(name):
    """The stages are the default ones, and each says what the customer does to enter it."""
    assert [stage["key"] for stage in SHEETS[name]["stages"] if stage["label"] and stage["sign"]] == STAGES


@pytest.mark.parametrize("item", ITEMS)
def test_an_items_stage_is_one_of_the_stages(item):
    """An item hangs on a known stage or on none."""
    assert item.get("stage", "aware") in STAGES


def test_the_journey_has_a_sign_for_every_stage():
    """The journey sheet asks for at least one characteristic at each step of the customer."""
    assert {item["stage"] for item in SHEETS["journey"]["items"]} == set(STAGES)


@pytest.mark.parametrize("name", ["industrial", "journey", "bant", "meddpicc"])
def test_every_grade_has_a_step(name):
    """What to do with an A, B, C or D is said in words."""
    assert sorted(grade for grade, step in SHEETS[name]["grade_steps"].items() if step) == ["A", "B", "C", "D"]


def test_the_blank_sheet_believes_nothing():
    """Its only item is an example that says it is to be replaced."""
    (item,) = SHEETS["blank"]["items"]
    assert not has_belief(item)
    assert "replace" in item["label"].lower()
