"""A day of each CRM's calls against running servers, with all that goes wrong on the way: it ends as the clean day.

The CRMs are the stand-ins of the tests. A tenth of the calls comes twice, a tenth late, a tenth of the answers is lost,
and in the middle of the day a server is killed while it is called.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from random import Random
from typing import Any

import httpx
import psycopg
import serving
from installing import Installation, Wrong

from tests.crm.standins.base import Call, Faults, NoAnswer, StandIn, replay, state_of
from tests.crm.standins.every import STANDINS
from tests.crm.standins.hubspot import SECRET

FAULTS = Faults(duplicates=0.1, reordered=0.1, unanswered=0.1, lost=0.02)
AT_BOTH = 0.1  # of the calls reach both servers at once
DOWN_FOR = 8  # calls until a killed server is back
SETTLED_SECONDS = 90
SEED = 7


@dataclass
class Site:
    """The servers of one installation, called in turn as behind a balancer."""

    place: Installation
    servers: list[serving.Server]
    chance: Random = field(default_factory=lambda: Random(SEED))
    sent: int = 0
    _back_at: int = 0

    def api(self, server: int = 0) -> httpx.Client:
        """A client with a key, for what the stand-in's page says to set up."""
        return httpx.Client(base_url=self.servers[server].url, headers=self.place.headers, timeout=60)

    def caller(self, standin: StandIn, *, kill_at: int | None) -> Callable[[Call], int]:
        """What sends a call of the stand-in; at the call named, a server is killed while it has it."""
        clients = [httpx.Client(base_url=server.url, timeout=standin.patience) for server in self.servers]
        numbers, turns = count(), cycle(range(len(clients)))

        def call(one: Call) -> int:
            number, turn = next(numbers), next(turns)
            self.sent += 1
            if number >= self._back_at:
                self.come_back()
            if number == kill_at:
                turn = 0
                threading.Timer(self.chance.uniform(0.001, 0.02), self.servers[0].kill).start()
                self._back_at = number + DOWN_FOR
            others = clients[1 - turn : 2 - turn] if len(clients) > 1 and self.chance.random() < AT_BOTH else []
            status = _send(standin, one, clients[turn], others)
            if status == 404:
                # A day passes in a minute, but between two tries there is time to read what came in before.
                _wait_until_read(self.api(turn), standin.name)
            return status

        return call

    def come_back(self) -> None:
        """Start what is down."""
        if self._back_at:
            self.servers[0].start()
            self._back_at = 0


def soak_days(url: str, deals: int, names: list[str] | None) -> str:
    """Replay each CRM's day clean and with faults, each on a database of its own, and compare how all stands."""
    told, numbers = [], count()
    for name in names or STANDINS:
        with _site(_another(url, next(numbers)), 1) as site:
            clean = _live(site, STANDINS[name](), deals, Faults(), kill=False)
        with _site(_another(url, next(numbers)), 1 if url.startswith("sqlite") else 2) as site:
            faulty = _live(site, STANDINS[name](), deals, FAULTS, kill=True)
            told.append(f"{name} {site.sent}")
        _compare(name, clean, faulty)
    return f"days of {deals} deals with faults and a kill ended as the clean ones; calls: {', '.join(told)}"


def _another(url: str, number: int) -> str:
    """An empty database beside this one."""
    if url.startswith("sqlite"):
        return url.replace("winnow.db", f"day{number}.db")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE day{number}")  # type: ignore[arg-type]
    return url.replace("/postgres?", f"/day{number}?")


@contextmanager
def _site(url: str, servers: int) -> Iterator[Site]:
    place = Installation.make(url, sheet=None, hubspot_secret=SECRET)
    site = Site(place, [place.server, *[serving.Server(place.variables) for _ in range(servers - 1)]])
    try:
        for server in site.servers:
            server.start()
        yield site
    finally:
        for server in site.servers:
            server.stop()


def _live(site: Site, standin: StandIn, deals: int, faults: Faults, *, kill: bool) -> dict[str, Any]:
    """Let a day pass, and tell how everything stands when all that came in has been read."""
    with site.api() as api:
        standin.set_up(api)
        calls = standin.day(SEED, deals=deals)
        replay(standin, calls, site.caller(standin, kill_at=len(calls) // 2 if kill else None), faults=faults, seed=3)
        site.come_back()
        _wait_until_read(api, standin.name)
        standin.reconcile(api)
        return state_of(api)


def _send(standin: StandIn, call: Call, client: httpx.Client, others: list[httpx.Client]) -> int:
    """Send a call to one server, and to others at the same moment."""
    with ThreadPoolExecutor(1) as pool:
        twins = [pool.submit(standin.send, other, call) for other in others]
        try:
            return standin.send(client, call)
        finally:
            for twin in twins:
                with suppress(NoAnswer):
                    twin.result()


def _wait_until_read(api: httpx.Client, name: str) -> None:
    """What a hook has answered for is read behind the answer, after a kill by a worker."""
    give_up = time.monotonic() + SETTLED_SECONDS
    while hooks := [hook for hook in api.get("/v1/hooks").json()["items"] if hook["waiting"]]:
        if time.monotonic() > give_up:
            msg = f"{name}: {hooks[0]['waiting']} records that came in were not read within {SETTLED_SECONDS} s."
            raise Wrong(msg)
        time.sleep(0.2)
    failed = [hook["failed"] for hook in api.get("/v1/hooks").json()["items"] if hook["failed"]]
    if failed:
        msg = f"{name}: {sum(failed)} records were not understood."
        raise Wrong(msg)


def _compare(name: str, clean: dict[str, Any], faulty: dict[str, Any]) -> None:
    if clean.keys() != faulty.keys():
        msg = f"{name}: only one of the days has {sorted(clean.keys() ^ faulty.keys())}."
        raise Wrong(msg)
    for external_id, one in clean.items():
        other = faulty[external_id]
        differing = {field: (one[field], other[field]) for field in one if one[field] != other[field]}
        if differing:
            msg = f"{name}: {external_id} ended otherwise than on the clean day: {differing}."
            raise Wrong(msg)
