"""A prospect's history in a real browser: effort, a step and an outcome noted with a thumb, and by keyboard alone."""

import pytest

from app.accounts.service import COMMAND_LINE
from app.checksheets.schemas import ObservationInput, SheetInput
from app.db import utcnow
from app.forecasts.schemas import ForecastInput
from app.forecasts.service import lock_forecast
from app.scoring.schemas import UpsertInput
from app.scoring.service import observe, upsert
from app.training.service import save_sheet
from tests.builders import sheet

PHONE, DESK = 390, 1280
anywhere = pytest.mark.parametrize("width", [PHONE, DESK])
with_and_without_script = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@pytest.fixture(scope="module")
def bids(site):
    """The check sheet `bids`, with its card of beliefs."""
    with site.database.writing() as session:
        given = SheetInput.model_validate(sheet())
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=True, now=utcnow())


@pytest.fixture
def at_history(site, bids, signed_in, someone):
    """Open the history of a prospect of a new rep: `at_history(width=390, forecast=True)`."""

    def go(*, forecast=True, fields=None, **more):
        who = someone("rep")
        owner, name = f"rep-{who.name.split()[1]}", f"Gauge of {who.name}"
        body = {"owner": owner, "name": name, "answers": {"budget": True}} | (fields or {})
        with site.database.writing() as session:
            given = UpsertInput.model_validate(body)
            upsert(session, caller=COMMAND_LINE, external_id=owner, given=given, if_match=None, now=utcnow())
        if forecast:
            with site.database.writing() as session:
                said = ForecastInput(probability=0.5)
                lock_forecast(session, caller=COMMAND_LINE, external_id=owner, given=said, now=utcnow())
        page = signed_in(person=who, **more)
        page.goto(f"/prospects/{owner}/history")
        return page

    return go


def entry(page, kind):
    return page.locator(f".story > .{kind}").first.inner_text()


@anywhere
@with_and_without_script
def test_a_rep_notes_what_was_done_and_how_it_ended(at_history, width, script):
    """A tap and its undoing, the customer's step by its sign, the outcome, its correction, and what came after."""
    page = at_history(width=width, script=script)
    page.get_by_role("button", name="Visit").click()
    assert "Visit" in entry(page, "effort")
    page.get_by_role("button", name="Take back").click()
    assert page.locator(".story > .effort").count() == 0
    page.get_by_role("link", name="Note a sign they gave").click()
    page.get_by_label("They named another way or another supplier", exact=False).check()
    page.get_by_role("button", name="Note the step").click()
    assert "Compares" in entry(page, "stage")
    page.get_by_role("link", name="Say how it ended").click()
    page.locator("input[value=won]").check()
    page.get_by_label("Amount sold").fill("58000.00")
    page.get_by_role("button", name="Close it").click()
    assert "58,000.00" in entry(page, "outcome")
    page.get_by_role("link", name="What came after").click()
    page.locator("input[value=satisfied]").check()
    page.get_by_role("button", name="Note it").click()
    assert "Satisfied" in entry(page, "experience")


@with_and_without_script
def test_a_refused_form_keeps_what_was_typed(at_history, script):
    page = at_history(width=PHONE, script=script)
    page.get_by_role("link", name="With other hours").click()
    page.get_by_label("Hours").fill("two")
    page.get_by_role("button", name="Note it").click()
    assert page.get_by_label("Hours").input_value() == "two"
    assert page.locator("#hours-error").inner_text().strip().endswith("This takes a number, as in 12.5 or 12,5.")


def test_a_double_tap_notes_a_call_once(at_history):
    page = at_history(width=PHONE)
    page.get_by_role("button", name="Call").dblclick()
    page.get_by_role("status").wait_for()
    page.reload()
    assert page.locator(".story > .effort").count() == 1


def tab_to(page, target):
    """Go on by Tab until it has the focus."""
    target.wait_for()
    for _ in range(60):
        if target.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {target}")


def test_the_keyboard_alone_says_how_it_ended(at_history):
    page = at_history()
    tab_to(page, page.get_by_role("link", name="Say how it ended"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator("input[value=won]"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Amount sold"))
    page.keyboard.type("58000.00")
    tab_to(page, page.get_by_role("button", name="Close it"))
    page.keyboard.press("Enter")
    page.locator(".story > .outcome").wait_for()
    assert "58,000.00" in entry(page, "outcome")


def test_the_keyboard_alone_notes_a_call(at_history):
    page = at_history()
    tab_to(page, page.get_by_role("button", name="Call"))
    page.keyboard.press("Enter")
    assert "Call noted." in page.get_by_role("status").inner_text()


def test_the_plot_shows_with_its_words_and_its_table(at_history):
    page = at_history(width=PHONE)
    picture = page.locator("figure.plot img")
    assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
    assert picture.get_attribute("alt").startswith("Score over time")
    page.locator("summary", has_text="what moved each").click()
    assert page.get_by_role("table").is_visible()


def test_before_the_forecast_there_is_a_sentence_in_its_place(at_history):
    page = at_history(forecast=False)
    assert page.get_by_text("Your forecast comes first.").is_visible()
    assert page.locator("figure.plot, .moved").count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing_and_nothing_sticks_out(at_history, faults, width, scheme):
    page = at_history(width=width, scheme=scheme)
    page.get_by_role("button", name="Call").click()
    base = page.url.removesuffix("/history")
    for path in ("history", "effort", "stage", "outcome"):
        page.goto(f"{base}/{path}")
        assert (path, faults(page)) == (path, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_word_without_end_widens_no_page(at_history, site):
    """Compounds and addresses are broken where the phone ends."""
    word = "Donaudampfschifffahrtsgesellschaft" * 5
    page = at_history(width=PHONE, fields={"name": word, "account": word, "source": word, "brief": {"trust": word}})
    base = page.url.removesuffix("/history")
    with site.database.writing() as session:
        seen = ObservationInput(answers={"tender": False}, evidence=f"https://example.com/{word}")
        observe(session, caller=COMMAND_LINE, external_id=base.rpartition("/")[2], given=seen, now=utcnow())
    wide = []
    for path in ("", "/history", "/edit", "/nurture", "/effort", "/outcome"):
        page.goto(f"{base}{path}")
        for summary in page.locator("main summary").all():
            summary.click()
        wide += [path] * (page.evaluate("document.documentElement.scrollWidth") > PHONE)
    assert wide == []
