"""Speed, each figure beside what it is to be compared with in the same run; absolute times differ from day to day.

http     what-if scores over HTTP against an endpoint of the same app that returns a constant, and at 50 requests/s
hooks    what a CRM waits that posts to a hook, at 50 a second
batch    prospects put in batches of 200, against the same one call at a time
pages    the first byte of each list of prospects, signed in, against a bare page of the same app
core     points, whole scores and what to find out next, without a service around them
import   a file of prospects with 20 answers and an outcome each, against bare inserts (COPY) of the same rows, and
         what-if scores at 50 requests/s from a server beside it
reports  every report and its plot on closed deals, signed in, against a bare page of the same app
compare  what the comparison of forecasters holds on simulated teams whose truth is known: coverage, false alarms
shapes   the scorecard beside its rivals on made-up tables of many shapes; needs pandas

The first seven are measured unless parts are named.
"""

import argparse
import json
import timeit
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import serving
from bench_batch import bench_batch
from bench_compare import bench_compare
from bench_hooks import bench_hooks
from bench_http import SHEET, bench_http
from bench_import import bench_import
from bench_pages import bench_pages
from bench_reports import bench_reports
from rich.console import Console
from rich.table import Table

from app.db import Database
from app.scorecards.queries import load_card, sheet_and_card
from app.settings import Settings
from models.explanation import find_out_next


def bench_core() -> dict[str, Any]:
    """Microseconds of the card of the sample team, the best of several runs."""
    with TemporaryDirectory() as name, serving.database("sqlite", Path(name)) as url:
        serving.winnow(serving.environment(url), "demo")
        database = Database(Settings(database_url=url))
        with database.reading() as session:
            sheet, scorecard_id = sheet_and_card(session, None)
            card = load_card(session, scorecard_id or "").card
        database.engine.dispose()
    answers = sheet.read(SHEET["answers"])
    return {
        "lines": len(card.lines),
        "points_and_probability_us": _microseconds(lambda: card.probability(card.points_of(answers))),
        "score_us": _microseconds(lambda: card.score(answers)),
        "find_out_next_us": _microseconds(lambda: find_out_next(card, answers)),
    }


def _microseconds(work: Callable[[], object], calls: int = 2_000) -> float:
    return round(1e6 * min(timeit.repeat(work, number=calls, repeat=7)) / calls, 1)


def _shapes(asked: argparse.Namespace) -> dict[str, Any]:
    from bench_shapes import bench_shapes  # needs what is not installed for all

    return bench_shapes(set(asked.skip), set(asked.only), asked.seed)


MEASURES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "http": lambda asked: bench_http(asked.database),
    "hooks": lambda asked: bench_hooks(asked.database),
    "batch": lambda asked: bench_batch(asked.database),
    "pages": lambda asked: bench_pages(asked.database, asked.open),
    "core": lambda _: bench_core(),
    "import": lambda asked: bench_import(asked.database, asked.rows),
    "reports": lambda asked: bench_reports(asked.database, asked.deals, asked.keep),
    "compare": lambda asked: bench_compare(asked.teams),
    "shapes": _shapes,
}
UNLESS_NAMED = tuple(MEASURES)[:7]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(MEASURES))
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), default="sqlite", help="of services (%(default)s)"
    )
    parser.add_argument("--rows", type=int, default=20_000, help="prospects, for import (%(default)s)")
    parser.add_argument("--open", type=int, default=5_000, help="open prospects, for pages (%(default)s)")
    parser.add_argument("--deals", type=int, default=100_000, help="closed deals, for reports (%(default)s)")
    parser.add_argument("--keep", type=Path, help="folder of the database for reports, made once and used again")
    parser.add_argument("--teams", type=int, default=200, help="simulated teams, for compare (%(default)s)")
    parser.add_argument("--skip", action="append", default=[], help="a rival to leave out, for shapes")
    parser.add_argument("--only", action="append", default=[], help="a table to run alone, for shapes")
    parser.add_argument("--seed", type=int, default=0, help="of the made-up tables, for shapes (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(MEASURES):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return asked


def main() -> None:
    """Measure the parts asked for and print a table, or JSON."""
    asked = _arguments()
    found = {part: MEASURES[part](asked) for part in asked.parts or UNLESS_NAMED}
    if asked.json:
        print(json.dumps(found))
        return
    table = Table("part", "figure", "value")
    for part, figures in found.items():
        for name, value in figures.items():
            table.add_row(part, name.replace("_", " "), f"{value:,}")
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
