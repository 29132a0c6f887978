"""Pages of accounts: links that choose a password, one's own account, and people for admins."""

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from app.accounts import people
from app.accounts.tables import Person, SignInSession

PASSWORD = "seven quiet herons"
NEW = {"password": "nine red lanterns", "repeated": "nine red lanterns"}


def link_on(page):
    """The link an admin is to hand over."""
    return BeautifulSoup(page.text, "html.parser").select_one(".hand-over a")["href"]


def invite(admin, **changes):
    fields = {"name": "Bo Berg", "email": "bo@example.com", "role": "rep", "owners": "bo"} | changes
    return admin.submit(admin.get("/people"), "Invite and make the link", **fields)


def test_an_invited_person_chooses_a_password_and_is_signed_in(admin, visit, people_helpers):
    link = link_on(invite(admin))
    browser = visit("198.51.100.9")
    page = browser.submit(browser.get(link), "Set the password", **NEW)
    assert page.url.path == "/"
    assert "Hello Bo Berg You are here as rep, for the prospects of bo." in people_helpers(page)
    assert visit().sign_in("bo@example.com", NEW["password"]).url.path == "/"


def test_the_link_is_shown_once_and_begins_where_people_reach_the_service(admin):
    page = invite(admin)
    assert link_on(page).startswith("https://winnow.example/choose-password/")
    assert "choose-password" not in admin.get(page.url.path).text


def test_looking_at_a_link_does_not_use_it_up(admin, visit):
    """Chat programs open links before people do."""
    link = link_on(invite(admin))
    assert [visit().get(link).status_code for _ in range(3)] == [200] * 3


def test_a_used_link_says_what_to_do(admin, visit, people_helpers):
    link = link_on(invite(admin))
    browser = visit()
    shown = browser.get(link)
    browser.submit(shown, "Set the password", **NEW)
    page = visit().get(link)
    assert page.status_code == 404
    assert "Ask an admin of Winnow for a new one." in people_helpers(page)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"password": "short", "repeated": "short"}, "Take at least 12 characters"),
        ({"password": "nine red lanterns", "repeated": "nine red lantern"}, "The two are not the same"),
        ({"password": "Bo Berg Bo Berg", "repeated": "Bo Berg Bo Berg"}, "little more than your name"),
    ],
)
def test_a_refused_choice_is_explained_at_its_field_and_the_link_still_works(admin, visit, people_helpers, typed, said):
    link = link_on(invite(admin))
    browser = visit()
    page = browser.submit(browser.get(link), "Set the password", **typed)
    assert page.status_code == 422
    assert said in people_helpers(page)
    wrong = BeautifulSoup(page.text, "html.parser").select_one("[aria-invalid=true]")
    assert said in BeautifulSoup(page.text, "html.parser").find(id=wrong["aria-describedby"].split()[0]).get_text()
    assert browser.submit(page, "Set the password", **NEW).url.path == "/"


def test_a_reset_ends_every_older_session_of_the_person(admin, take_in, visit, database):
    ada = take_in()
    phone = visit("198.51.100.9")
    phone.sign_in("ada@example.com")
    link = link_on(admin.submit(admin.get(f"/people/{ada.id}"), "Make a link"))
    desk = visit()
    desk.submit(desk.get(link), "Set the password", **NEW)
    assert phone.get("/account").url.path == "/sign-in"
    assert desk.get("/account").url.path == "/account"


def test_changing_ones_password_keeps_this_browser_and_ends_the_others(take_in, visit):
    take_in()
    desk, phone = visit(), visit("198.51.100.9")
    for browser in (desk, phone):
        browser.sign_in("ada@example.com")
    page = desk.submit(desk.get("/account"), "Change the password", current=PASSWORD, **NEW)
    assert page.url.path == "/account"
    assert phone.get("/account").url.path == "/sign-in"
    assert visit().sign_in("ada@example.com").status_code == 422


def test_a_wrong_present_password_changes_nothing(take_in, visit, people_helpers):
    take_in()
    browser = visit()
    browser.sign_in("ada@example.com")
    page = browser.submit(browser.get("/account"), "Change the password", current="not the password", **NEW)
    assert page.status_code == 422
    assert "That is not your present password." in people_helpers(page)
    assert visit().sign_in("ada@example.com").url.path == "/"


def test_the_account_lists_where_one_is_signed_in(take_in, visit):
    take_in()
    browser = visit()
    browser.client.headers["User-Agent"] = (
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537 Chrome/130.0 Mobile Safari/537"
    )
    browser.sign_in("ada@example.com")
    page = browser.get("/account")
    assert [one.browser for one in page.context["page"].sessions] == ["Chrome on Android"]


def test_the_list_of_people_shows_their_state(admin, take_in, database):
    take_in()
    invite(admin)
    page = admin.get("/people")
    assert [(one.name, one.state) for one in page.context["page"].people] == [
        ("Ada", "signs in"), ("Bo Berg", "invited"), ("Root", "signs in"),
    ]  # fmt: skip


def test_a_refused_invitation_keeps_what_was_typed(admin, people_helpers, count_rows):
    before = count_rows()
    page = invite(admin, email="not an address", name="Bo <b>Berg</b>", owners="")
    assert page.status_code == 422
    assert "That is not an e-mail address." in people_helpers(page)
    assert 'value="Bo &lt;b&gt;Berg&lt;/b&gt;"' in page.text
    assert count_rows() == before


def test_an_empty_invitation_names_what_is_missing(admin):
    page = invite(admin, email="", name=" ", role="")
    assert set(page.context["page"].form.errors) == {"email", "name"}


def test_an_admin_changes_a_persons_role_and_owners(admin, take_in, database):
    ada = take_in()
    admin.submit(admin.get(f"/people/{ada.id}"), "Save", role="rep", owners="ada\nbob")
    with database.reading() as session:
        assert session.get_one(Person, ada.id).owners == ["ada", "bob"]


def test_an_admin_disables_a_person_and_lets_them_in_again(admin, take_in, visit):
    ada = take_in()
    browser = visit()
    browser.sign_in("ada@example.com")
    page = admin.submit(admin.get(f"/people/{ada.id}"), "Disable Ada")
    assert browser.get("/").url.path == "/sign-in"
    admin.submit(page, "Let Ada in again")
    assert browser.sign_in("ada@example.com").url.path == "/"


def test_an_admin_is_not_offered_to_disable_themselves_and_cannot(admin, database):
    with database.reading() as session:
        me = people.find_by_email(session, email="root@example.com")
    page = admin.get(f"/people/{me.id}")
    assert "Disable Root" not in page.text
    token = page.context["frame"].form_token
    answer = admin.client.post(f"/people/{me.id}/disable", data={"form_token": token})
    assert answer.status_code == 409


def test_a_person_who_is_not_there_is_not_found(admin):
    assert admin.get("/people/person_0").status_code == 404


# What other sites and other people may not do


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://winnow.example.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://winnow.example"},
    ],
)
def test_a_form_sent_by_another_site_is_refused_even_with_the_token(admin, headers, count_rows):
    token = admin.get("/people").context["frame"].form_token
    before = count_rows()
    answer = admin.client.post(
        "/people", headers=headers, data={"form_token": token, "name": "E", "email": "e@e", "role": "admin"}
    )
    assert answer.status_code == 403
    assert "was not sent from a page of Winnow" in answer.text
    assert count_rows() == before


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
def test_a_form_without_its_token_is_refused_with_a_page(admin, token, count_rows):
    before = count_rows()
    data = {"name": "E", "email": "e@e", "role": "admin"} | ({} if token is None else {"form_token": token})
    answer = admin.client.post("/people", data=data)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert count_rows() == before


def test_the_token_of_one_session_is_worth_nothing_in_another(admin, take_in, visit):
    take_in("admin", "eve@example.com")
    eve = visit()
    eve.sign_in("eve@example.com")
    token = eve.get("/people").context["frame"].form_token
    assert admin.client.post("/people", data={"form_token": token}).status_code == 403


def test_another_site_cannot_sign_a_visitor_in(take_in, visit):
    """Without the cookie of the sign-in page there is no valid form."""
    take_in()
    answer = visit().client.post("/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 403


@pytest.mark.parametrize("role", ["rep", "manager"])
def test_people_are_for_admins(take_in, visit, role):
    other = take_in("admin", "root@example.com")
    take_in(role)
    browser = visit()
    browser.sign_in("ada@example.com")
    token = browser.get("/").context["frame"].form_token
    for path in ("/people", f"/people/{other.id}"):
        assert browser.get(path).status_code == 403
    for path in ("/people", f"/people/{other.id}", f"/people/{other.id}/link", f"/people/{other.id}/disable"):
        assert browser.client.post(path, data={"form_token": token}).status_code == 403
    assert "People" not in [link.label for link in browser.get("/").context["frame"].navigation]


def test_a_form_cannot_carry_more_than_it_shows(admin, database):
    """A role, a password or an id slipped into the form is not taken."""
    invite(admin, password_hash="x", id="person_0", disabled_at="2026-01-01")
    with database.reading() as session:
        person = people.find_by_email(session, email="bo@example.com")
    assert (person.password_hash, person.disabled_at, person.id == "person_0") == (None, None, False)


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "evil", "/\t/evil.example",
     "/\n/evil.example", "", " /x"],
)  # fmt: skip
def test_signing_in_sends_nobody_to_another_site(take_in, visit, path):
    take_in()
    browser = visit()
    page = browser.get("/sign-in", params={"next": path})
    assert page.context["page"].form["next"] == ""
    fields = {"email": "ada@example.com", "password": PASSWORD, "next": path}
    assert browser.submit(page, "Sign in", follow=False, **fields).headers["location"] == "/"


def test_signing_in_leads_on_to_where_one_wanted(take_in, visit):
    take_in()
    browser = visit()
    page = browser.get("/account?x=1")
    assert page.url.path == "/sign-in"
    assert browser.submit(page, "Sign in", email="ada@example.com", password=PASSWORD).url.path == "/account"


def test_whoever_is_signed_out_meanwhile_is_told_so(take_in, visit, database, people_helpers):
    take_in()
    browser = visit()
    browser.sign_in("ada@example.com")
    with database.writing() as session:
        session.execute(SignInSession.__table__.update().values(ended_at=SignInSession.created_at))
    assert "You have been signed out. Please sign in again." in people_helpers(browser.get("/account"))


def test_a_message_somebody_forged_is_not_shown(visit):
    browser = visit()
    browser.client.cookies.set("__Host-winnow-flash", "eyJ0ZXh0IjoiaGFja2VkIn0=.0000", domain="winnow.example")
    assert browser.get("/sign-in").context["frame"].flash is None


def test_sessions_of_others_are_not_ended_by_signing_out(take_in, visit, database):
    take_in()
    browser = visit()
    browser.sign_in("ada@example.com")
    browser.submit(browser.get("/"), "Sign out")
    with database.reading() as session:
        assert [one is not None for one in session.scalars(select(SignInSession.ended_at))] == [True]
