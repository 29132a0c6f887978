"""`winnow users`: the first admin comes from the command line, by a one-time link."""

import json

import pytest

from app.accounts import people
from app.cli import main
from app.db import utcnow

EVA = ["--email", "Eva@Example.com", "--name", "Eva Ek", "--role", "admin"]


@pytest.fixture
def winnow(database_url, monkeypatch, capsys):
    """Run a `winnow` command on the database under test: its exit status and what it printed."""
    monkeypatch.setenv("WINNOW_DATABASE_URL", database_url)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["winnow", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr()

    return run


def test_creating_a_user_prints_a_link_that_works(winnow, database):
    status, printed = winnow("users", "create", *EVA)
    link = printed.out.strip()
    assert status == 0
    assert link.startswith("http://127.0.0.1:8000/choose-password/")
    with database.reading() as session:
        person = people.find_by_link(session, token=link.rpartition("/")[2], now=utcnow())
    assert (person.email, person.role) == ("eva@example.com", "admin")


def test_the_link_begins_where_people_reach_the_service(winnow, monkeypatch):
    monkeypatch.setenv("WINNOW_BASE_URL", "https://winnow.example")
    _, printed = winnow("users", "create", *EVA, "--json")
    assert json.loads(printed.out)["link"].startswith("https://winnow.example/choose-password/")
    _, printed = winnow("users", "reset", "eva@example.com", "--base-url", "https://other.example/")
    assert printed.out.startswith("https://other.example/choose-password/")


def test_a_reset_ends_the_link_before_it(winnow, database):
    tokens = [winnow(*command)[1].out.strip().rpartition("/")[2]
              for command in (["users", "create", *EVA], ["users", "reset", " EVA@example.com"])]  # fmt: skip
    with database.reading() as session:
        assert people.find_by_link(session, token=tokens[1], now=utcnow()).name == "Eva Ek"
        with pytest.raises(people.NotFound):
            people.find_by_link(session, token=tokens[0], now=utcnow())


def test_the_list_shows_everybody_and_no_hash(winnow):
    winnow("users", "create", *EVA)
    winnow(
        "users", "create", "--email", "a@b.example", "--name", "Al", "--role", "rep", "--owner", "al", "--owner", "bo"
    )
    _, printed = winnow("users", "list", "--json")
    listed = json.loads(printed.out)
    assert [(one["name"], one["role"], one["owners"], one["state"]) for one in listed] == [
        ("Al", "rep", ["al", "bo"], "invited"),
        ("Eva Ek", "admin", [], "invited"),
    ]
    assert "hash" not in printed.out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["users", "reset", "nobody@example.com"], "Nobody signs in with this e-mail."),
        (["users", "create", "--email", "x", "--name", "X", "--role", "admin"], "e-mail address"),
        (["users", "create", "--email", "x@y", "--name", "X", "--role", "boss"], "Take one of the roles"),
        (["users", "create", "--email", "x@y", "--name", "X", "--role", "rep"], "at least one owner"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(winnow, command, said):
    status, printed = winnow(*command)
    assert (status, printed.out) == (1, "")
    assert said in printed.err
    assert len(printed.err.strip().splitlines()) == 1
