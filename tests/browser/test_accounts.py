"""Signing in, people and one's own account in a real browser: on a phone and at a desk, with script and without."""

import re

import pytest

PASSWORD = "seven quiet herons"
NEW = "nine red lanterns"
PHONE, DESK = 390, 1280
anywhere = pytest.mark.parametrize("width", [PHONE, DESK])
with_and_without_script = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def choose(page, password=NEW, repeated=NEW):
    page.get_by_label("New password").fill(password)
    page.get_by_label("The same again").fill(repeated)
    page.get_by_role("button", name="Set the password and sign in").click()


def invite(page, name="Sam Storm", email="sam@example.com", owners="rep-sam"):
    page.goto("/people")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Rep", exact=False).first.check()
    page.get_by_label("A rep answers for these owners").fill(owners)
    page.get_by_role("button", name="Invite and make the link").click()
    return page.locator(".hand-over a").get_attribute("href")


@anywhere
@with_and_without_script
def test_signing_in_leads_home_and_out_again(open_browser, sign_in, someone, width, script):
    page = sign_in(open_browser(width=width, script=script), someone())
    assert page.get_by_role("link", name="Home").get_attribute("aria-current") == "page"
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("status").inner_text() == "You are signed out."
    page.goto("/account")
    assert page.url.endswith("/sign-in?next=%2Faccount")


@anywhere
@with_and_without_script
def test_a_wrong_password_is_told_and_the_email_stays(open_browser, someone, width, script):
    page, who = open_browser(width=width, script=script), someone()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").inner_text().strip() == "The e-mail or the password is not right."
    assert page.get_by_label("E-mail").input_value() == who.email
    assert page.get_by_label("Password", exact=True).input_value() == ""


@anywhere
@with_and_without_script
def test_an_invited_person_follows_the_link_and_is_in(signed_in, open_browser, width, script):
    admin = signed_in("admin", width=width, script=script)
    email = f"sam-{width}-{script}@example.com".lower()
    link = invite(admin, email=email)
    admin.reload()
    assert admin.locator(".hand-over").count() == 0
    sam = open_browser(width=width, script=script)
    sam.goto(link)
    choose(sam, "sam storm", "sam storm")
    assert "Take at least 12 characters" in sam.get_by_label("New password").locator("xpath=..").inner_text()
    choose(sam)
    assert sam.get_by_role("heading", name="Hello Sam Storm").is_visible()
    assert "for the prospects of rep-sam" in sam.locator(".lead").inner_text()
    sam.goto(link)
    assert "Ask an admin of Winnow for a new one." in sam.locator("main").inner_text()


@with_and_without_script
def test_a_refused_invitation_keeps_what_was_typed(signed_in, script):
    page = signed_in("admin", width=PHONE, script=script)
    invite_without_owner = {"email": "kim@example.com", "name": "Kim", "owners": ""}
    page.goto("/people")
    page.get_by_label("Name").fill(invite_without_owner["name"])
    page.get_by_label("E-mail").fill(invite_without_owner["email"])
    page.get_by_role("button", name="Invite and make the link").click()
    assert page.get_by_label("Name").input_value() == "Kim"
    assert "A rep answers for at least one owner" in page.locator("#owners-error").inner_text()


@with_and_without_script
def test_an_admin_changes_disables_and_readmits_a_person(signed_in, open_browser, sign_in, someone, script):
    admin, who = signed_in("admin", script=script), someone()
    theirs = signed_in(person=who)
    admin.goto(f"/people/{who.id}")
    admin.get_by_label("Manager").check()
    admin.get_by_role("button", name="Save").click()
    theirs.reload()
    assert "You are here as manager" in theirs.locator(".lead").inner_text()
    admin.get_by_role("button", name=f"Disable {who.name}").click()
    theirs.reload()
    assert theirs.url.endswith("/sign-in")
    admin.get_by_role("button", name=f"Let {who.name} in again").click()
    assert sign_in(open_browser(), who).url.endswith("/")


def test_signing_out_everywhere_ends_the_other_browsers_session(signed_in, someone):
    who = someone()
    phone, desk = signed_in(person=who, width=PHONE), signed_in(person=who)
    desk.goto("/account")
    assert desk.locator(".rows li").count() == 2
    desk.get_by_role("button", name="Sign out everywhere").click()
    assert desk.get_by_role("status").inner_text() == "You are signed out everywhere."
    phone.goto("/account")
    assert phone.get_by_role("status").inner_text() == "You have been signed out. Please sign in again."


@with_and_without_script
def test_ones_own_password_is_changed_and_the_new_one_counts(signed_in, open_browser, script):
    page = signed_in(script=script)
    page.goto("/account")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("The same again").fill(NEW)
    page.get_by_role("button", name="Change the password").click()
    assert "Your password is changed" in page.get_by_role("status").inner_text()
    other = open_browser()
    other.goto("/sign-in")
    other.get_by_label("E-mail").fill(page.person.email)
    other.get_by_label("Password", exact=True).fill(NEW)
    other.get_by_role("button", name="Sign in").click()
    assert other.url.endswith("/")


# Every page


def every_page(signed_in, open_browser, **how):
    """Each page in turn, as somebody who may see it: its name, and a browser that shows it."""
    stranger = open_browser(**how)
    stranger.goto("/sign-in")
    yield "sign in", stranger
    stranger.get_by_role("button", name="Sign in").evaluate("button => button.form.noValidate = true")
    stranger.get_by_role("button", name="Sign in").click()
    yield "sign in, refused", stranger
    admin = signed_in("admin", **how)
    yield "home", admin
    link = invite(admin, email=f"page{id(admin)}@example.com")
    yield "person, link to hand over", admin
    for path in ("/people", "/account", f"/people/{admin.person.id}", "/nowhere"):
        admin.goto(path)
        yield path, admin
    stranger.goto(link)
    yield "choose a password", stranger
    choose(stranger, "too short", "another")
    yield "choose a password, refused", stranger
    rep = signed_in("rep", **how)
    rep.goto("/people")
    yield "people, refused", rep


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing_on_any_page_and_no_page_asks_another_site(signed_in, open_browser, faults, width, scheme):
    found = {name: faults(page) for name, page in every_page(signed_in, open_browser, width=width, scheme=scheme)}
    assert {name: faulty for name, faulty in found.items() if faulty} == {}
    assert len(found) == 11


@anywhere
def test_no_page_is_wider_than_its_window_and_every_target_fits_a_thumb(signed_in, open_browser, width):
    """Links within a sentence and the skip link aside, whatever can be tapped is 44 px high."""
    targets = "button, nav a, .button, input, textarea, .row-link, .wordmark, .choice"
    small = f"""() => [...document.querySelectorAll("{targets}")]
        .filter(one => one.offsetParent && !one.closest(".choice, .show") || one.matches(".choice"))
        .filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML.slice(0, 90))"""
    for name, page in every_page(signed_in, open_browser, width=width):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate(small) == [], name


def test_no_page_breaks_its_own_policy(signed_in, open_browser):
    """Chromium reports every script or style the policy stopped, and every error of ours."""
    complaints = []

    def watched(**how):
        page = open_browser(**how)
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    for _ in every_page(signed_in, watched):
        pass
    assert [one for one in complaints if not re.search("status of (404|422|403)", one)] == []


def test_the_interactive_docs_still_work_under_their_own_policy(open_browser):
    page = open_browser()
    page.goto("/docs")
    page.locator(".opblock").first.wait_for()
    assert page.elsewhere == []


# Keyboard alone


def press_to(page, name, limit=200):
    """Go on with Tab until what has the focus is called so."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "() => (document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText ?? '').trim()"
        )
        if said.startswith(name):
            outline = page.evaluate("() => getComputedStyle(document.activeElement.closest('.choice') ?? "
                                    "document.activeElement).outlineStyle")  # fmt: skip
            assert outline == "solid", f"{name} does not show that it has the focus"
            return
    msg = f"Tab never came to {name!r}"
    raise AssertionError(msg)


@anywhere
def test_the_keyboard_alone_signs_in_invites_and_signs_out(open_browser, someone, width):
    page, who = open_browser(width=width), someone("admin")
    page.goto("/sign-in")
    press_to(page, "Skip to the content")
    press_to(page, "E-mail")
    page.keyboard.type(who.email)
    press_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Hello").wait_for()
    press_to(page, "More")
    page.keyboard.press("Enter")
    press_to(page, "People")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Invite somebody").wait_for()
    press_to(page, "Name")
    page.keyboard.type("Kay")
    press_to(page, "E-mail")
    page.keyboard.type(f"kay{width}@example.com")
    press_to(page, "Rep")
    page.keyboard.press("ArrowDown")
    press_to(page, "Invite and make the link")
    page.keyboard.press("Enter")
    page.locator(".hand-over a").wait_for()
    press_to(page, "More")
    page.keyboard.press("Enter")
    press_to(page, "Sign out")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Sign in").wait_for()


def test_the_skip_link_leads_past_the_navigation(signed_in):
    page = signed_in("admin")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_what_is_wrong_with_a_form_gets_the_focus(open_browser, someone):
    """A screen reader begins with it, and a phone shows it."""
    page, who = open_browser(width=PHONE), someone()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password", exact=True).fill("not the password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"


def test_a_password_can_be_looked_at_while_it_is_typed(open_browser):
    page = open_browser(width=PHONE)
    page.goto("/sign-in")
    field = page.get_by_label("Password", exact=True)
    field.fill("seven")
    page.get_by_label("Show the password").check()
    assert field.get_attribute("type") == "text"
    page.get_by_label("Show the password").uncheck()
    assert field.get_attribute("type") == "password"
