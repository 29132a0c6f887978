"""Every report and its plot on a large team's closed deals, against a bare page of the same app, and the closed's list.

A service in a process of its own is asked for each report's JSON, then for its plot, first cold, then warm. Every time
up to another moment, so that no picture drawn before serves again.
"""

import http.client
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import serving
from bench_pages import BARE, people, server_with_bare_page
from made_deals import make_deals

from app.db import Database
from app.migrating import migrate
from app.reports.routes import REPORTS
from app.settings import Settings

WARM = 2
MEGABYTE = 1024
CLOSED = "/closed"


@contextmanager
def _made(kind: str, deals: int, keep: Path | None) -> Iterator[str]:
    """A database with so many closed deals, made unless the folder to keep it in has one."""
    with TemporaryDirectory() as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / f"{kind}-{deals}"
        with serving.database(kind, folder) as url:
            database = Database(Settings(database_url=url))
            migrate(database.engine)
            if not mark.exists():
                make_deals(database, deals)
                mark.touch()
            database.engine.dispose()
            yield url


class Asking:
    """One connection to the service, and how long each answer took."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.connection, self.headers = http.client.HTTPConnection("127.0.0.1", port, timeout=120), headers

    def ask(self, path: str) -> float:
        """Milliseconds to the last byte of an answer."""
        began = time.perf_counter()
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            msg = f"{path} answered {answer.status}."
            raise RuntimeError(msg)
        return 1000 * (time.perf_counter() - began)


def _turns(asking: Asking, path: str) -> tuple[float, float]:
    """The first answer and the usual one, each of what happened up to another moment."""
    moments = (datetime.now(UTC) - timedelta(hours=turn) for turn in range(WARM + 1))
    sign = "&" if "?" in path else "?"
    first, *others = [asking.ask(f"{path}{sign}to={quote(moment.isoformat())}") for moment in moments]
    return first, statistics.median(others)


def _peak_megabytes(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) // MEGABYTE


def bench_reports(kind: str, deals: int, keep: Path | None) -> dict[str, Any]:
    """Milliseconds of every report, of its plot, and of the list of the closed."""
    with _made(kind, deals, keep) as url:
        variables = serving.environment(url)
        settings = Settings(database_url=url, secret_key=variables["WINNOW_SECRET_KEY"])
        database = Database(settings)
        with database.writing() as session:
            token = dict(people(session, settings))["manager"]
        database.engine.dispose()
        key = json.loads(serving.winnow(variables, "keys", "create", "--role", "manager", "--json"))["key"]
        found: dict[str, Any] = {"closed deals": deals}
        with serving.running(server_with_bare_page(variables)) as server:
            page = Asking(server.port, {"Cookie": f"winnow-session={token}", "Accept": "text/html"})
            bare = statistics.median([page.ask(BARE) for _ in range(10 * WARM)][WARM:])
            found["bare page ms"] = round(bare, 1)
            first, *others = [page.ask(CLOSED) for _ in range(5 * WARM + 1)]
            found |= {"/closed cold ms": round(first), "/closed ms": round(statistics.median(others), 1)}
            found["server MB before"] = _peak_megabytes(server.process.pid)
            found |= _measure(Asking(server.port, {"Authorization": f"Bearer {key}"}), bare)
            found["server MB at most"] = _peak_megabytes(server.process.pid)
        return found


def _measure(api: Asking, bare: float) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for report in REPORTS:
        path = f"/v1/reports/{report.name}"
        first, usual = _turns(api, path)
        figures[f"{report.name} cold ms"], figures[f"{report.name} ms"] = round(first), round(usual)
        figures[f"{report.name} ratio"] = round(usual / bare, 1)
        for figure in report.figures:
            if figure.plot:
                first, again = _turns(api, f"{path}.svg?figure={figure.name}")
                name = f"{report.name}, its plot of {figure.name}"
                figures |= {f"{name}, cold ms more": round(first - usual), f"{name}, ms more": round(again - usual)}
    return figures
