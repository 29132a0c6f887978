"""Signing in and staying so: what a browser holds, how long it counts, and what guessing comes to."""

import io
import re
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest
import structlog
import time_machine
from sqlalchemy import select

from app.accounts import passwords, people
from app.accounts import sign_in as signing
from app.accounts.schemas import PlaceInput
from app.accounts.service import COMMAND_LINE
from app.accounts.tables import AuditEntry, SignInSession
from app.db import utcnow
from app.errors import TooManyAttempts

PASSWORD = "seven quiet herons"
COOKIE = "__Host-winnow-session"


def is_signed_in(browser):
    return browser.get("/account", follow_redirects=False).status_code == 200


def change(database, person, **place):
    with database.writing() as session:
        found = people.find_person(session, person_id=person.id)
        people.change_place(session, person=found, given=PlaceInput(**place), by=COMMAND_LINE)


@pytest.fixture
def ada(take_in, visit):
    """Ada's browser, signed in."""
    take_in()
    browser = visit()
    browser.sign_in("ada@example.com")
    return browser


def test_the_right_password_opens_the_start_page(take_in, visit, people_helpers):
    take_in()
    page = visit().sign_in(" Ada@Example.com ")
    assert page.url.path == "/"
    assert "Hello Ada" in people_helpers(page)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "seven quiet cranes"),
        ("nobody@example.com", PASSWORD),
        ("disabled@example.com", PASSWORD),
        ("invited@example.com", ""),
        ("not an e-mail", PASSWORD),
        ("", ""),
        ("nul\0@example.com", PASSWORD),
        ("ada@example.com", "x" * 100_000),
    ],
)
def test_promise_20_every_refusal_reads_the_same_and_costs_one_verification(
    take_in, visit, database, monkeypatch, people_helpers, email, password
):
    """Nobody learns from the answer or from its work who is here."""
    take_in()
    gone = take_in(email="disabled@example.com")
    with database.writing() as session:
        found = people.find_person(session, person_id=gone.id)
        people.disable(session, person=found, by=COMMAND_LINE, now=utcnow())
        people.invite(
            session,
            given=people.PersonInput(email="invited@example.com", name="I", role="admin"),
            by=COMMAND_LINE,
            now=utcnow(),
        )
    verified = []
    monkeypatch.setattr(passwords, "_HASHER", Counting(passwords._HASHER, verified))
    page = visit().sign_in(email, password)
    assert (page.status_code, len(verified)) == (422, 1)
    assert signing.WRONG in people_helpers(page)


class Counting:
    """A hasher that notes each verification."""

    def __init__(self, hasher, calls):
        self.hasher, self.calls = hasher, calls

    def verify(self, kept, password):
        self.calls.append(kept)
        return self.hasher.verify(kept, password)

    def __getattr__(self, name):
        return getattr(self.hasher, name)


def test_a_refused_sign_in_shows_the_email_again_and_never_the_password(take_in, visit):
    take_in()
    page = visit().sign_in("ada@example.com", "a canary sings here")
    assert "ada@example.com" in page.text
    assert "canary" not in page.text


def test_promise_21_the_cookie_is_out_of_reach_of_scripts_other_sites_and_open_lines(take_in, visit):
    take_in()
    answer = visit().sign_in("ada@example.com", follow=False)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE))
    for attribute in ("HttpOnly", "SameSite=lax", "Secure", "Path=/", "Max-Age=2592000"):
        assert attribute in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("site", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_on_this_machine_itself_the_cookie_travels_unencrypted(take_in, visit, site):
    take_in()
    browser = visit()
    browser.client.base_url = site
    shown = browser.get("/sign-in").headers["set-cookie"]
    assert "Secure" not in shown
    assert "HttpOnly" in shown


def test_elsewhere_without_encryption_the_page_says_why_it_cannot_work(visit, people_helpers):
    browser = visit()
    browser.client.base_url = "http://winnow.example"
    page = browser.get("/sign-in")
    assert "not encrypted" in people_helpers(page)
    assert "Secure" in page.headers["set-cookie"]


def test_what_the_browser_holds_is_kept_only_as_a_hash(ada, database):
    token = ada.client.cookies[COOKIE]
    assert len(token) >= 43  # 256 bits
    with database.reading() as session:
        row = session.scalars(select(SignInSession)).one()
    assert row.token_hash == people.hash_token(token)
    assert token not in str(vars(row))
    assert "203.0.113.7" not in str(vars(row))


def test_a_token_somebody_planted_is_never_taken_up(take_in, visit):
    """Session fixation: signing in gives a new token, and the planted one stays worthless."""
    take_in()
    browser, attacker = visit(), visit()
    planted = "A" * 43
    for one in (browser, attacker):
        one.client.cookies.set(COOKIE, planted, domain="winnow.example")
    page = browser.submit(browser.get("/sign-in"), "Sign in", follow=False, email="ada@example.com", password=PASSWORD)
    assert planted not in page.headers["set-cookie"]
    assert not is_signed_in(attacker)


def test_signing_in_again_ends_the_session_the_browser_had(ada, database, visit):
    old = ada.client.cookies[COOKIE]
    ada.submit(ada.get("/account"), "Change the password", current=PASSWORD, password="nine red lanterns",
               repeated="nine red lanterns")  # fmt: skip
    other = visit()
    other.client.cookies.set(COOKIE, old, domain="winnow.example")
    assert is_signed_in(ada)
    assert not is_signed_in(other)


def test_a_tampered_cookie_is_nobody(ada):
    token = ada.client.cookies[COOKIE]
    ada.client.cookies.clear()
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.lower(), f"{token}x", "", "é"):
        answer = ada.client.get("/account", headers={"Cookie": f"{COOKIE}={wrong}".encode()}, follow_redirects=False)
        assert answer.headers["location"] == "/sign-in?next=%2Faccount"


def test_signing_out_ends_the_session_and_not_only_the_cookie(ada, visit):
    thief = visit()
    thief.client.cookies.set(COOKIE, ada.client.cookies[COOKIE], domain="winnow.example")
    assert is_signed_in(thief)
    ada.submit(ada.get("/"), "Sign out")
    assert not is_signed_in(ada)
    assert not is_signed_in(thief)


def test_signing_out_leaves_other_browsers_signed_in(ada, visit):
    phone = visit("198.51.100.9")
    phone.sign_in("ada@example.com")
    ada.submit(ada.get("/"), "Sign out")
    assert is_signed_in(phone)


def test_signing_out_everywhere_ends_every_browsers_session(ada, visit, take_in):
    phone, someone_else = visit("198.51.100.9"), visit()
    phone.sign_in("ada@example.com")
    take_in("manager", "mia@example.com")
    someone_else.sign_in("mia@example.com")
    ada.submit(ada.get("/account"), "Sign out everywhere")
    assert [is_signed_in(one) for one in (ada, phone, someone_else)] == [False, False, True]


def test_a_disabled_person_is_out_at_once(ada, database):
    with database.writing() as session:
        found = people.find_by_email(session, email="ada@example.com")
        people.disable(session, person=found, by=COMMAND_LINE, now=utcnow())
    assert not is_signed_in(ada)


def test_letting_a_person_in_again_revives_no_session(ada, database, visit):
    with database.writing() as session:
        found = people.find_by_email(session, email="ada@example.com")
        people.disable(session, person=found, by=COMMAND_LINE, now=utcnow())
        people.enable(session, person=found, by=COMMAND_LINE)
    assert not is_signed_in(ada)
    assert visit().sign_in("ada@example.com").url.path == "/"


def test_another_role_counts_from_the_next_click_on(ada, database):
    assert ada.get("/people").status_code == 403
    with database.reading() as session:
        person = people.find_by_email(session, email="ada@example.com")
    change(database, person, role="admin")
    assert ada.get("/people").status_code == 200


@pytest.mark.parametrize(("hours", "stays"), [(71.5, True), (72.5, False)])
def test_a_session_left_alone_ends_after_three_days(ada, hours, stays):
    with time_machine.travel(utcnow() + timedelta(hours=hours), tick=False):
        assert is_signed_in(ada) is stays


def test_a_session_in_use_ends_after_thirty_days_all_the_same(ada):
    start = utcnow()
    for day in range(1, 30):
        with time_machine.travel(start + timedelta(days=day), tick=False):
            assert is_signed_in(ada)
    with time_machine.travel(start + timedelta(days=30, seconds=5), tick=False):
        assert not is_signed_in(ada)


def test_reading_a_page_again_and_again_writes_nothing(ada, database):
    """A visit is noted every half hour at the most."""
    with database.reading() as session:
        before = session.scalars(select(SignInSession.last_seen_at)).one()
    ada.get("/")
    with database.reading() as session:
        assert session.scalars(select(SignInSession.last_seen_at)).one() == before


# Guessing


def guess(browser, times, email="ada@example.com"):
    return [browser.sign_in(email, f"guess number {n}").status_code for n in range(times)]


def test_ten_wrong_guesses_at_one_person_are_enough(take_in, visit):
    take_in()
    assert guess(visit(), 11) == [422] * 10 + [429]


def test_guessing_at_the_same_time_gains_nothing(app, take_in):
    """Tries still under way count, so that forty at once are not forty before the first is counted."""
    throttle = app.state.keeper.throttle
    counts = throttle.counts(email="e", address="a", known=False)
    with ExitStack() as running:
        for _ in range(10):
            running.enter_context(throttle.attempt(counts))
        with pytest.raises(TooManyAttempts), throttle.attempt(counts):
            pass
    with throttle.attempt(counts):
        pass


def test_a_stopped_guesser_is_told_when_to_try_again(take_in, visit, people_helpers):
    take_in()
    browser = visit()
    guess(browser, 10)
    page = browser.sign_in("ada@example.com")
    assert 1 <= int(page.headers["Retry-After"]) <= 15 * 60
    assert "Wait 15 minutes" in people_helpers(page)


def test_promise_20_guessing_at_somebody_does_not_lock_them_out_where_they_have_signed_in_before(ada, visit):
    """Even from their own address, which the guesser may share, and though every e-mail's count there is full."""
    ada.submit(ada.get("/"), "Sign out")
    guess(visit("198.51.100.66"), 11)
    assert ada.sign_in("ada@example.com").url.path == "/"


def test_an_address_that_guesses_at_many_is_stopped_for_all_of_them(take_in, visit):
    take_in()
    browser = visit()
    for n in range(30):
        browser.sign_in(f"person{n}@example.com", "a guess at random")
    assert browser.sign_in("ada@example.com").status_code == 429
    assert visit("198.51.100.9").sign_in("ada@example.com").url.path == "/"


def test_a_known_address_has_no_endless_guesses_either(ada, visit):
    thief = visit()
    assert guess(thief, 21) == [422] * 20 + [429]


def test_signing_in_rightly_counts_for_nothing(take_in, visit):
    """Forty people of one office may sign in within a minute."""
    take_in()
    assert {visit().sign_in("ada@example.com").status_code for _ in range(40)} == {200}


def test_the_wait_is_over_when_it_said(take_in, visit):
    take_in()
    browser = visit()
    guess(browser, 11)
    with time_machine.travel(time.time() + 15 * 60 + 1):
        assert browser.sign_in("ada@example.com").url.path == "/"


def test_guessing_at_the_present_password_is_stopped_too(ada):
    """Somebody at an unlocked phone is not its owner."""
    statuses = []
    for n in range(21):
        page = ada.get("/account")
        sent = {"current": f"guess number {n}", "password": "nine red lanterns", "repeated": "nine red lanterns"}
        statuses.append(ada.submit(page, "Change the password", **sent).status_code)
    assert statuses == [422] * 20 + [429]


# What is written down


def test_signing_in_and_out_is_audited_by_ids(ada, database):
    ada.submit(ada.get("/"), "Sign out")
    ada.sign_in("ada@example.com", "a wrong password")
    ada.sign_in("nobody@example.com", "a wrong password")
    with database.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [row.action for row in rows][-4:] == [
        "session.opened",
        "session.ended",
        "sign_in.refused",
        "sign_in.refused",
    ]
    assert "@" not in " ".join(f"{row.actor} {row.subject} {row.detail}" for row in rows)


@pytest.fixture
def written(monkeypatch):
    """What the service logs, from the least important message up."""
    written = io.StringIO()
    everything = structlog.make_filtering_bound_logger(0)
    for module in ("app.middleware", "app.errors"):
        log = structlog.wrap_logger(structlog.PrintLogger(written), wrapper_class=everything)
        monkeypatch.setattr(f"{module}.log", log)
    return written


def test_promise_26_no_password_email_or_link_is_ever_logged(take_in, visit, database, written, monkeypatch):
    """Right, wrong, in a form that cannot be read, in a link, and where the service itself fails."""
    person = take_in(email="canary@example.com")
    browser = visit()
    browser.sign_in("canary@example.com", "canary wrong password")
    browser.sign_in("canary@example.com")
    account = browser.get("/account")
    browser.submit(account, "Change the password", current="canary current", password="canary", repeated="canary 2")
    browser.client.post("/sign-in?password=canary", content=b"\xff\x00=canary&email=canary%00@example.com")
    with database.writing() as session:
        found = people.find_person(session, person_id=person.id)
        token = people.make_link(session, person=found, by=COMMAND_LINE, now=utcnow())
    shown = browser.get(f"/choose-password/{token}")
    monkeypatch.setattr(people, "hash_token", None)
    assert browser.submit(shown, "Set the password", password="canary 3", repeated="canary 3").status_code == 500
    logged = written.getvalue()
    assert '"route": "/choose-password/{token}"' in logged
    assert "'NoneType' object is not callable" in logged
    assert not re.search(f"canary|{PASSWORD}|{re.escape(token)}", logged)
