"""Which passwords are taken, and what is kept of them."""

import pytest

from app.accounts.passwords import DUMMY_HASH, check_choice, hash_password, is_outdated, matches
from app.errors import Unprocessable

ADA = {"name": "Ada Lindqvist", "email": "ada.l@mill-works.example"}


@pytest.mark.parametrize(
    "password",
    [
        "seven quiet herons",
        "correct horse battery staple",
        "ÅngermanlandÄlgBro",
        "tLq9!vZp#2mW",
        "dampfschifffahrt",
        "日本語のとても長い合い言葉です",
        "x" * 1 + "quiet herons " * 78,
    ],
)
def test_a_password_of_ones_own_is_taken(password):
    check_choice(password, **ADA)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short words", "too_short"),
        ("", "too_short"),
        ("quiet herons " * 80, "too_long"),
        ("passwordpassword", "too_common"),
        ("Password1234!", "too_common"),
        ("P@ssw0rd2026", "too_common"),
        ("qwertyuiop123456", "too_common"),
        ("123456789012345", "too_common"),
        ("abcdefghijklmnop", "too_common"),
        ("aaaaaaaaaaaaaaaa", "too_common"),
        ("iloveyou123456", "too_common"),
        ("abcabcabcabcabc", "too_common"),
        ("welcome-admin-1", "too_common"),
        ("AdaLindqvist26!", "too_personal"),
        ("lindqvist lindqvist", "too_personal"),
        ("ada.l@mill-works.example", "too_personal"),
        ("winnow-winnow-77", "too_personal"),
        ("Winnow4Lindqvist", "too_personal"),
    ],
)
def test_a_password_easily_guessed_is_refused_with_its_reason(password, code):
    with pytest.raises(Unprocessable) as refused:
        check_choice(password, **ADA)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [("/password", code)]


def test_no_mix_of_signs_is_asked_for():
    """Lower case and blanks alone will do: length counts, not composition."""
    check_choice("gravel otter lantern", **ADA)


def test_the_same_password_is_kept_differently_each_time():
    assert hash_password("seven quiet herons") != hash_password("seven quiet herons")


def test_only_the_password_matches_what_is_kept():
    kept = hash_password("seven quiet herons")
    assert matches("seven quiet herons", kept)
    assert not matches("seven quiet heron", kept)


def test_an_accent_typed_in_two_ways_is_the_same_password():
    """One keyboard sends é as one sign, another as two."""
    assert matches("caf\u0065\u0301 in the rain", hash_password("caf\u00e9 in the rain"))


def test_nothing_matches_where_there_is_no_password():
    assert not matches("nobody has this password", None)


def test_an_unknown_person_costs_the_same_work_as_a_known_one(monkeypatch):
    """The stand-in hash was made with the parameters in force, so holding a password against it takes as long."""
    monkeypatch.undo()
    assert not is_outdated(DUMMY_HASH)
