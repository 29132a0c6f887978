"""What the stand-ins of all CRMs share: deals with a life of a day, calls with their times, and how they are sent.

A stand-in is set up as its page of the cookbook says, makes the calls of a day (`day(seed)`: the same seed, the same
calls), and sends each as its CRM does: with its headers, its patience, and its own idea of when to call again.
"""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, ClassVar

import httpx

from tests.crm.cookbook import AT_HOOK, HOOKS, Page, read_page

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
OWNERS = {"Ada Lind": 71, "Ben Kern": 72}
_IMPORT_SECONDS = 60
LONGEST_DELAY = timedelta(minutes=15)  # of a call that comes too late


class NoAnswer(Exception):
    """The CRM hung up, or nobody was there."""


@dataclass(frozen=True)
class Call:
    """One call of a CRM: when it makes it, to which of its hooks or which path of the API, and what it says."""

    at: datetime
    body: bytes
    hook: int = 0
    path: str = ""  # of the API; empty where it goes to a hook


@dataclass(frozen=True)
class Deal:
    """A deal as it stands in the CRM at a moment."""

    number: int
    name: str
    owner: str
    account: str
    amount: int
    created: datetime
    changed: datetime
    answers: dict[str, Any] = field(default_factory=dict)
    state: str = "open"  # or won, lost, deleted
    closed: datetime | None = None
    reason: str = ""


class StandIn(ABC):
    """A CRM, as far as Winnow sees it."""

    name: str
    patience: float  # seconds until it hangs up
    waits: tuple[int, ...] = ()  # seconds before each further try; none: it never calls again
    deletes = True  # whether it says that a deal is gone
    forecasts = True  # whether it can send what a rep forecast
    choices: ClassVar[dict[str, tuple[Any, ...]]] = {
        "budget": (True, False, "unknown"),
        "decider_seen": (True, False, "unknown"),
        "standing": ("current", "past", "new"),
    }

    def __init__(self, *, first: int = 1000) -> None:
        self.page: Page = read_page(self.name)
        self.first = first
        self.hooks: list[str] = []
        self.key = ""
        self.deals: dict[int, Deal] = {}

    # Set up, as the page says

    def set_up(self, api: Any, *, work: Callable[[], None] = lambda: None) -> None:
        """Make the check sheet, bring in the past, make the hooks; `api` is a client with a key, `work` does jobs."""
        self.key = api.headers["Authorization"]
        self.make_sheet(api)
        self.bring_in(api, self.page.only("csv")[0].text, work=work)
        self.hooks = [taken(api.post("/v1/hooks", json=block.json)).json()["path"] for block in self.page.calls(HOOKS)]

    def make_sheet(self, api: Any) -> None:
        """The shipped sheet, where it is not there yet."""
        if api.get("/v1/check-sheets/industrial").status_code == 404:
            shipped = taken(api.get("/v1/check-sheet-templates")).json()["items"]
            sheet = next(one for one in shipped if one["key"] == "industrial")
            wanted = ("key", "name", "items", "stages", "expected_close_ratio", "grades", "grade_steps")
            taken(api.post("/v1/check-sheets", json={name: sheet[name] for name in wanted if sheet.get(name)}))

    def bring_in(self, api: Any, table: str, *, work: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Import a table as the page says; what became of it."""
        fields = self.page.only("console")[0].fields
        run = taken(api.post("/v1/imports", data=fields, files={"file": ("deals.csv", table.encode())})).json()
        work()
        give_up = time.monotonic() + _IMPORT_SECONDS
        while run["state"] in {"queued", "running"} and time.monotonic() < give_up:
            run = taken(api.get(f"/v1/imports/{run['id']}")).json()
            time.sleep(0 if run["state"] == "done" else 0.02)
        return run

    # A day

    def day(self, seed: int, *, deals: int = 6) -> list[Call]:
        """The calls of a day in the order of their times."""
        chance, calls = Random(seed), []
        for number in range(self.first, self.first + deals):
            for deal in self.life(chance, number):
                self.deals[number] = deal
                calls += [self.deleted(deal)] if deal.state == "deleted" else [self.saved(deal)]
                if deal.state == "open" and self.forecasts and deal.changed == deal.created:
                    at = deal.changed + timedelta(minutes=20)
                    calls.append(self.forecast(deal, chance.choice((0.2, 0.4, 0.7)), at))
        return sorted(calls, key=lambda call: call.at)

    def life(self, chance: Random, number: int) -> Iterator[Deal]:
        """A deal at each of its saves: it comes, is changed some times, and mostly ends before evening."""
        created = MORNING + timedelta(minutes=chance.randrange(60), seconds=number % 60)
        deal = Deal(
            number,
            f"Gauge {number}",
            chance.choice([*OWNERS]),
            "Brandt",
            1000 * chance.randint(5, 90),
            created,
            created,
        )
        yield deal
        for _ in range(chance.randint(2, 5)):
            deal = replace(deal, changed=later(deal, chance.randint(2, 30)), **self.change(chance, deal))
            yield deal
        end = chance.choice(("won", "lost", "lost", "reopened", "deleted", "open"))
        if end == "deleted" and self.deletes:
            yield replace(deal, changed=later(deal, 90), state="deleted")
        if end in {"won", "lost", "reopened"}:
            at = later(deal, 90)
            reason = "" if end == "won" else chance.choice(("Price", "Competitor"))
            state = "lost" if end == "reopened" else end
            closed = replace(deal, changed=at, state=state, closed=at, reason=reason)
            yield closed
            if end == "reopened":
                yield replace(deal, changed=later(closed, 9))

    def change(self, chance: Random, deal: Deal) -> dict[str, Any]:
        """What is changed in one save: an answer or two mostly, else the amount, the name or the owner."""
        if chance.random() < 0.6:
            items = chance.sample(sorted(self.choices), chance.randint(1, 2))
            return {"answers": deal.answers | {item: chance.choice(self.choices[item]) for item in items}}
        changed = {"amount": deal.amount + 500, "name": f"{deal.name} B", "owner": chance.choice([*OWNERS])}
        name = chance.choice(("amount", "name", "owner"))
        return {name: changed[name]}

    def posted(self, place: int = 0) -> Any:
        """A copy of what the page shows to be posted to a hook, to be filled in."""
        return deepcopy(self.page.calls(AT_HOOK)[place].json)

    def call(self, deal: Deal, body: Any, *, hook: int = 0) -> Call:
        """A call about a deal to one of the hooks."""
        return Call(deal.changed, json.dumps(body).encode(), hook)

    @abstractmethod
    def id_of(self, number: int) -> str:
        """How the CRM calls a deal."""

    @abstractmethod
    def saved(self, deal: Deal) -> Call:
        """What it sends when a deal is saved."""

    def deleted(self, deal: Deal) -> Call:
        """What it sends when a deal is deleted."""
        raise NotImplementedError

    def forecast(self, deal: Deal, probability: float, at: datetime) -> Call:
        """What it sends when a rep has forecast, as the page shows it."""
        own = self.id_of(deal.number)
        block = next(one for one in self.page.only("http") if one.call.endswith("/forecasts"))
        body = block.json | {"probability": probability, "by": deal.owner, "idempotency_key": f"{own}-forecast-1"}
        return Call(at, json.dumps(body).encode(), path=f"/v1/prospects/{own}/forecasts")

    # Sending

    def send(self, client: Any, call: Call) -> int:
        """Call once; the client has no key, and `patience` for its timeout."""
        path = call.path or self.hooks[call.hook]
        headers = {"Content-Type": "application/json"} | ({"Authorization": self.key} if call.path else {})
        headers |= self.signed(call, f"{str(client.base_url).rstrip('/')}{path}")
        try:
            return client.post(path, content=call.body, headers=headers).status_code
        except httpx.TransportError as error:
            raise NoAnswer from error

    def signed(self, _call: Call, _url: str) -> dict[str, str]:
        """The headers by which it shows who it is."""
        return {}

    def again(self, status: int | None, tries: int) -> int | None:
        """In how many seconds it calls again after so many tries, None for never; a status of None is no answer."""
        failed = status is None or status in {404, 408, 429} or status >= 500
        return self.waits[tries - 1] if failed and tries <= len(self.waits) else None

    def reconcile(self, api: Any, *, work: Callable[[], None] = lambda: None) -> None:  # noqa: B027 - most do nothing
        """What the page says to do every night."""


def later(deal: Deal, minutes: int) -> datetime:
    """So many minutes after a deal was saved last."""
    return deal.changed + timedelta(minutes=minutes)


def taken(answer: Any) -> Any:
    """The answer, which must be a success."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer


@dataclass(frozen=True)
class Faults:
    """How often things go wrong, of 1: called twice, too late, answer lost after the effect, never arrived."""

    duplicates: float = 0.0
    reordered: float = 0.0
    unanswered: float = 0.0
    lost: float = 0.0


def replay(
    standin: StandIn, calls: list[Call], send: Callable[[Call], int], *, faults: Faults = Faults(), seed: int = 0
) -> int:
    """Send a day's calls in the order of their times, with faults, each again as its CRM would; how many were sent."""
    chance, order, sent = Random(seed), count(), 0
    queue: list[tuple[datetime, int, Call, int]] = []
    for call in calls:
        late = chance.random() < faults.reordered
        heappush(queue, (call.at + (_some_time(chance) if late else timedelta()), next(order), call, 1))
        if chance.random() < faults.duplicates:
            heappush(queue, (call.at + _some_time(chance), next(order), call, 1))
    while queue:
        at, _, call, tries = heappop(queue)
        status: int | None = None
        if chance.random() >= faults.lost:
            sent += 1
            try:
                status = send(call)
            except NoAnswer:
                status = None
        if status is not None and chance.random() < faults.unanswered:
            status = None
        wait = standin.again(status, tries)
        if wait is not None:
            heappush(queue, (at + timedelta(seconds=wait), next(order), call, tries + 1))
    return sent


def _some_time(chance: Random) -> timedelta:
    return LONGEST_DELAY * chance.random()


_VOLATILE = ("created_at", "updated_at", "etag", "score_changed_at", "scorecard", "request_id")


def state_of(api: Any) -> dict[str, Any]:
    """Every prospect as it stands, with its forecasts; without what tells only when it was told."""
    found, cursor = {}, None
    while True:
        page = taken(api.get("/v1/prospects", params={"limit": 200} | ({"cursor": cursor} if cursor else {}))).json()
        for one in page["items"]:
            if one["outcome"]:
                one["outcome"].pop("recorded_at")
            made = taken(api.get(f"/v1/prospects/{one['external_id']}/forecasts")).json()["items"]
            one["forecasts"] = sorted((each["kind"], each["probability"]) for each in made)
            found[one["external_id"]] = {name: value for name, value in one.items() if name not in _VOLATILE}
        cursor = page["next"]
        if cursor is None:
            return found
