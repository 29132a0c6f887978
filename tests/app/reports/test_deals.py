"""Closed deals as reports read them: what stands on a deal, and what had been said of it."""

from datetime import timedelta

from sqlalchemy import update

from app.db import utcnow
from app.prospects.tables import Prospect
from app.reports.routes import REPORTS


def test_what_stands_on_a_deal_and_what_was_said_of_it_tell_the_same(forty, api, database):
    """Of deals touched since the moment asked for the history answers: told late, corrected, void and reopened ones."""
    forty.deal("told-late", 50, "won", answers={"budget": True}, amount=100, margin=30)
    forty.end("deal-1", 60, "lost", corrects=True)
    forty.end("deal-2", 61, "void", corrects=True)
    for name in ("deal-3", "deal-4"):
        api.delete(f"/v1/prospects/{name}/outcome")
    forty.end("deal-4", 5, "won", told=150)
    forty.spend("deal-5", 5.5, "quote", hours=2, cost=10, currency="EUR")
    then = utcnow()

    def read():
        return [api.get(f"/v1/reports/{one.name}", params={"as_of": then.isoformat()}).json() for one in REPORTS]

    before = read()
    with database.writing() as session:
        session.execute(update(Prospect).values(updated_at=then + timedelta(milliseconds=2)))
        for known in ("reports", "kept"):  # behind the service's back, so it cannot know that anything changed
            session.info[known].clear()
    assert read() == before
    assert before[2]["deals"] == 39
