"""The lists as somebody signed in gets them, against a bare page of the same app.

The bare page stands in the same frame, lets in the same people and shows nothing. The first byte is timed, on one
keep-alive connection, one page after the other in turns, so that both meet the same minute of the machine.
"""

import http.client
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import serving
from fastapi import FastAPI, Request, Response
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.accounts.auth import AnyVisitor
from app.accounts.people import invite
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE
from app.accounts.sign_in import Browser, open_session
from app.checksheets.queries import starter_sheets
from app.db import Database, utcnow
from app.main import create_app, make_keeper
from app.migrating import migrate
from app.pages import page_router, render
from app.prospects.service import new_prospect_row
from app.prospects.tables import Prospect
from app.settings import Settings
from app.training.service import save_sheet

OWNERS = 6
TURNS = 20
LISTS = ("/qualify", "/pursue", "/pursue?order=score", "/nurture", "/qualify?q=brandt+gauge", "/")
BARE = "/bare"


def app_with_bare_page() -> FastAPI:
    """The application with one more page, which shows nothing."""
    router = page_router()

    @router.get(BARE)
    def bare(request: Request, visitor: AnyVisitor) -> Response:  # noqa: ARG001 - to have somebody signed in
        return render(request, "base.html", None)

    app = create_app()
    app.include_router(router)
    return app


def server_with_bare_page(variables: dict[str, str]) -> serving.Server:
    """A service of that application, not yet started."""
    command = [
        sys.executable, "-m", "uvicorn", "--factory", "bench_pages:app_with_bare_page", "--no-access-log",
        "--app-dir", str(Path(__file__).parent), "--log-level", "warning",
    ]  # fmt: skip
    return serving.Server(variables, command)


def fill(session: Session, prospects: int) -> None:
    """So many open prospects of six owners, and twice as many closed ones, as a team has after some years."""
    now, chance = utcnow(), random.Random(0)
    sheet = next(starter for starter in starter_sheets() if starter.key == "industrial")
    save_sheet(session, caller=COMMAND_LINE, given=sheet, only_new=True, now=now)
    stages = [stage.key for stage in sheet.stages or []]
    items = [item.key for item in sheet.items if item.kind == "yes_no"]
    session.execute(
        insert(Prospect), [_row(number, prospects, stages, items, chance) for number in range(3 * prospects)]
    )


def _row(
    number: int, prospects: int, stages: Sequence[str], items: Sequence[str], chance: random.Random
) -> dict[str, Any]:
    now = utcnow()
    owner, closed = f"rep-{chance.randrange(OWNERS)}", number >= prospects
    probability = chance.random()
    row = new_prospect_row(f"crm-{number}", owner, now - timedelta(days=chance.randrange(900 if closed else 200)))
    return row | {
        "check_sheet": "industrial",
        "name": f"{chance.choice(('Inline gauge', 'Robot cell', 'Parts washer'))} for line {number}",
        "account": f"{chance.choice(('Brandt', 'Ostermoor', 'Pelikar', 'Zelenka'))} Castings {number % 900}",
        "source": chance.choice(("fair", "website", "referral")),
        "amount": chance.choice((None, chance.randrange(5_000, 200_000))),
        "currency": "EUR",
        "stage": chance.choice(stages),
        "brief": dict.fromkeys(("looks_for", "what_fits", "trust"), "Room for the new series of cages by spring."),
        "waiting_for": "the budget of the new year" if number % 10 == 0 else None,
        "look_again_at": now + timedelta(days=chance.randrange(-20, 90)) if number % 10 == 0 else None,
        "answers": {item: chance.choice((True, False, "unknown")) for item in items if chance.random() < 0.6},
        "state": chance.choice(("won", "lost")) if closed else "open",
        "decided_at": now - timedelta(days=chance.randrange(400)) if closed else None,
        "closed_at": now if closed else None,
        "grade": "ABCD"[min(int(4 * (1 - probability)), 3)],
        "score": round(98 * probability) + 1,
        "score_rank": -round(98 * probability) - 1,
        "probability": probability,
        "forecast_owner": owner if chance.random() < 0.5 else None,
    }  # fmt: skip


def people(session: Session, settings: Settings) -> Iterator[tuple[str, str]]:
    """A manager and a rep, new at each call, with the token of a session each."""
    for role in ("manager", "rep"):
        email = f"{role}-{utcnow():%y%m%d%H%M%S}@example.com"
        given = PersonInput(email=email, name=role, role=role, owners=["rep-0"])
        person, _ = invite(session, given=given, by=COMMAND_LINE, now=utcnow())
        browser = Browser("127.0.0.1", "the bench")
        yield role, open_session(session, make_keeper(settings), person=person, browser=browser, now=utcnow())


def _first_byte(connection: http.client.HTTPConnection, path: str, token: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": f"winnow-session={token}", "Accept": "text/html"})
    answer = connection.getresponse()
    took = 1000 * (time.perf_counter() - began)
    answer.read()
    if answer.status != 200:
        msg = f"{path} answered {answer.status}."
        raise RuntimeError(msg)
    return took


def _measure(port: int, role: str, token: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for path in (BARE, *LISTS):
        _first_byte(connection, path, token)
    waits: dict[str, list[float]] = {path: [] for path in (BARE, *LISTS)}
    for _ in range(TURNS):
        for path, found in waits.items():
            found.append(_first_byte(connection, path, token))
    usual = {path: statistics.median(found) for path, found in waits.items()}
    figures: dict[str, Any] = {f"{role} bare page ms": round(usual[BARE], 1)}
    for path in LISTS:
        slow = sorted(waits[path])[int(0.95 * TURNS)]
        figures[f"{role} {path} ms"] = round(usual[path], 1)
        figures[f"{role} {path} p95 ms"] = round(slow, 1)
        figures[f"{role} {path} ratio"] = round(usual[path] / usual[BARE], 1)
    return figures


def bench_pages(kind: str, prospects: int) -> dict[str, Any]:
    """First bytes of every list with so many open prospects, for a manager and for a rep."""
    with TemporaryDirectory() as name, serving.database(kind, Path(name)) as url:
        variables = serving.environment(url)
        settings = Settings(database_url=url, secret_key=variables["WINNOW_SECRET_KEY"])
        database = Database(settings)
        migrate(database.engine)
        with database.writing() as session:
            fill(session, prospects)
            tokens = dict(people(session, settings))
        database.engine.dispose()
        found: dict[str, Any] = {"open prospects": prospects, "closed prospects": 2 * prospects}
        with serving.running(server_with_bare_page(variables)) as server:
            for role, token in tokens.items():
                found |= _measure(server.port, role, token)
        return found
