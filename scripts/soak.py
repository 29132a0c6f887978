"""Abuse a service in ways that must not lose or bend anything; every part runs on databases of its own.

kills    killed at random moments under load: what it acknowledged is there, and nothing is half-saved
writers  eight writers at once: every write is taken, none is told to come again
backup   backed up under load and restored elsewhere: the same scores, bit for bit
stop     asked to stop under load: what it has taken on, it answers
days     a day of each CRM's calls with duplicates, calls out of order, time-outs and a kill: ends as the clean day
workers  two servers and two workers, one killed in the middle of an import and of deliveries: replaced in time
calls    calls made up from the API's description, in sequences too: answered as described

All of them unless parts are named. What each found is printed; the first thing wrong ends the run with a sentence and
exit code 1.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import serving
from installing import Wrong
from soak_calls import soak_calls
from soak_days import soak_days
from soak_workers import soak_workers
from soak_writing import soak_backup, soak_kills, soak_stop, soak_writers

Part = Callable[[argparse.Namespace, str, Path], str]
PARTS: dict[str, Part] = {
    "kills": lambda asked, url, _: soak_kills(url, asked.rounds),
    "writers": lambda asked, url, _: soak_writers(url, asked.seconds),
    "backup": lambda _, url, folder: soak_backup(url, folder),
    "stop": lambda _, url, __: soak_stop(url),
    "days": lambda asked, url, _: soak_days(url, asked.deals, asked.crm),
    "workers": lambda asked, url, _: soak_workers(url, asked.rows),
    "calls": lambda asked, url, folder: soak_calls(url, folder, asked.calling, asked.seed),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--rounds", type=int, default=50, help="how often to kill the service (%(default)s)")
    parser.add_argument("--seconds", type=float, default=30, help="how long eight writers write (%(default)s)")
    parser.add_argument("--deals", type=int, default=40, help="of each CRM in its day (%(default)s)")
    parser.add_argument("--crm", action="append", help="one whose day to replay; all unless named")
    parser.add_argument("--rows", type=int, default=100_000, help="of the import whose worker is killed (%(default)s)")
    parser.add_argument("--calling", type=int, default=900, help="seconds of made-up calls (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the made-up calls (%(default)s)")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return asked


def main() -> None:
    """Run the parts asked for on the databases asked for."""
    asked = _arguments()
    for kind in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
        for part in asked.parts or PARTS:
            with TemporaryDirectory(prefix="winnow-") as name, serving.database(kind, Path(name)) as url:
                try:
                    print(f"{kind}, {part}: {PARTS[part](asked, url, Path(name))}", flush=True)
                except Wrong as wrong:
                    sys.exit(f"{kind}, {part}: {wrong}")


if __name__ == "__main__":
    main()
