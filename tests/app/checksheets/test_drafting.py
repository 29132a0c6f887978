"""A check sheet as a form: to text and back it is the same, and its keys outlive new labels."""

import pytest

from app.checksheets.comparing import changes
from app.checksheets.drafting import press, to_sheet, to_values
from app.checksheets.queries import starter_sheets
from app.checksheets.schemas import Item
from app.checksheets.wording import advice_on, free_key
from app.errors import Unprocessable

STARTERS = {sheet.key: sheet for sheet in starter_sheets()}
BANT = STARTERS["bant"]


@pytest.mark.parametrize("key", STARTERS)
def test_a_sheet_goes_through_the_form_unchanged(key):
    """Opening and saving says nothing new."""
    sheet = STARTERS[key]
    assert changes(sheet, to_sheet(to_values(sheet), key=key, before=sheet)) == []


def test_an_order_to_keep_outlives_the_form():
    """The form has no field for it, so it is kept from the version the form was opened with."""
    fields = {"key": "need", "label": "Need", "definition": "They said so.", "kind": "number", "in_order": True}
    sheet = BANT.model_copy(update={"items": [Item(**fields)]})
    assert to_sheet(to_values(sheet), key="bant", before=sheet).items[0].in_order


def test_the_buttons_add_move_and_remove():
    values = to_values(BANT)
    first, second = values["i0_key"], values["i1_key"]
    down = press(values, "down:0")
    assert (down["i0_key"], down["i1_key"]) == (second, first)
    assert press(down, "up:1") == press(values, "look")
    assert press(values, "remove:0")["count"] == str(len(BANT.items) - 1)
    assert press(values, "add")[f"i{len(BANT.items)}_kind"] == "yes_no"


@pytest.mark.parametrize("button", ["up:0", "down:99", "remove:99", "remove:x", "nonsense", ""])
def test_a_button_that_leads_nowhere_changes_nothing(button):
    values = to_values(BANT)
    assert press(values, button) == values


def test_a_new_label_keeps_the_key_and_a_new_item_gets_one():
    values = press(to_values(BANT), "add") | {"i0_label": "Something else"}
    place = len(BANT.items)
    values |= {f"i{place}_label": "Something else", f"i{place}_definition": "They said it."}
    items = to_sheet(values, key="bant", before=BANT).items
    assert (items[0].key, items[-1].key) == (BANT.items[0].key, "something_else")


def test_choices_keep_their_keys_by_label_or_by_place():
    """One reworded in its line is the same choice; a line more is a new one."""
    item = next(item for item in STARTERS["industrial"].items if item.kind == "choice")
    values = to_values(STARTERS["industrial"])
    at = [one.key for one in STARTERS["industrial"].items].index(item.key)
    lines = values[f"i{at}_choices"].splitlines()
    reworded = values | {f"i{at}_choices": "\n".join(["Worded anew", *lines[1:]])}
    found = to_sheet(reworded, key="x", before=STARTERS["industrial"]).items[at].choices
    assert [choice.key for choice in found] == [choice.key for choice in item.choices]
    more = values | {f"i{at}_choices": "\n".join([*lines, "One more -"])}
    added = to_sheet(more, key="x", before=STARTERS["industrial"]).items[at].choices[-1]
    assert (added.key, added.expected) == ("one_more", "against")


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"i0_label": ""}, "/i0_label"),
        ({"i1_definition": ""}, "/i1_definition"),
        ({"name": ""}, "/name"),
        ({"expected_close_ratio": "many"}, "/expected_close_ratio"),
        ({"expected_close_ratio": "120"}, "/expected_close_ratio"),
        ({"i0_kind": "choice", "i0_choices": ""}, "/i0_choices"),
        ({"stages": "a step without a sign"}, "/stages"),
    ],
)
def test_what_is_wrong_is_named_at_its_field(changed, pointer):
    with pytest.raises(Unprocessable) as refused:
        to_sheet(to_values(BANT) | changed, key="bant", before=BANT)
    assert refused.value.errors[0].pointer == pointer


@pytest.mark.parametrize(
    ("definition", "is_fine"),
    [
        ("The customer named the amount and the cost centre, in writing or before a witness.", True),
        ("They ordered within the last 24 months.", True),
        ("They seem serious and are a good fit for us.", False),
        ("Budget", False),
        ("Strong interest", False),
        ("Somebody there likes us very much and would be glad of it.", False),
    ],
)
def test_a_definition_without_a_sign_gets_advice(definition, is_fine):
    advised = advice_on(Item(key="budget", label="Budget", definition=definition, kind="yes_no"))
    assert (advised == "") == is_fine


@pytest.mark.parametrize("sheet", STARTERS.values(), ids=lambda sheet: sheet.key)
def test_the_sheets_that_come_along_need_no_advice(sheet):
    assert [advice_on(item) for item in sheet.items if advice_on(item)] == []


def test_a_key_is_never_given_twice():
    assert free_key("Budget", {"budget", "budget_2"}) == "budget_3"
