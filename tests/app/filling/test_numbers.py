"""Numbers as people type them: a comma is a point, and what could be two numbers is asked again."""

import pytest

from app.typed import as_number
from tests.visiting import says


@pytest.mark.parametrize(
    ("typed", "number"),
    [("3,5", 3.5), ("3.5", 3.5), (" 12 ", 12), ("-0,5", -0.5), ("0,125", 0.125), ("1.125", 1.125), ("1250", 1250)],
)
def test_a_comma_is_a_point(typed, number):
    assert as_number(typed) == number


@pytest.mark.parametrize(
    "typed", ["1,250", "1.250", "60.000", "1.250,50", "1,250.50", "1 250", "1_000", "nan", "x", ""]
)
def test_what_is_no_number_or_could_be_two_is_refused(typed):
    with pytest.raises(ValueError, match=r"may mean|takes a number"):
        as_number(typed)


def test_an_answer_typed_with_a_comma_is_stored_as_that_number(sit, prospect, bids_api):
    ada = sit()
    ada.press(ada.look(), "Save", n_size="3,5")
    assert bids_api.get("/v1/prospects/p1").json()["answers"] == {"size": 3.5}


def test_an_answer_that_could_be_two_numbers_is_asked_again_and_nothing_is_stored(sit, prospect, observed):
    ada = sit()
    reply = ada.press(ada.look(), "Save", n_size="1,250")
    assert (reply.status_code, "may mean 1250 or 1.25" in says(reply), observed()) == (422, True, [])
