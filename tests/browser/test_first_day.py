"""The first day of a team, by pages alone: from an empty service to a card learnt from a CSV of closed deals."""

import random
from datetime import timedelta

import pytest

from app.db import utcnow
from scripts.begin import first_admin

PASSWORD = "seven quiet herons"
PHONE, DESK = 390, 1280


def closed_deals(path, count=70):
    """A CRM's export: with a budget three of four are won, without it one of four; one row is broken."""
    drawn, today = random.Random(7), utcnow().date()
    lines = ["Deal ID,Name,Owner,Value,Close Date,Status,Budget is allocated"]
    for number in range(count):
        budget = number % 2 == 0
        won = drawn.random() < (0.75 if budget else 0.25)
        closed = today - timedelta(days=3 * (count - number))
        lines.append(
            f"D-{number},Deal {number},ada,{1000 + number},{closed},"
            f"{'Closed Won' if won else 'Closed Lost'},{'Yes' if budget else 'No'}"
        )
    lines += [
        *(f"O-{number},Open deal {number},ada,900,,Open,Yes" for number in range(5)),
        "X-1,Broken deal,ada,900,2026-13-01,Closed Won,Yes",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def link(site):
    """What `scripts/start --own` prints on a database without people: where the first admin chooses a password."""
    with site.database.writing() as session:
        return f"/choose-password/{first_admin(session)}"


def say_what_counts(page, key):
    """Of every characteristic that a yes speaks for a sale and counts clearly."""
    page.goto(f"/sheets/{key}/beliefs")
    for field in page.locator("fieldset.belief").all():
        groups = field.locator("fieldset.segments").all()
        for group in groups[:-1]:
            group.get_by_text("for a sale", exact=True).click()
        groups[-1].get_by_text("clearly", exact=True).click()
    page.get_by_role("button", name="This is what I believe").click()


def test_a_new_team_comes_to_its_first_card_by_pages_alone(open_browser, link, faults, tmp_path):
    """The seven steps as a new manager takes them, five forecasts among them, axe at each page."""
    page = open_browser()
    page.goto(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    found = []

    def look():
        found.extend(f"{page.url}: {fault}" for fault in faults(page))

    page.goto("/first-day")
    look()
    page.get_by_role("link", name="Choose a check sheet").click()
    look()
    page.locator('a[href$="starter=industrial"]').click()
    look()
    page.get_by_role("button", name="Make this sheet").click()
    look()
    key = page.url.rpartition("/")[2]

    page.goto(f"/sheets/{key}/beliefs")
    look()
    say_what_counts(page, key)
    look()
    page.get_by_role("button", name="Make the middle our belief").click()
    assert "carries what the team believes" in page.get_by_role("status").inner_text()

    page.goto("/import")
    page.get_by_label("File", exact=True).set_input_files(str(closed_deals(tmp_path / "deals.csv")))
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("button", name="Show what would be stored").last.click()
    look()
    assert "1 that cannot be taken" in page.locator("main").inner_text()
    page.get_by_role("button", name="Import about").click()
    page.get_by_role("heading", name="1 row did not land").wait_for()
    look()
    assert "75 new" in page.locator(".lead").inner_text()

    page.goto("/first-day")
    look()
    page.get_by_role("button", name="Train the first card").click()
    page.get_by_role("heading", name="You said, your past says").wait_for()
    look()
    budget = page.locator(".told", has=page.get_by_role("heading", name="Budget is allocated"))
    assert "your past bears it out" in budget.inner_text()
    assert "of 35" in budget.inner_text()

    card = page.url
    page.goto("/first-day")
    assert "at your pace about" in page.locator("#pace").inner_text()
    for _ in range(5):
        page.goto("/qualify")
        page.locator("li.tile a").first.click()
        page.get_by_text("Record what ada told you").click()
        page.locator("#score").get_by_label("75 %").check()
        page.get_by_role("button", name="Lock it", exact=True).click()
        page.get_by_text("ada said, before seeing the score").wait_for()
    look()
    page.goto("/qualify")
    assert page.get_by_text("Nothing waits to be qualified.").is_visible()
    page.goto("/first-day/past-deals")
    look()
    for path in (f"/sheets/{key}/print", f"{card}/print", "/cards", f"/sheets/{key}/edit", f"/sheets/{key}/versions/2"):
        page.goto(path)
        look()
    assert found == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_sheet_is_written_by_thumb_with_and_without_script(signed_in, script):
    """Add, fill, move, look, save: the buttons change the form, and only saving stores anything."""
    page = signed_in("manager", width=PHONE, script=script)
    page.goto("/new-sheet?starter=blank")
    page.get_by_label("Name of the sheet").fill(f"Small {script}")
    page.locator("details.written summary").click()
    page.get_by_label("Name", exact=True).fill("Budget")
    page.get_by_label("The sign that must be seen to tick it").fill("The customer named the amount in writing.")
    page.get_by_role("button", name="Add a characteristic").click()
    page.get_by_label("Name", exact=True).last.fill("Serious")
    page.get_by_label("The sign that must be seen to tick it").last.fill("They seem serious.")
    page.get_by_role("button", name="Look it over first").click()
    assert "It rests on an impression (serious)" in page.locator("details.written").nth(1).inner_text()
    page.locator("details.written summary").nth(1).click()
    page.get_by_role("button", name="Move up Serious").click()
    assert page.locator("details.written summary").first.inner_text().startswith("1. Serious")
    page.get_by_role("button", name="Make this sheet").click()
    assert page.locator(".items h2").all_inner_texts() == ["Serious", "Budget"]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_two_who_write_at_once_do_not_overwrite_each_other(signed_in, width):
    """The second is shown what the first changed, and keeps what was typed."""
    first, second = signed_in("manager", width=width), signed_in("manager", width=width)
    first.goto("/new-sheet?starter=bant")
    first.get_by_label("Name of the sheet").fill(f"Ours {width}")
    first.get_by_role("button", name="Make this sheet").click()
    path = f"{first.url}/edit"
    for page in (first, second):
        page.goto(path)
    first.get_by_label("Step for A").fill("A visit this week")
    first.get_by_role("button", name="Save as a new version").click()
    second.get_by_label("Step for D").fill("No quote")
    second.get_by_role("button", name="Save as a new version").click()
    assert "A visit this week" in second.get_by_role("alert").inner_text()
    assert second.get_by_label("Step for D").input_value() == "No quote"


def test_a_rep_says_what_counts_and_sees_the_others_only_then(signed_in):
    manager, rep = signed_in("manager"), signed_in("rep", width=PHONE)
    manager.goto("/new-sheet?starter=meddpicc")
    manager.get_by_role("button", name="Make this sheet").click()
    key = manager.url.rpartition("/")[2]
    say_what_counts(manager, key)
    rep.goto(f"/sheets/{key}/beliefs")
    assert rep.get_by_role("heading", name="What the team believes").count() == 0
    say_what_counts(rep, key)
    assert rep.get_by_role("heading", name="What the team believes").is_visible()
    assert rep.get_by_role("button", name="Make the middle our belief").count() == 0
