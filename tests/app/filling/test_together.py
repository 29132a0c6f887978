"""Several people at one sheet: nobody's answer is lost, and whoever answers differently is told."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
from bs4 import BeautifulSoup

from app.db import Database
from app.settings import Settings
from tests.conftest import SECRET
from tests.visiting import says


def told(page):
    """What the page says of answers that differ."""
    return [
        one.get_text(" ", strip=True)
        for one in BeautifulSoup(page.text, "html.parser").select("[id^=told-] p:first-child")
    ]


def test_an_answer_that_differs_from_one_given_meanwhile_is_told_and_both_are_kept(sit, prospect, observed):
    ada, kim = sit(), sit("Kim")
    page = ada.look()
    kim.press(kim.look(), "Save", a_budget="false")
    answer = ada.press(page, "Save", a_budget="true", a_tender="false")
    assert "Kim said no" in told(answer)[0]
    assert "you say yes . Yours stands" in told(answer)[0]
    assert [(one["observer"], one["answers"]) for one in observed()] == [
        ("Kim", {"budget": False}),
        ("Ada", {"budget": True, "tender": False}),
    ]


def test_keeping_theirs_makes_it_stand(sit, prospect, bids_api, observed):
    ada, kim = sit(), sit("Kim")
    page = ada.look()
    kim.press(kim.look(), "Save", a_budget="false")
    kept = ada.press(ada.press(page, "Save", a_budget="true"), "Keep theirs")
    assert (bids_api.get("/v1/prospects/p1").json()["answers"], told(kept)) == ({"budget": False}, [])
    assert len(observed()) == 3


def test_keeping_ones_own_stores_nothing_where_it_stands(sit, prospect, bids_api, observed):
    ada, kim = sit(), sit("Kim")
    page = ada.look()
    kim.press(kim.look(), "Save", a_budget="false")
    kept = ada.press(ada.press(page, "Save", a_budget="true"), "Keep yours")
    assert (bids_api.get("/v1/prospects/p1").json()["answers"], told(kept)) == ({"budget": True}, [])
    assert len(observed()) == 2


def test_a_tap_older_than_anothers_is_kept_told_and_does_not_stand(sit, prospect, bids_api, observed):
    """A phone that was without connection sends what was tapped before the other answered."""
    ada, kim = sit(), sit("Kim")
    page = ada.look()
    kim.press(kim.look(), "Save", a_budget="false")
    reply = ada.tap(page, a_budget="true", tap="one", at="2026-01-05T10:00:00Z")
    assert "Theirs stands" in told(reply)[0]
    assert bids_api.get("/v1/prospects/p1").json()["answers"] == {"budget": False}
    assert len(observed()) == 2


def test_answers_that_agree_or_are_about_something_else_are_not_told(sit, prospect):
    ada, kim = sit(), sit("Kim")
    page = ada.look()
    kim.press(kim.look(), "Save", a_budget="true", a_tender="true")
    assert told(ada.press(page, "Save", a_budget="true", a_urgency="low")) == []


def test_what_was_there_when_the_page_was_opened_is_no_conflict(sit, prospect):
    ada, kim = sit(), sit("Kim")
    kim.press(kim.look(), "Save", a_budget="false")
    assert told(ada.press(ada.look(), "Save", a_budget="true")) == []


def test_ones_own_answers_do_not_conflict(sit, prospect):
    """As on a phone and at a desk."""
    ada = sit()
    page = ada.look()
    ada.press(ada.look(), "Save", a_budget="false")
    assert told(ada.press(page, "Save", a_budget="true")) == []


def test_history_brought_in_meanwhile_that_does_not_stand_is_not_told(sit, prospect, bids_api):
    ada, kim = sit(), sit("Kim")
    kim.press(kim.look(), "Save", a_budget="true")
    page = ada.look()
    body = {"answers": {"budget": "unknown"}, "observed_at": "2020-01-01"}
    bids_api.post("/v1/prospects/p1/observations", json=body)
    assert told(ada.press(page, "Save", a_budget="false")) == []


def test_a_tap_sent_again_after_a_lost_reply_is_stored_once(sit, prospect, observed):
    ada = sit()
    page = ada.look()
    replies = [ada.tap(page, a_budget="true", tap="one", at="2026-01-05T10:00:00Z").status_code for _ in range(3)]
    assert (replies, len(observed())) == ([200] * 3, 1)


def test_a_repeated_tap_tells_a_conflict_again(sit, prospect):
    """The reply that told it may have been the one that was lost."""
    ada, kim = sit(), sit("Kim")
    page = ada.look()
    kim.press(kim.look(), "Save", a_budget="false")
    assert [len(told(ada.tap(page, a_budget="true", tap="one"))) for _ in range(2)] == [1, 1]


def test_the_same_tap_id_of_another_person_is_another_tap(sit, prospect, observed):
    for name in ("Ada", "Kim"):
        one = sit(name)
        one.tap(one.look(), a_budget="true", tap="one")
    assert len(observed()) == 2


def test_tapping_there_and_back_ends_where_it_ended(sit, prospect, bids_api, observed):
    """All of it is sent with the state the page had before the first."""
    ada = sit()
    page = ada.look()
    for second, value in enumerate(("true", "false", "true", "")):
        ada.tap(page, a_budget=value, tap=f"tap {second}", at=f"2026-01-05T10:00:0{second}Z")
    assert [one["answers"]["budget"] for one in observed()] == [True, False, True, None]
    assert bids_api.get("/v1/prospects/p1").json()["answers"] == {}


def test_a_phone_whose_clock_is_ahead_loses_no_answer(sit, prospect, bids_api, observed):
    """Nobody sees anything after telling it: the answer counts as seen when it came."""
    ada = sit()
    ada.tap(ada.look(), a_budget="true", tap="one", at="2999-01-01T00:00:00Z")
    (kept,) = observed()
    assert kept["observed_at"] == kept["recorded_at"]


def test_a_tap_tells_others_answers_given_meanwhile(sit, prospect):
    """So that a page that stays open keeps up."""
    ada, kim = sit(), sit("Kim")
    page = ada.look()
    kim.press(kim.look(), "Save", a_tender="true")
    live = BeautifulSoup(ada.tap(page, a_budget="true", tap="one").text, "html.parser")
    assert live.select_one("#who-tender")["data-value"] == "true"
    assert live.select_one("#live")["data-seen"] > page.context["page"].prospect.updated_at.isoformat()


# Over real HTTP, with real threads

TEN = [f"Person {number}" for number in range(10)]


def at_once(jobs):
    """Run jobs in threads that all start together; their results."""
    barrier = Barrier(len(jobs))

    def run(job):
        barrier.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return [future.result() for future in [threads.submit(run, job) for job in jobs]]


@pytest.fixture
def ten(sit, site):
    """Ten people, each with a browser of their own before the running service."""
    clients = []
    for name in TEN:
        sitting = sit(name)
        token = sitting.client.cookies["__Host-winnow-session"]
        sitting.client.close()
        cookie = {"winnow-session": token}
        sitting.client = httpx.Client(base_url=site, headers={"Accept": "text/html"}, cookies=cookie, timeout=60)
        clients.append(sitting)
    yield clients
    for one in clients:
        one.client.close()


@pytest.fixture
def site(app, database_url):
    """The service on a port, with threads and connections of its own."""
    import socket
    import threading

    import uvicorn

    from app.main import create_app

    settings = Settings(database_url=database_url, secret_key=SECRET, log_level="error", lock_wait_seconds=30)
    served = create_app(settings)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(served, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()
    database: Database = served.state.database
    database.engine.dispose()


def test_ten_people_on_one_sheet_lose_nothing_and_are_told(ten, prospect, observed, bids_api):
    """All open the page, then each taps four answers at once with the others; each says another number at the end."""
    pages = [one.look() for one in ten]

    def tap(place):
        one, page = ten[place], pages[place]
        answers = [one.tap(page, a_budget=("true", "false")[place % 2], tap=f"{place} {step}") for step in range(3)]
        return [*answers, one.tap(page, n_size=str(100 + place), tap=f"{place} size")]

    replies = at_once([lambda place=place: tap(place) for place in range(10)])
    assert {reply.status_code for each in replies for reply in each} == {200}
    kept = observed()
    assert len(kept) == 40
    assert {one["answers"]["size"] for one in kept if "size" in one["answers"]} == {100 + place for place in range(10)}
    by_person = [sum(one["observer"] == name for one in kept) for name in TEN]
    assert by_person == [4] * 10
    untold = [place for place, each in enumerate(replies) if not told(each[-1])]
    assert len(untold) <= 1, "only who tapped before all others has nothing to be told"
    stands = bids_api.get("/v1/prospects/p1").json()["answers"]
    newest = max((one for one in kept if "size" in one["answers"]), key=lambda one: one["observed_at"])
    assert stands["size"] == newest["answers"]["size"]


def test_ten_people_on_ten_sheets_do_not_meet(ten, bids_api, observed):
    for place in range(10):
        bids_api.put(f"/v1/prospects/p{place}", json={"owner": "ada"})
    pages = [one.look(f"/prospects/p{place}") for place, one in enumerate(ten)]

    def fill(place):
        one, page = ten[place], pages[place]
        return [one.tap(page, n_size=str(step), tap=f"{step}") for step in range(3)]

    replies = at_once([lambda place=place: fill(place) for place in range(10)])
    assert {(reply.status_code, *told(reply)) for each in replies for reply in each} == {(200,)}
    for place in range(10):
        kept = observed(f"p{place}")
        assert [(one["observer"], one["answers"]["size"]) for one in kept] == [(TEN[place], step) for step in range(3)]


def test_saving_the_same_sheet_by_form_at_once_is_told_too(ten, prospect, observed):
    pages = [one.look() for one in ten]
    replies = at_once(
        [
            lambda place=place: ten[place].client.post(
                ten[place].fields(pages[place], "Save")[0],
                data=ten[place].fields(pages[place], "Save")[1] | {"n.size": str(100 + place)},
                follow_redirects=True,
            )
            for place in range(10)
        ]
    )
    assert {reply.status_code for reply in replies} == {200}
    assert len(observed()) == 10
    assert sum("Keep theirs" in says(reply) for reply in replies) >= 9
