"""Two servers and two workers: one worker is killed with an import in hand, then one with deliveries in hand.

Whoever is killed is followed by the other within 30 seconds, no row lands twice, and every event arrives under its id.
"""

import csv
import io
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import serving
from installing import SHEET, Installation, Wrong
from sqlalchemy import func, select

from app.accounts.audit import find_break
from app.checksheets.tables import Observation
from app.prospects.tables import OutcomeEntry, Prospect

FOLLOWED_SECONDS = 30.0
PATIENCE_SECONDS = 600.0
BAD_EVERY = 1_000  # rows of the import
EVENTS = 60
PER_SECOND = 10.0  # deliveries the target takes
MAPPING = """{"check_sheet": {"key": "industrial"}, "id": {"column": "id"}, "decided_at": {"column": "decided"},
 "outcome": {"column": "status", "won": ["won"], "lost": ["lost"]},
 "items": {"budget": {"column": "budget", "kind": "yes_no"}, "tender": {"column": "tender", "kind": "yes_no"}}}"""


class Workers:
    """Worker processes, started and killed one by one."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = variables
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start one more."""
        self.running.append(subprocess.Popen([*serving.WINNOW, "worker"], env=self._variables))

    def kill_first(self) -> None:
        """End the one that has been there longest, with no chance to finish anything."""
        first = self.running.pop(0)
        first.kill()
        first.wait()

    def stop(self) -> None:
        """Ask all to end."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(timeout=60)
        self.running.clear()


class Target:
    """Somebody who is told of events, and takes his time; keeps which ids came, and when."""

    def __init__(self) -> None:
        self.came: Counter[str] = Counter()
        self.last = 0.0
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                target.came[self.headers["webhook-id"]] += 1
                target.last = time.monotonic()
                time.sleep(1 / PER_SECOND)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    @contextmanager
    def listening(self) -> Iterator["Target"]:
        """Take what is sent until the block is left."""
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()


def soak_workers(url: str, rows: int) -> str:
    """Import with a worker killed in the middle, then deliver with one killed in the middle."""
    place = Installation.make(url, jobs="elsewhere", webhook_networks="127.0.0.0/8")
    servers = [place.server, *([] if url.startswith("sqlite") else [serving.Server(place.variables)])]
    workers = Workers(place.variables)
    try:
        for server in servers:
            server.start()
        clients = [httpx.Client(base_url=server.url, headers=place.headers, timeout=120) for server in servers]
        imported = _import(place, clients, workers, rows)
        delivered = _deliver(clients, workers)
    finally:
        workers.stop()
        for server in servers:
            server.stop()
    return f"{imported}; {delivered}"


def _import(place: Installation, clients: list[httpx.Client], workers: Workers, rows: int) -> str:
    given = {"file": ("deals.csv", _table(rows)), "mapping": (None, MAPPING)}
    run = clients[0].post("/v1/imports", files=given).raise_for_status().json()

    def state() -> dict[str, Any]:
        found: dict[str, Any] = clients[-1].get(f"/v1/imports/{run['id']}").raise_for_status().json()
        return found

    workers.start()
    begun = _wait(lambda: (one := state())["rows"] > rows // 10 and one, "The import did not begin.")
    workers.start()
    workers.kill_first()
    killed, landed = time.monotonic(), state()["rows"]
    _wait(lambda: state()["rows"] > landed or state()["state"] == "done", "Nobody went on with the import.")
    followed = time.monotonic() - killed
    _check_followed(followed, "import")
    ended = _wait(lambda: (one := state())["state"] not in {"queued", "running"} and one, "The import did not end.")
    bad = rows // BAD_EVERY
    if (ended["state"], ended["created"], ended["failed"]) != ("done", rows - bad, bad) or not begun:
        msg = f"The import of {rows} rows with {bad} bad ones ended as {ended}."
        raise Wrong(msg)
    _check_rows(place, rows - bad)
    return f"import of {rows} rows killed at {landed}, followed after {followed:.1f} s, each row once"


def _table(rows: int) -> str:
    """A file with a bad row now and then."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["id", "status", "decided", "budget", "tender"])
    for number in range(rows):
        budget = "perhaps" if number % BAD_EVERY == BAD_EVERY - 1 else "true"
        status = "won" if number % 3 == 0 else "lost"
        table.writerow([f"deal-{number}", status, "2026-01-05", budget, "false"])
    return out.getvalue()


def _check_rows(place: Installation, expected: int) -> None:
    database = place.database()
    with database.reading() as session:
        counts = [
            session.scalar(select(func.count()).select_from(table)) for table in (Prospect, Observation, OutcomeEntry)
        ]
        audited, broken = find_break(session)
    database.engine.dispose()
    if counts != [expected] * 3:
        msg = f"Of {expected} good rows there are {counts} prospects, observations and outcomes."
        raise Wrong(msg)
    if broken is not None:
        msg = f"The audit chain of {audited} rows breaks at {broken}."
        raise Wrong(msg)


def _deliver(clients: list[httpx.Client], workers: Workers) -> str:
    with Target().listening() as target:
        wanted = {"url": target.url, "events": ["score.changed"]}
        webhook = clients[0].post("/v1/webhooks", json=wanted).raise_for_status().json()["id"]
        for number in range(EVENTS):
            body = {"check_sheet": SHEET, "answers": {"budget": True}}
            clients[number % len(clients)].put(f"/v1/prospects/told-{number}", json=body).raise_for_status()
        _wait(lambda: len(target.came) > EVENTS // 4, "Nothing was delivered.")
        workers.start()
        workers.kill_first()
        killed, before = time.monotonic(), target.came.copy()
        _wait(lambda: target.came.total() > before.total() + 1, "Nobody went on with the deliveries.")
        followed = time.monotonic() - killed
        _check_followed(followed, "delivery")

        def all_told() -> bool:
            listed = clients[-1].get(f"/v1/webhooks/{webhook}/deliveries?limit=200").raise_for_status().json()["items"]
            return {one["state"] for one in listed} == {"delivered"}

        _wait(all_told, "Some deliveries are still on their way.")
    if len(target.came) != EVENTS:
        msg = f"Of {EVENTS} events {len(target.came)} arrived."
        raise Wrong(msg)
    twice = sum(count > 1 for count in target.came.values())
    return f"{EVENTS} events delivered, followed after {followed:.1f} s, {twice} twice under the same id"


def _check_followed(seconds: float, what: str) -> None:
    if seconds > FOLLOWED_SECONDS:
        msg = f"The worker of an {what} was followed only after {seconds:.1f} s."
        raise Wrong(msg)


def _wait(until: Callable[[], Any], otherwise: str) -> Any:
    """What is waited for, as soon as it is there."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (found := until()):
        if time.monotonic() > give_up:
            raise Wrong(otherwise)
        time.sleep(0.05)
    return found
