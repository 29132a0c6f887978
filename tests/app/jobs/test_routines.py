"""What comes round by itself: on time, once however many workers look, and for nothing new no new card."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from app.accounts.service import COMMAND_LINE
from app.db import utcnow
from app.handlers import HANDLERS, ROUTINES, run_sweep
from app.jobs.routines import is_routine_due, lay_down, set_daily, start_due
from app.jobs.tables import Job, Schedule
from app.jobs.worker import work_off
from app.scorecards.tables import ScorecardRow


@pytest.fixture
def due(database):
    """Every routine comes round now."""

    def make():
        with database.writing() as session:
            lay_down(session, ROUTINES)
            session.execute(update(Schedule).values(next_at=1.0))

    return make


@pytest.fixture
def cards(database):
    """How many cards there are."""

    def count():
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(ScorecardRow))

    return count


def test_the_first_round_lies_ahead_and_is_the_usual_time(database):
    """Training at two in the morning, UTC; nothing comes round because the service was just installed."""
    with database.writing() as session:
        lay_down(session, ROUTINES)
        assert not is_routine_due(session, ROUTINES)
        times = {row.key: datetime.fromtimestamp(row.next_at, UTC) for row in session.scalars(select(Schedule))}
    assert {key: f"{at:%H:%M}" for key, at in times.items()} == {"retraining": "02:00", "sweep": "03:30"}


def test_a_round_is_started_once_however_many_workers_look(database, due, bids_api):
    due()
    started = []

    def look():
        with database.writing() as session:
            started.extend(start_due(session, ROUTINES, now=utcnow()))

    workers = [threading.Thread(target=look) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(started) == ["retraining", "sweep"]


def test_a_night_trains_a_card_and_the_next_one_without_news_does_not(database, due, bids_api, close_bids, cards):
    """Forty outcomes came in since the card of beliefs; the night after there is nothing to learn."""
    close_bids(40)
    counts = []
    for _ in range(2):
        due()
        work_off(database, HANDLERS, routines=ROUTINES)
        counts.append(cards())
    with database.reading() as session:
        last = session.scalars(select(Job).where(Job.kind == "retraining").order_by(Job.id.desc()).limit(1)).one()
    assert (counts, last.result["reason"]) == ([2, 2], "Nothing new since the last card.")


def test_a_routine_that_is_off_does_not_come_round(database, due):
    due()
    with database.writing() as session:
        set_daily(session, caller=COMMAND_LINE, key="retraining", is_on=False, hour=4, minute=30)
        set_daily(session, caller=COMMAND_LINE, key="sweep", is_on=True, hour=4, minute=30)
        session.execute(update(Schedule).where(Schedule.key == "retraining").values(next_at=1.0))
        assert not is_routine_due(session, ROUTINES)


def test_what_ended_long_ago_is_swept_and_what_is_new_stays(database, due):
    due()
    work_off(database, HANDLERS, routines=ROUTINES)
    with database.writing() as session:
        session.execute(update(Job).values(finished_at=datetime(2026, 1, 1, tzinfo=UTC)))
    due()
    work_off(database, HANDLERS | {"sweep": run_sweep}, routines=ROUTINES)
    with database.reading() as session:
        jobs = session.scalars(select(Job)).all()
    assert [job.result["jobs"] for job in jobs] == [1]
