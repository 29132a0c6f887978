"""Who stands in which list, in what order, for whom; and what nobody may read off a list."""

from datetime import timedelta
from itertools import product

import pytest

from app.accounts.service import COMMAND_LINE
from app.accounts.team import set_blind_mode
from app.db import utcnow

LISTS = ("/qualify", "/pursue", "/nurture")


# Who sees what


def test_a_rep_sees_its_owners_prospects_and_a_manager_everybodys(arrive, ada, sign_in, manager):
    arrive("p1", 3)
    arrive("p2", 2, owner="ben")
    arrive("p3", 1, owner="cleo")
    assert ada.names("/qualify") == ["p1"]
    assert sign_in("rep", "ada", "ben").names("/qualify") == ["p1", "p2"]
    assert manager.names("/qualify") == ["p1", "p2", "p3"]


def test_a_rep_cannot_ask_for_anothers(arrive, ada):
    arrive("p2", owner="ben")
    assert ada.names("/qualify?owner=ben") == []


def test_the_tabs_count_what_the_visitor_may_see(arrive, ada, manager, forecast):
    for name, owner in (("p1", "ada"), ("p2", "ben"), ("p3", "ben")):
        arrive(name, owner=owner)
    forecast("p3")
    counts = [[tab.count for tab in one.get("/qualify").context["page"].tabs[:3]] for one in (ada, manager)]
    assert counts == [[1, 0, 0], [2, 1, 0]]


# Which list


def test_to_qualify_stands_in_order_of_arrival(arrive, ada):
    """Whatever the score: no picking of favourites."""
    for name, days, budget in (("late", 1, True), ("early", 9, False), ("middle", 5, True)):
        arrive(name, days, answers={"budget": budget})
    assert ada.names("/qualify") == ["early", "middle", "late"]


def test_the_owners_forecast_moves_a_prospect_on(arrive, ada, forecast):
    arrive("p1")
    forecast("p1")
    assert [ada.names(path) for path in LISTS] == [[], ["p1"], []]


def test_another_owner_qualifies_anew(arrive, forecast, sign_in):
    arrive("p1")
    forecast("p1")
    arrive("p1", owner="ben")
    ben = sign_in("rep", "ben")
    assert [ben.names(path) for path in LISTS] == [["p1"], [], []]


def test_a_prospect_without_an_owner_waits_for_one_to_qualify(arrive, forecast, manager, read):
    arrive("p1", owner=None)
    forecast("p1")
    assert manager.names("/qualify") == ["p1"]
    assert "nobody’s yet" in read(manager.get("/qualify"))


def test_a_day_to_look_again_sets_a_prospect_aside_until_it_has_come(arrive, forecast, ada, in_days):
    arrive("ahead", 3, look_again_at=in_days(5))
    arrive("due", 2, look_again_at=in_days(-1))
    arrive("waits", 1, waiting_for="a new plant")
    assert ada.names("/qualify") == ["due", "waits"]
    assert ada.names("/nurture") == ["due", "ahead", "waits"]
    forecast("ahead", "due", "waits")
    assert set(ada.names("/pursue")) == {"due", "waits"}


def test_nurture_says_what_is_waited_for_and_which_is_due(arrive, ada, in_days, read):
    arrive("due", look_again_at=in_days(-1), waiting_for="the budget of the new year")
    page = ada.get("/nurture")
    assert ada.tile("/nurture", "due").is_due
    assert "Look again now" in read(page)
    assert "the budget of the new year" in read(page)


def test_no_open_prospect_is_lost_and_none_stands_to_qualify_and_to_pursue(
    arrive, forecast, manager, bids_api, in_days
):
    """Whatever is known of it: owner, forecast, what it waits for, when to look again, amount, sheet."""
    everybody = set()
    for number, (owner, has_forecast, waits, days) in enumerate(
        product((None, "ada"), (False, True), (None, "money"), (None, -1, 1))
    ):
        again = None if days is None else in_days(days)
        everybody.add(arrive(f"p{number}", owner=owner, waiting_for=waits, look_again_at=again))
        if has_forecast:
            forecast(f"p{number}")
    arrive("closed")
    bids_api.put("/v1/prospects/closed/outcome", json={"result": "won"})
    qualify, pursue, nurture = (set(manager.names(path)) for path in LISTS)
    assert qualify | pursue | nurture == everybody
    assert qualify & pursue == set()


def test_an_erased_prospect_stands_nowhere(arrive, bids_api, manager):
    arrive("p1")
    bids_api.delete("/v1/prospects/p1")
    assert [manager.names(path) for path in LISTS] == [[], [], []]


# To pursue: the order

DEALS = {  # grade, probability, amount; expected is their product
    "a-small": ("A", 0.8, "100.00"),  # 80
    "a-large": ("A", 0.7, "1000.00"),  # 700
    "a-unknown": ("A", 0.9, None),
    "b-huge": ("B", 0.6, "90000.00"),  # 54,000
    "c-some": ("C", 0.3, "500.00"),  # 150
}


@pytest.fixture
def deals(arrive, forecast, scored):
    for name, (grade, probability, amount) in DEALS.items():
        arrive(name, amount=amount)
        forecast(name)
        scored(name, grade, probability)
    arrive("no-card")
    forecast("no-card")
    scored("no-card", None, 0)


def test_to_pursue_goes_by_grade_and_then_by_expected_amount(deals, ada):
    """Within a grade what has no amount comes last, so it keeps its place above the next grade."""
    assert ada.names("/pursue") == ["a-large", "a-small", "a-unknown", "b-huge", "c-some", "no-card"]


def test_to_pursue_by_score_alone(deals, ada):
    assert ada.names("/pursue?order=score") == ["a-unknown", "a-small", "a-large", "b-huge", "c-some", "no-card"]


@pytest.mark.parametrize("order", ["", "score"])
def test_pages_of_to_pursue_join_to_the_whole(deals, database, order):
    """A page of one row each: the cursor carries grades, amounts and scores exactly."""
    from app.lists.queries import ListName, list_prospects
    from app.lists.schemas import Asked

    def walk(limit):
        found, cursor = [], ""
        with database.reading() as session:
            while cursor is not None:
                asked = Asked(order=order, cursor=cursor)
                page = list_prospects(
                    session, caller=COMMAND_LINE, name=ListName.PURSUE, asked=asked, now=utcnow(), limit=limit
                )
                found += [one.external_id for one in page.prospects]
                cursor = page.next
        return found

    assert walk(1) == walk(10)


def test_the_tile_says_what_may_be_expected(deals, ada):
    tile = ada.tile("/pursue", "a-large")
    assert (str(tile.amount), str(tile.expected)) == ("1000.00", "700")


def test_a_grade_is_said_with_a_word_and_the_step_agreed(arrive, forecast, scored, bids_api, ada, read):
    from tests.builders import sheet

    bids_api.put("/v1/check-sheets/bids", json=sheet(grade_steps={"A": "visit this week"}))
    arrive("p1")
    forecast("p1")
    scored("p1", "A", 0.8)
    assert "Grade A 80 strong" in read(ada.get("/pursue"))
    assert "visit this week" in read(ada.get("/pursue"))


# Withheld


def test_a_withheld_score_leaves_no_trace_on_any_list(arrive, scored, ada, in_days):
    """The very same page, whatever the score is."""
    arrive("p1", amount="100.00")
    arrive("p2", amount="100.00", look_again_at=in_days(9))
    pages = []
    for grade, probability in (("A", 0.9), ("D", 0.1)):
        scored("p1", grade, probability)
        scored("p2", grade, probability)
        paths = [f"{path}{query}" for path in LISTS for query in ("", "?grade=A", "?order=score", "?grade=D")]
        pages.append([[str(tile) for tile in ada.get(path).context["page"].tiles] for path in paths])
    assert pages[0] == pages[1]
    assert ada.tile("/qualify", "p1").grade is None


def test_a_withheld_prospect_is_marked_and_a_manager_sees_its_grade(arrive, scored, ada, manager, read):
    arrive("p1")
    scored("p1", "A", 0.9)
    assert "forecast first" in read(ada.get("/qualify"))
    assert manager.tile("/qualify", "p1").grade.letter == "A"


def test_without_forecasts_first_the_score_is_open(arrive, scored, database, ada):
    arrive("p1")
    scored("p1", "A", 0.9)
    with database.writing() as session:
        set_blind_mode(session, caller=COMMAND_LINE, on=False, now=utcnow())
    assert ada.tile("/qualify", "p1").grade.score == 90


# Searching and filtering


@pytest.fixture
def named(arrive):
    arrive("crm-1", 5, name="Inline gauge", account="Brandt Castings", source="fair", stage="comparing")
    arrive("crm-2", 4, name="Öfen für Guss", account="Łódź 100 % Tools", source="web", stage="aware")
    arrive("crm-3", 3, name="Gauge_50", account="Tölz", owner="ben", source="fair")
    arrive("Abc", 2, name=None, account=None, owner=None)


SEARCHES = {
    "gauge": ["crm-1", "crm-3"],
    "GAUGE": ["crm-1", "crm-3"],
    "gauge brandt": ["crm-1"],
    "brandt gauge": ["crm-1"],
    "crm-2": ["crm-2"],
    "aBC": ["Abc"],
    "öfen": ["crm-2"],
    "e_5": ["crm-3"],
    "_": ["crm-3"],
    "%25": ["crm-2"],
    "100 %25": ["crm-2"],
    "nothing of it": [],
    "%00gauge": ["crm-1", "crm-3"],
    "'; DROP TABLE prospect; --": [],
}


@pytest.mark.parametrize("asked", SEARCHES)
def test_a_search_finds_every_word_in_name_account_or_id(named, manager, asked):
    assert manager.names(f"/qualify?q={asked}") == SEARCHES[asked]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_letters_beyond_a_to_z_are_found_in_any_case(named, manager):
    """PostgreSQL knows them by the locale it was set up with; SQLite is taught."""
    assert manager.names("/qualify?q=ÖFEN łódź") == ["crm-2"]


FILTERS = {
    "owner=ben": ["crm-3"],
    "owner=(nobody)": ["Abc"],
    "source=fair": ["crm-1", "crm-3"],
    "stage=comparing": ["crm-1"],
    "check_sheet=bids": ["crm-1", "crm-2", "crm-3", "Abc"],
    "check_sheet=other": [],
    "source=fair&q=brandt": ["crm-1"],
    "owner=&source=&stage=&q=": ["crm-1", "crm-2", "crm-3", "Abc"],
}


@pytest.mark.parametrize("asked", FILTERS)
def test_a_filter_shows_just_what_it_names(named, manager, asked):
    assert manager.names(f"/qualify?{asked}") == FILTERS[asked]


def test_a_grade_filters_the_list_to_pursue(deals, ada):
    assert ada.names("/pursue?grade=A") == ["a-large", "a-small", "a-unknown"]


def test_the_counts_follow_the_search(named, forecast, manager):
    forecast("crm-3")
    page = manager.get("/qualify?q=gauge").context["page"]
    assert [(tab.count, tab.path) for tab in page.tabs] == [
        (1, "/qualify?q=gauge"),
        (1, "/pursue?q=gauge"),
        (0, "/nurture?q=gauge"),
        (None, "/closed?q=gauge"),
    ]


def test_a_rep_is_offered_no_filter_with_nothing_to_choose(named, ada, manager):
    offered = [[one.name for one in visit.get("/qualify").context["page"].choices] for visit in (ada, manager)]
    assert offered == [["stage", "source"], ["owner", "stage", "source"]]


@pytest.mark.parametrize("query", ["order=name", "grade=E", f"cursor={'x' * 1001}", "cursor=nonsense", "cursor=WzFd"])
def test_an_address_that_asks_for_nonsense_is_told_so(bids_api, ada, query):
    assert ada.get(f"/pursue?{query}").status_code == 422


# Paging


def test_pages_join_to_the_whole_list_while_prospects_arrive(arrive, ada, database):
    """Rows with the same time are neither repeated nor skipped, and a newcomer moves nobody."""
    same = utcnow() - timedelta(days=3)
    whole = [arrive(f"p{number:02}", arrived_at=same.isoformat()) for number in range(60)]
    found, path = [], "/qualify"
    while path:
        page = ada.get(path).context["page"]
        found += [tile.external_id for tile in page.tiles]
        path = page.next
        arrive(f"first-{len(found)}", 30)
    assert sorted(found) == whole
    assert len(found) == 60


def test_the_next_page_keeps_what_was_asked(arrive, ada):
    for number in range(30):
        arrive(f"p{number:02}", name="Gauge")
    page = ada.get("/qualify?q=gauge").context["page"]
    assert page.next.startswith("/qualify?q=gauge&cursor=")
    assert len(ada.names(page.next)) == 5


# Tiles


def test_a_tile_says_what_is_missing(arrive, ada, read):
    arrive("p1", answers={"budget": True, "tender": "unknown"})
    missing = ada.tile("/qualify", "p1").missing
    assert (missing.seen, missing.open, missing.unknown, missing.first) == (2, 3, 1, ["Standing", "Urgency", "Size"])
    assert "3 not seen yet : Standing; Urgency; Size" in read(ada.get("/qualify"))


def test_a_tile_without_answers_says_so(arrive, ada, read):
    arrive("p1")
    assert "Nothing seen yet : 5 characteristics to look for" in read(ada.get("/qualify"))


def test_a_tile_counts_days_and_names_the_stage_and_the_brief(arrive, ada, read):
    brief = {"looks_for": "less scrap", "what_fits": "inline gauge", "trust": "a trial"}
    arrive("p1", 12.5, stage="comparing", brief=brief, amount="60000.00", currency="EUR")
    said = read(ada.get("/qualify"))
    assert "waiting 12 days · Stage: Compares" in said
    assert "Looks for less scrap What fits inline gauge Trust a trial" in said
    assert "EUR 60,000 at stake" in said


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


def test_a_hostile_name_is_only_text(arrive, forecast, ada, bids_api):
    arrive(
        "x%22%3E%3Cb%3E%2F..%3Fq",
        name=HOSTILE,
        account=HOSTILE,
        source=HOSTILE,
        brief={"looks_for": HOSTILE},
        waiting_for=HOSTILE,
    )
    for path in (*LISTS, "/", "/qualify?q=%3Cscript%3E&source=%22%3E%3Cscript%3E"):
        text = ada.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    links = ada.get("/qualify").text
    assert "/prospects/x%22%3E%3Cb%3E%2F..%3Fq/edit" in links


# Nothing there


def test_an_empty_installation_says_that_the_sheet_comes_first(api, ada, read):
    assert "There is no check sheet yet. " in read(ada.get("/qualify"))


@pytest.mark.parametrize(
    ("path", "title", "leads_to"),
    [
        ("/qualify", "Nothing waits to be qualified.", "/new"),
        ("/pursue", "No prospect has a forecast yet.", "/qualify"),
        ("/nurture", "Nobody is set aside.", "/qualify"),
        ("/qualify?q=nothing", "Nothing in this list fits.", "/qualify"),
    ],
)
def test_an_empty_list_names_the_next_step(bids_api, ada, read, path, title, leads_to):
    page = ada.get(path)
    assert title in read(page)
    assert f'href="{leads_to}"' in page.text.partition('class="empty"')[2]


# Home


def test_home_leads_to_the_head_of_each_list(arrive, forecast, ada, read, in_days):
    arrive("first", 9, name="First come")
    arrive("second", 5)
    arrive("pursued", name="Pursued")
    forecast("pursued")
    arrive("due", look_again_at=in_days(-1), name="Due again")
    said = read(ada.get("/"))
    assert "3 to qualify First is who waits longest. First come" in said
    assert "1 to look at again" in said
    assert "Due again" in said


def test_home_keeps_to_what_the_visitor_may_see(arrive, ada):
    arrive("p1", owner="ben")
    assert ada.get("/").context["page"].next.qualify is None
