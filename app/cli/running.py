"""Running the service, and its database as a whole."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import AsJson, open_database, print_json, say, spinner

if TYPE_CHECKING:
    from threading import Event

commands = typer.Typer()


@commands.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the pages and the API; interactive docs stand at /docs."""
    import uvicorn

    from app.main import create_app
    from app.settings import Settings

    given = {"host": host, "port": port}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    with open_database(settings):
        pass
    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, access_log=False, log_level="warning",
        timeout_graceful_shutdown=30,
    )  # fmt: skip


@commands.command()
def worker(
    of_server: Annotated[bool, typer.Option("--of-server", hidden=True)] = False,
) -> None:
    """Import, train and deliver beside one or several servers (WINNOW_JOBS=elsewhere), until it is stopped."""
    import signal
    import threading

    from app.handlers import HANDLERS, ROUTINES
    from app.jobs.routines import lay_down
    from app.jobs.worker import IDLE_SECONDS, work_off
    from app.logs import configure_logs
    from app.settings import Settings
    from app.webhooks.delivery import Courier

    # A server hands its settings over through a pipe, whose end says that the server has ended too.
    settings = Settings(**json.loads(sys.stdin.readline())) if of_server else Settings()
    configure_logs(settings.log_level)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN if of_server else lambda *_: stopping.set())
    if of_server:
        threading.Thread(target=_end_with_server, args=(stopping,), daemon=True).start()
    with open_database(settings) as database:
        courier = Courier(database, settings, stopping)
        courier.start()
        with database.writing() as session:
            lay_down(session, ROUTINES)
        idle = IDLE_SECONDS if of_server else None
        work_off(
            database, HANDLERS, stopping=stopping, idle=idle, routines=ROUTINES, beside=lambda: courier.idle_seconds
        )
        stopping.set()
        courier.close()


def _end_with_server(stopping: "Event") -> None:
    sys.stdin.read()
    stopping.set()


@commands.command()
def demo(
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing where there is something already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fill an empty database with a sample team: three quarters of made-up history, its cards, and its people."""
    from app.db import utcnow
    from app.demo.people import new_password, sample_people
    from app.demo.service import fill_with_sample_team

    password = new_password()
    with open_database() as database, spinner("Playing three quarters of a sample team's history"):
        count = fill_with_sample_team(database, now=utcnow(), if_empty=if_empty, password=password)
    people = sample_people() if count else []
    if as_json:
        shown = [{"email": person.email, "role": person.role} for person in people]
        print_json({"prospects": count, "people": shown, "password": password if count else None})
        return
    say(f"{count} prospects of the sample team are in." if count else "There is something here already.")
    if people:
        say("Sign in as", ", ".join(f"{person.email} ({person.role})" for person in people))
        say(f"with the password {password}")


@commands.command("migrate")
def migrate_database() -> None:
    """Bring the database to this version's schema."""
    with open_database():
        pass
    say("The database is up to date.")


@commands.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to write it.")], as_json: AsJson = False) -> None:
    """Write everything to one file, while the service runs."""
    from app.backup import write_backup

    with open_database() as database, spinner("Backing up"):
        count = write_backup(database, file)
    print_json({"rows": count}) if as_json else say(f"{count} rows are in {file}.")


@commands.command()
def restore(file: Annotated[Path, typer.Argument(help="A backup.")], as_json: AsJson = False) -> None:
    """Fill an empty database from a backup; it may be of the other kind."""
    from app.backup import read_backup

    with open_database(migrated=False) as database, spinner("Restoring"):
        count = read_backup(database, file)
    print_json({"rows": count}) if as_json else say(f"{count} rows are back.")


@commands.command()
def forget(
    months: Annotated[
        int | None, typer.Option(min=1, help="Months without a word; default: WINNOW_RETENTION_MONTHS.")
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Erase them; without it they are only counted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase the personal data of prospects nothing was said of for long; without --erase, count them."""
    from app.accounts.service import COMMAND_LINE
    from app.db import utcnow
    from app.privacy.queries import count_due
    from app.privacy.service import forget_due
    from app.settings import Settings

    limit = months or Settings().retention_months
    if limit is None:
        say("Nothing is forgotten: name --months, or set WINNOW_RETENTION_MONTHS.")
        return
    with open_database() as database:
        if erase:
            done = forget_due(database, caller=COMMAND_LINE, months=limit)
            print_json({"erased": done}) if as_json else say(f"{done} prospects are forgotten.")
            return
        with database.reading() as session:
            counts = count_due(session, months=limit, now=utcnow())
    named = ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"
    print_json({"due": counts}) if as_json else say(f"Due after {limit} months: {named}. --erase erases them.")
