"""A worker killed in the middle of its deliveries: the next one goes on, and every event arrives under its own id."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Event

from sqlalchemy import select

from app.events.tables import Delivery
from tests.app.webhooks.conftest import HERE
from tests.conftest import SECRET


def test_promise_34_a_worker_killed_in_a_delivery_loses_no_event(
    subscribe, bids_api, target, deliver, database, database_url
):
    """A real worker, killed while the target has the third of six; another sends that again, and then the rest."""
    third, killed = Event(), Event()
    target.before_answer = lambda count: count == 3 and (third.set(), killed.wait(20))
    subscribe("score.changed")
    for number in range(6):
        bids_api.put(f"/v1/prospects/p{number}", json={"answers": {"budget": True}})
    settings = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "WEBHOOK_NETWORKS": HERE[0], "LOG_LEVEL": "error"}
    environment = os.environ | {f"WINNOW_{name}": value for name, value in settings.items()}
    line = [sys.executable, "-m", "app.cli", "worker"]
    with subprocess.Popen(line, env=environment, cwd=Path(__file__).parents[3]) as worker:
        came = third.wait(30)
        worker.kill()
        worker.wait()
        killed.set()
    deliver(later=True)
    with database.reading() as session:
        events = session.scalars(select(Delivery.event_id).order_by(Delivery.id)).all()
    counts = Counter(headers["webhook-id"] for headers, _ in target.got)
    assert (came, [counts[one] for one in events]) == (True, [1, 1, 2, 1, 1, 1])
