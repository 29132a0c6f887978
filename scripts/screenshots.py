"""Pictures of every page, on a phone and at a desk, from a sample team whose clock stands still.

A page more is a line more in PAGES. The same code gives the same pictures, so that a change of the pages shows in them.
"""

import argparse
import base64
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.people import caller_of, find_by_email
from app.accounts.service import Caller
from app.db import Database
from app.demo.service import fill_with_sample_team
from app.forecasts.schemas import ForecastInput
from app.forecasts.service import lock_forecast
from app.main import create_app
from app.migrating import migrate
from app.panel.links import make_link
from app.prospects.activity import record_effort, record_experience, record_stage
from app.prospects.queries import find_prospect
from app.prospects.schemas import EffortInput, ExperienceInput, StageInput
from app.prospects.tables import OPEN, WON, Prospect
from app.scorecards.queries import card_in_force
from app.settings import Settings

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SHEET = "industrial"
PASSWORD = "a password for pictures"  # noqa: S105 - of a team that does not exist
CHROMIUM = "/usr/bin/chromium"
WIDTHS = {"phone": 390, "desk": 1280}
SCREEN = 844
# A picture is cut here: what lies further down says nothing new.
TALLEST = 1800
EMAILS = {"rep": "ada@sample.invalid", "manager": "maren@sample.invalid", "admin": "tomas@sample.invalid"}


@dataclass(frozen=True)
class Picture:
    """A page to take; its path names prospects of the rep: {known} and {won} show a score, {blind} none yet."""

    name: str
    path: str
    role: str = "rep"
    click: str = ""  # what is tapped first, by its words


PAGES = (
    Picture("sign-in", "/sign-in", role=""),
    Picture("home", "/"),
    Picture("qualify", "/qualify"),
    Picture("pursue", "/pursue"),
    Picture("nurture", "/nurture"),
    Picture("closed", "/closed"),
    Picture("new", "/new"),
    Picture("edit", "/prospects/{known}/edit"),
    Picture("set-aside", "/prospects/{known}/nurture"),
    Picture("sheet", "/prospects/{blind}"),
    Picture("score", "/prospects/{known}#score"),
    Picture("history", "/prospects/{known}/history"),
    Picture("history-withheld", "/prospects/{blind}/history"),
    Picture("history-won", "/prospects/{won}/history"),
    Picture("effort", "/prospects/{known}/effort"),
    Picture("stage", "/prospects/{known}/stage"),
    Picture("outcome", "/prospects/{known}/outcome"),
    Picture("outcome-correct", "/prospects/{won}/outcome"),
    Picture("experience", "/prospects/{won}/experience"),
    Picture("panel", "{panel}", role=""),
    Picture("team", "/team", role="manager"),
    Picture("reports", "/reports", role="manager"),
    Picture("overview", "/reports/overview", role="manager"),
    Picture("forecasts", "/reports/forecasts", role="manager"),
    Picture("calibration", "/reports/calibration", role="manager"),
    Picture("surprises", "/reports/surprises", role="manager"),
    Picture("effort-by-quality", "/reports/effort", role="manager"),
    Picture("item-review", "/reports/items", role="manager"),
    Picture("selling", "/reports/people", role="manager"),
    Picture("first-day", "/first-day", role="manager"),
    Picture("past-deals", "/first-day/past-deals", role="manager"),
    Picture("sheets", "/sheets", role="manager"),
    Picture("new-sheet", "/new-sheet", role="manager"),
    Picture("sheet-items", f"/sheets/{SHEET}", role="manager"),
    Picture("sheet-edit", f"/sheets/{SHEET}/edit", role="manager"),
    Picture("sheet-print", f"/sheets/{SHEET}/print", role="manager"),
    Picture("beliefs", f"/sheets/{SHEET}/beliefs"),
    Picture("cards", "/cards", role="manager"),
    Picture("card", "/cards/{card}", role="manager"),
    Picture("card-print", "/cards/{card}/print", role="manager"),
    Picture("import", "/import", role="manager"),
    Picture("people", "/people", role="admin"),
    Picture("account", "/account"),
)


def main() -> None:
    """Start, sign in, take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=PICTURES, help="the folder they are written to")
    parser.add_argument("--only", default="", help="names that hold this")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    wanted = [page for page in PAGES if asked.only in page.name]
    with tempfile.TemporaryDirectory() as folder, time_machine.travel(NOW, tick=True), served(Path(folder)) as site:
        url, places = site
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            for device, width in WIDTHS.items():
                take_all(browser, url, places, wanted, device, width, asked)
            browser.close()
    total = sum(path.stat().st_size for path in asked.to.glob("*.webp"))
    print(f"{len(wanted) * len(WIDTHS)} pictures taken; {asked.to} holds {total / 1e6:.1f} MB.")


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The service with the sample team, and which of its prospects the pictures show."""
    random.seed(0)  # ids are drawn here
    settings = Settings(database_url=f"sqlite:///{folder / 'winnow.db'}", secret_key="p" * 40, log_level="error")  # type: ignore[arg-type]
    app = create_app(settings)
    database: Database = app.state.database
    migrate(database.engine)
    fill_with_sample_team(database, now=NOW, password=PASSWORD)
    places = prepare(database)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        try:
            yield url, places | {"panel": panel_path(database, places["known"], app.state.secret)}
        finally:
            server.should_exit = True
            thread.join()


def panel_path(database: Database, external_id: str, secret: str) -> str:
    """Where the panel of a prospect is."""
    with database.writing() as session:
        rep = caller_of(find_by_email(session, email=EMAILS["rep"]))
        prospect = find_prospect(session, caller=rep, external_id=external_id)
        link = make_link(session, caller=rep, prospect=prospect, hours=24, secret=secret, now=NOW)
    return f"/panel/{link.token}"


def prepare(database: Database) -> dict[str, str]:
    """Let the rep do what a rep does with a few of its prospects."""
    with database.writing() as session:
        rep = caller_of(find_by_email(session, email=EMAILS["rep"]))
        query = select(Prospect.external_id, Prospect.answers).where(Prospect.owner.in_(rep.owners))
        rows = session.execute(query.where(Prospect.state == OPEN).order_by(Prospect.arrived_at)).all()
        opened = sorted(rows, key=lambda row: -len(row.answers))
        won = session.scalars(
            query.with_only_columns(Prospect.external_id)
            .where(Prospect.state == WON)
            .order_by(Prospect.decided_at.desc())
        ).first()
        known = opened[0].external_id
        for row in opened[: len(opened) // 2]:
            given = ForecastInput(probability=0.75 if row.external_id == known else 0.5)
            lock_forecast(session, caller=rep, external_id=row.external_id, given=given, now=NOW - timedelta(hours=1))
        work_on(session, rep, known)
        sold = find_prospect(session, caller=rep, external_id=won or "")
        record_experience(session, caller=rep, prospect=sold, given=ExperienceInput(kind="satisfied"), now=NOW)
        card = card_in_force(session, SHEET) or ""
    return {"known": known, "blind": opened[-1].external_id, "won": won or "", "card": card}


def work_on(session: Session, rep: Caller, external_id: str) -> None:
    """A call, a quote and a step of the customer's."""
    prospect = find_prospect(session, caller=rep, external_id=external_id)
    quote = EffortInput(kind="quote", requested_at=NOW - timedelta(days=6), sent_at=NOW - timedelta(days=2))
    for given in (EffortInput(kind="call"), quote):
        record_effort(session, caller=rep, prospect=prospect, given=given, now=NOW - timedelta(minutes=30))
    step = StageInput(stage="comparing", sign="They named the second supplier they are talking to.")
    record_stage(session, caller=rep, prospect=prospect, given=step, now=NOW - timedelta(minutes=20))


def take_all(
    browser: Browser, url: str, places: dict[str, str], wanted: list[Picture], device: str, width: int,
    asked: argparse.Namespace,
) -> None:  # fmt: skip
    """Each page at one width, signed in as whom it is for."""
    for role in sorted({page.role for page in wanted}):
        context = browser.new_context(
            base_url=url, viewport={"width": width, "height": SCREEN}, color_scheme=asked.scheme,
            locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce",
        )  # fmt: skip
        page = context.new_page()
        if role:
            sign_in(page, EMAILS[role])
        for picture in wanted:
            if picture.role == role:
                take(page, picture, places, asked.to / f"{picture.name}-{device}.webp")
        context.close()


def sign_in(page: Page, email: str) -> None:
    """As anybody would."""
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1).wait_for()


def take(page: Page, picture: Picture, places: dict[str, str], path: Path) -> None:
    """One picture, small enough to be kept with the code."""
    answer = page.goto(picture.path.format(**places))
    if answer is None or not answer.ok:
        sys.exit(f"{picture.name}: {picture.path} answers {answer.status if answer else 'nothing'}.")
    if picture.click:
        page.get_by_text(picture.click).first.click()
    width = page.viewport_size["width"] if page.viewport_size else 0
    top = page.evaluate("location.hash ? document.querySelector(location.hash).offsetTop : 0")
    tall = min(page.evaluate("document.documentElement.scrollHeight"), top + TALLEST)
    page.set_viewport_size({"width": width, "height": tall})  # what is fixed lies at the end of the picture
    clip = {"x": 0, "y": top, "width": width, "height": tall - top, "scale": 1}
    asked = {"format": "webp", "quality": 60, "captureBeyondViewport": True, "clip": clip}
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    page.set_viewport_size({"width": width, "height": SCREEN})
    path.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main()
