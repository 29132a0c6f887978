"""The check sheet in a real browser: filled in, forecast, revealed, revised; offline, and by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from app.accounts.service import COMMAND_LINE
from app.checksheets.queries import starter_sheets
from app.checksheets.schemas import ObservationInput
from app.db import utcnow
from app.prospects.queries import find_prospect
from app.prospects.schemas import Brief, OutcomeInput
from app.scoring.schemas import UpsertInput
from app.scoring.service import close, observe, upsert
from app.training.service import save_sheet

PHONE, DESK = 390, 1280
SMALL = 50_000
anywhere = pytest.mark.parametrize("width", [PHONE, DESK])
with_and_without_script = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@pytest.fixture(scope="module")
def industrial(site):
    """The industrial starter with its card of beliefs."""
    sheet = next(one for one in starter_sheets() if one.key == "industrial")
    with site.database.writing() as session:
        save_sheet(session, caller=COMMAND_LINE, given=sheet, only_new=True, now=utcnow())


@pytest.fixture
def prospect(site, industrial, someone):
    """Somebody's prospect with two answers a colleague gave: its owner and its path."""
    who = someone()
    number = who.name.split()[1]
    given = UpsertInput(
        owner=f"rep-{number}", name="Deburring cell", account="Brandt Castings", amount="60000", currency="EUR",
        brief=Brief(looks_for="less scrap on line 2", what_fits="inline inspection", trust="a trial on their parts"),
    )  # fmt: skip
    with site.database.writing() as session:
        upsert(session, caller=COMMAND_LINE, external_id=f"p{number}", given=given, if_match=None, now=utcnow())
    answer(site, f"p{number}", standing="current", people_met=2)
    return who, f"/prospects/p{number}"


def answer(site, external_id, **answers):
    given = ObservationInput(answers=answers, observer="Kim")
    with site.database.writing() as session:
        observe(session, caller=COMMAND_LINE, external_id=external_id, given=given, now=utcnow())


def answers_of(site, path):
    with site.database.reading() as session:
        return find_prospect(session, caller=COMMAND_LINE, external_id=path.rpartition("/")[2]).answers


def item(page, key):
    return page.locator(f"#item-{key}")


def tap(page, key, label):
    item(page, key).get_by_label(label, exact=True).check()


def save(page, script):
    """With script each answer is saved as it is given."""
    if script:
        page.locator("#net[data-waiting='0']").wait_for(state="attached")
    else:
        page.get_by_role("button", name="Save", exact=True).click()


def forecast(page, percent="75 %", button="Lock it and show the score"):
    page.locator("#score").get_by_label(percent).check()
    page.get_by_role("button", name=button).click()
    page.locator("#bar [data-score]").wait_for()


def score_of(page):
    return int(page.locator("#bar [data-score]").get_attribute("data-score"))


def another_score(page, than):
    page.locator(f"#bar [data-score]:not([data-score='{than}'])").wait_for()


@pytest.fixture
def at_sheet(signed_in, prospect):
    """A browser before the prospect's sheet."""

    def make(**how):
        who, path = prospect
        page = signed_in(person=who, **how)
        page.goto(path)
        return page

    return make


@anywhere
@with_and_without_script
def test_a_rep_fills_in_forecasts_sees_the_score_and_revises(site, at_sheet, prospect, width, script):
    page = at_sheet(width=width, script=script)
    assert "less scrap on line 2" in page.locator(".brief").inner_text()
    tap(page, "budget", "Yes")
    tap(page, "tender", "Unknown")
    item(page, "people_met").locator("input[inputmode=decimal]").fill("4")
    item(page, "people_met").locator("input[inputmode=decimal]").blur()
    save(page, script)
    assert answers_of(site, prospect[1]) == {
        "standing": "current", "people_met": 4, "budget": True, "tender": "unknown"
    }  # fmt: skip
    assert page.locator("[data-score], .figure, .reasons").count() == 0
    forecast(page)
    first = score_of(page)
    assert re.search(
        r"Visit this week|Call within two days|One call to learn|No quote", page.locator(".step").inner_text()
    )
    assert page.locator(".outcomes li").count() >= 2
    page.get_by_text(f"Why {first}: the points").click()
    base, *lines, total = [int(one.replace("−", "-")) for one in page.locator(".reasons td").all_inner_texts()]
    assert base + sum(lines) == total
    tap(page, "budget", "No")
    save(page, script)
    another_score(page, first)
    assert score_of(page) < first
    page.get_by_text("Revise my forecast").click()
    page.locator("#score").get_by_label("25 %").check()
    page.get_by_role("button", name="Lock the revision").click()
    page.get_by_text("It was revised once.").wait_for()


@with_and_without_script
def test_a_note_is_kept_with_its_answer(at_sheet, script):
    page = at_sheet(script=script)
    item(page, "budget").get_by_text("What counts, how, note").click()
    assert item(page, "budget").get_by_text("Tick it when").is_visible()
    tap(page, "budget", "Yes")
    note = item(page, "budget").get_by_label("What shows it")
    note.fill("Mail of 3 March")
    note.blur()
    save(page, script)
    page.reload()
    item(page, "budget").get_by_text("What counts, how, note").click()
    assert "“Mail of 3 March”" in item(page, "budget").locator(".past").inner_text()


@with_and_without_script
def test_somebody_elses_different_answer_is_told_and_theirs_can_be_kept(site, at_sheet, prospect, script):
    page = at_sheet(script=script)
    answer(site, prospect[1].rpartition("/")[2], budget=False)
    tap(page, "budget", "Yes")
    save(page, script)
    notice = item(page, "budget").locator(".notice")
    notice.wait_for()
    assert "Kim said no" in notice.inner_text()
    assert answers_of(site, prospect[1])["budget"] is True
    notice.get_by_role("button", name="Keep theirs: no").click()
    notice.wait_for(state="detached")
    if script:
        save(page, script)
    assert answers_of(site, prospect[1])["budget"] is False


@with_and_without_script
def test_what_if_moves_the_score_and_nothing_else(site, at_sheet, prospect, script):
    page = at_sheet(script=script)
    forecast(page)
    before, kept = score_of(page), answers_of(site, prospect[1])
    if script:
        page.get_by_role("button", name="What if").click()
        page.get_by_text("What if: nothing of this is saved").wait_for()
    tap(page, "budget", "Yes")
    if not script:
        page.get_by_role("button", name="What if").click()
    another_score(page, before)
    assert score_of(page) > before
    assert page.get_by_text("What if: nothing of this is saved").is_visible()
    if script:
        page.get_by_role("button", name="Back to what is saved").click()
        page.locator(f"#bar [data-score='{before}']").wait_for()
        assert item(page, "budget").get_by_label("Not observed").is_checked()
    assert answers_of(site, prospect[1]) == kept


# With script: nothing is lost


def test_answers_given_without_a_connection_survive_a_closed_tab_and_are_sent_in_order(site, at_sheet, prospect):
    page = at_sheet(width=PHONE)
    page.context.set_offline(True)
    tap(page, "budget", "Yes")
    tap(page, "tender", "Yes")
    tap(page, "budget", "No")
    page.get_by_text("3 answers are kept on this device").wait_for()
    assert "not saved yet" in item(page, "budget").inner_text()
    assert "budget" not in answers_of(site, prospect[1])
    again = page.context.new_page()
    page.close()
    again.context.set_offline(False)
    again.goto(prospect[1])
    save(again, True)
    assert (answers_of(site, prospect[1])["budget"], answers_of(site, prospect[1])["tender"]) == (False, True)
    assert item(again, "budget").get_by_label("No", exact=True).is_checked()


def test_a_connection_that_comes_back_is_enough(site, at_sheet, prospect):
    page = at_sheet()
    page.context.set_offline(True)
    tap(page, "budget", "Yes")
    page.get_by_text("1 answer is kept on this device").wait_for()
    page.context.set_offline(False)
    save(page, True)
    item(page, "budget").get_by_text("saved", exact=True).wait_for()
    assert page.locator("#net").inner_text() == ""


def test_a_lost_reply_makes_no_second_observation(site, at_sheet, prospect):
    """The service stored it, the phone never heard so, and sends it again."""
    page = at_sheet()
    lost = []

    def lose_the_first(route):
        reply = route.fetch()
        if lost:
            route.fulfill(response=reply)
        else:
            lost.append(reply.status)
            route.abort()

    page.route("**/answers", lose_the_first)
    tap(page, "budget", "Yes")
    save(page, True)
    page.reload()
    item(page, "budget").get_by_text("What counts, how, note").click()
    assert (lost, item(page, "budget").locator(".past li").count()) == ([200], 1)


def test_a_lost_reply_makes_no_second_forecast(site, at_sheet):
    """The service locked it, the phone never heard so; the second try shows it, and the one revision is left."""
    page = at_sheet()
    lost = []

    def lose_the_first(route):
        reply = route.fetch()
        if lost:
            route.fulfill(response=reply)
        else:
            lost.append(reply.status)
            route.abort()

    page.route("**/forecast", lose_the_first)
    page.locator("#score").get_by_label("75 %").check()
    page.get_by_role("button", name="Lock it and show the score").click()
    page.get_by_text("whether the forecast is locked").wait_for()
    page.get_by_role("button", name="Lock it and show the score").click()
    page.get_by_text("75 % you said").wait_for()
    assert page.get_by_text("Revise my forecast").is_visible()
    assert page.locator("#net").inner_text() == ""


def test_answers_wait_for_whoever_was_signed_out_and_for_nobody_else(site, at_sheet, prospect, signed_in, someone):
    who, path = prospect
    page = at_sheet()
    page.context.clear_cookies()
    tap(page, "budget", "Yes")
    page.get_by_role("link", name="Sign in again").wait_for()
    other = someone()
    sign_in(page, other)
    page.goto(path)
    page.wait_for_timeout(300)
    assert "budget" not in answers_of(site, path)
    page.context.clear_cookies()
    sign_in(page, who)
    page.goto(path)
    save(page, True)
    assert answers_of(site, path)["budget"] is True


def test_a_page_left_open_goes_on_after_signing_in_again_elsewhere(site, at_sheet, prospect):
    who, path = prospect
    page = at_sheet()
    page.context.clear_cookies()
    sign_in(page.context.new_page(), who)
    tap(page, "budget", "Yes")
    save(page, True)
    assert answers_of(site, path)["budget"] is True


def sign_in(page, who):
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password", exact=True).fill("seven quiet herons")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name=f"Hello {who.name}").wait_for()


def test_a_clock_that_is_hours_off_does_not_move_when_it_was_seen(site, at_sheet, prospect):
    page = at_sheet()
    page.add_init_script("const now = Date.now; Date.now = () => now() + 3 * 3600 * 1000;")
    page.reload()
    tap(page, "budget", "Yes")
    save(page, True)
    with site.database.reading() as session:
        found = find_prospect(session, caller=COMMAND_LINE, external_id=prospect[1].rpartition("/")[2])
        seen = found.answered_at["budget"]
    assert abs((utcnow() - type(utcnow()).fromisoformat(seen)).total_seconds()) < 30


def test_what_the_service_refuses_is_told_and_let_go_by_hand(site, at_sheet, prospect):
    _, path = prospect
    page = at_sheet()
    moved = UpsertInput(owner="somebody else")
    with site.database.writing() as session:
        upsert(session, caller=COMMAND_LINE, external_id=path[11:], given=moved, if_match=None, now=utcnow())
    tap(page, "budget", "Yes")
    page.get_by_role("button", name="Let it go").wait_for()
    assert "There is no prospect" in page.locator("#net").inner_text()
    page.get_by_role("button", name="Let it go").click()
    assert page.locator("#net").inner_text() == ""


def test_a_number_typed_with_a_comma_is_that_number(site, at_sheet, prospect):
    page = at_sheet()
    item(page, "people_met").locator("input[inputmode=decimal]").fill("3,5")
    item(page, "people_met").locator("input[inputmode=decimal]").blur()
    save(page, True)
    assert answers_of(site, prospect[1])["people_met"] == 3.5


def test_a_number_refused_is_told_by_its_label_and_gives_way_to_the_mended_one(site, at_sheet, prospect):
    page = at_sheet()
    box = item(page, "people_met").locator("input[inputmode=decimal]")
    box.fill("1,250")
    box.blur()
    page.get_by_role("button", name="Let it go").wait_for()
    label = item(page, "people_met").locator("legend").inner_text()
    assert f"Not saved ({label}): “1,250” may mean 1250 or 1.25" in page.locator("#net").inner_text()
    box.fill("5")
    box.blur()
    page.get_by_role("button", name="Let it go").wait_for(state="detached")
    assert answers_of(site, prospect[1])["people_met"] == 5


@anywhere
def test_a_live_region_tells_the_new_score(at_sheet, width):
    page = at_sheet(width=width)
    said = page.locator("#said[aria-live=polite]")
    forecast(page)
    expect(said).to_have_text(re.compile(r"^Score \d+ · grade [ABCD]\.$"))
    before = score_of(page)
    tap(page, "budget", "Yes")
    another_score(page, before)
    grade = page.locator("#bar strong").nth(1).inner_text()
    expect(said).to_have_text(f"Score {score_of(page)} · grade {grade}, was {before}.")


@with_and_without_script
def test_the_keyboard_alone_fills_in_forecasts_and_revises(site, at_sheet, prospect, script):
    page = at_sheet(script=script)
    press = page.keyboard.press
    item(page, "budget").get_by_label("Not observed").focus()
    for _ in range(3):  # past unknown and no to yes, which are not meant
        press("ArrowLeft")
    if not script:
        press("Enter")
        page.get_by_text("Saved.").wait_for()
    else:
        save(page, True)
    assert answers_of(site, prospect[1])["budget"] is True
    page.locator("#score").get_by_label("5 %", exact=False).first.focus()
    press("Space")
    press("ArrowRight")
    press("Enter")
    page.locator("#bar [data-score]").wait_for()
    page.locator("summary", has_text="Revise my forecast").focus()
    press("Enter")
    page.locator("#score").get_by_label("50 %").focus()
    press("Space")
    press("Enter")
    page.get_by_text("It was revised once.").wait_for()
    page.goto(prospect[1])
    item(page, "budget").locator("summary").focus()
    press("Enter")
    assert item(page, "budget").locator(".past li").count() == 1


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing_in_any_state_and_nothing_is_asked_of_other_sites(
    site, at_sheet, prospect, faults, width, scheme
):
    page = at_sheet(width=width, scheme=scheme)
    found = {"before the forecast": faults(page)}
    answer(site, prospect[1].rpartition("/")[2], budget=False)
    tap(page, "budget", "Yes")
    item(page, "budget").locator(".notice").wait_for()
    item(page, "budget").get_by_text("What counts, how, note").click()
    found["told of another's answer"] = faults(page)
    page.get_by_role("button", name="Lock it and show the score").click()
    page.locator("#forecast-error").wait_for()
    found["no forecast given"] = faults(page)
    forecast(page)
    page.get_by_text(re.compile(r"Why \d+: the points")).click()
    page.get_by_text("Revise my forecast").click()
    found["revealed"] = faults(page)
    page.context.set_offline(True)
    tap(page, "tender", "Yes")
    page.get_by_text("kept on this device").wait_for()
    found["offline"] = faults(page)
    page.context.set_offline(False)
    save(page, True)
    page.get_by_role("button", name="What if").click()
    page.get_by_text("What if: nothing of this is saved").wait_for()
    found["what if"] = faults(page)
    with site.database.writing() as session:
        close(session, caller=COMMAND_LINE, external_id=prospect[1][11:], outcome=OutcomeInput(result="won"),
              if_match=None, now=utcnow())  # fmt: skip
    page.goto(prospect[1])
    found["closed"] = faults(page)
    page.goto("/prospects/nobody-has-this")
    found["not there"] = faults(page)
    assert found == {state: [] for state in found}


@anywhere
def test_every_target_is_large_enough_for_a_thumb(at_sheet, width):
    page = at_sheet(width=width)
    forecast(page)
    small = page.evaluate(
        """() => [...document.querySelectorAll("main :is(.tap, summary, button, [inputmode=decimal], .next-item a)")]
          .filter((one) => one.offsetParent && !one.matches(".unseen"))
          .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
          .filter(([, box]) => box.height && (box.height < 44 || box.width < 44)).map(([text]) => text)"""
    )
    assert small == []


def test_the_page_weighs_less_than_50_kilobytes_on_the_wire(at_sheet):
    """With its stylesheet, scripts and icon, revealed and with every reason, as this browser takes them."""
    page = at_sheet(width=PHONE)
    forecast(page)
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.reload()
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
          .map((one) => [one.name.split("/").at(-1), one.encodedBodySize])"""
    )
    by_name = dict(sizes)
    assert len(by_name) == 5
    assert sum(by_name.values()) < SMALL, by_name
