"""The `winnow` command: parse, call the same services as the API, print."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import OperationalError

from app.accounts.audit import find_break
from app.accounts.service import COMMAND_LINE, create_key, revoke_key
from app.accounts.tables import ApiKey
from app.backup import BackupError, read_backup, write_backup
from app.checksheets.queries import choose_sheet, load_sheet
from app.checksheets.schemas import SheetInput
from app.db import Database, utcnow
from app.errors import AppError
from app.exchange.files import UnreadableFile
from app.exchange.mapping import load_mapping
from app.migrating import migrate, pending_migrations
from app.scorecards.export import FORMATS
from app.scorecards.queries import find_card, load_card, require_card, weights
from app.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Winnow: check sheets in, a scorecard a person can add up out. Settings: WINNOW_* in the environment.",
)
keys = typer.Typer(no_args_is_help=True, help="API keys.")
sheet_commands = typer.Typer(no_args_is_help=True, help="Check sheets.")
export_commands = typer.Typer(no_args_is_help=True, help="Take things out.")
audit_commands = typer.Typer(no_args_is_help=True, help="The audit chain.")
app.add_typer(keys, name="keys")
app.add_typer(sheet_commands, name="sheet")
app.add_typer(export_commands, name="export")
app.add_typer(audit_commands, name="audit")

console = Console()
errors = Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
SheetKey = Annotated[str | None, typer.Option("--check-sheet", help="Its key; may be left out while only one exists.")]
FileIn = Annotated[Path, typer.Argument(help="A CSV file, gzipped or not.")]


def main() -> None:
    """Run the command; what went wrong is one sentence, and exit status 1."""
    try:
        app()
    except (AppError, UnreadableFile, BackupError) as error:
        _fail(str(error))
    except ValidationError as error:
        fault = error.errors()[0]
        _fail(f"{'/'.join(str(step) for step in fault['loc'])}: {fault['msg']}.")
    except OperationalError as error:
        _fail(f"The database does not answer: {error.orig}")


def _fail(sentence: str) -> None:
    errors.print(sentence, style="red", markup=False, highlight=False)
    sys.exit(1)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


@contextmanager
def _database(*, migrated: bool = True) -> Iterator[Database]:
    """The database of the settings, its schema brought up to date unless asked not to."""
    database = Database(Settings())
    try:
        if migrated and pending_migrations(database.engine):
            migrate(database.engine)
        yield database
    finally:
        database.engine.dispose()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the API; interactive docs stand at /docs."""
    import uvicorn

    given = {"WINNOW_HOST": host, "WINNOW_PORT": port}
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    settings = Settings()
    with _database():
        pass
    from app.main import create_app

    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, access_log=False, log_level="warning",
        timeout_graceful_shutdown=30,
    )  # fmt: skip


@app.command("migrate")
def migrate_database() -> None:
    """Bring the database to this version's schema."""
    with _database(migrated=False) as database:
        migrate(database.engine)
    console.print("The database is up to date.")


@app.command()
def demo(
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing where there is something already.")] = False,
) -> None:
    """Fill an empty database with a sample team: three quarters of made-up history, and its cards."""
    from app.demo.service import fill_with_sample_team

    with _database() as database, _spinner("Playing three quarters of a sample team's history"):
        count = fill_with_sample_team(database, now=utcnow(), if_empty=if_empty)
    console.print(f"{count} prospects of the sample team are in." if count else "There is something here already.")


@contextmanager
def _spinner(text: str) -> Iterator[Any]:
    """Progress on a terminal, silence elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(text)
        yield lambda description: progress.update(task, description=description)


@keys.command("create")
def keys_create(
    role: Annotated[str, typer.Option(help="rep, integration, manager or admin.")],
    owner: Annotated[list[str] | None, typer.Option(help="For a rep: an owner text it answers for; repeat.")] = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, scores:unblinded; default read and write.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key; it is shown this once."""
    secret = Settings().secret_key.get_secret_value()
    with _database() as database, database.writing() as session:
        key, text = create_key(
            session, secret=secret, role=role, name=name, owners=owner or [], scopes=scope or ["read", "write"],
            by=COMMAND_LINE,
        )  # fmt: skip
        shown = {"id": key.id, "role": key.role, "key": text}
    if as_json:
        _print_json(shown)
    else:
        console.print(text, soft_wrap=True, highlight=False)


@keys.command("list")
def keys_list(as_json: Json = False) -> None:
    """List the keys, without their texts."""
    with _database() as database, database.reading() as session:
        rows = session.query(ApiKey).order_by(ApiKey.id).all()
    shown = [
        {"id": row.id, "role": row.role, "name": row.name, "owners": row.owners, "scopes": row.scopes,
         "created_at": row.created_at, "revoked_at": row.revoked_at}
        for row in rows
    ]  # fmt: skip
    if as_json:
        _print_json(shown)
        return
    table = Table("id", "role", "name", "owners", "state")
    for row in rows:
        table.add_row(row.id, row.role, row.name, ", ".join(row.owners), "revoked" if row.revoked_at else "in use")
    console.print(table)


@keys.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a key at once."""
    with _database() as database, database.writing() as session:
        revoke_key(session, key_id=key_id, by=COMMAND_LINE)
    console.print(f"{key_id} is revoked.", highlight=False)


@sheet_commands.command("load")
def sheet_load(
    file: Annotated[Path, typer.Argument(help="A check sheet as JSON, or the name of one that comes along.")],
) -> None:
    """Create a check sheet, or give it a new version."""
    from app.training.service import save_sheet

    given = _read_sheet(file)
    with _database() as database, database.writing() as session:
        put = save_sheet(session, caller=COMMAND_LINE, given=given, only_new=False, now=utcnow())
        said = f"version {put.sheet.version} is in." if put.changed else "it said the same already; no new version."
    console.print(f"Check sheet '{given.key}': {said}", highlight=False)


def _read_sheet(file: Path) -> SheetInput:
    from app.checksheets.queries import starter_sheets

    if not file.is_file():
        for starter in starter_sheets():
            if starter.key == str(file):
                return starter
        names = ", ".join(starter.key for starter in starter_sheets())
        msg = f"There is no file '{file}', and no check sheet of that name comes along; those that do: {names}."
        raise UnreadableFile(msg)
    return SheetInput.model_validate_json(file.read_text("utf-8"))


@app.command("import")
def import_table(
    file: FileIn,
    mapping: Annotated[Path, typer.Option("--map", help="The mapping file; examples stand in docs/examples.")],
    check_sheet: SheetKey = None,
    errors_file: Annotated[Path | None, typer.Option("--errors", help="Write every bad row to this CSV file.")] = None,
    as_json: Json = False,
) -> None:
    """Import prospects, answers and outcomes; importing the same file again changes nothing."""
    from app.exchange.importing import BadLine, Report, import_file

    given = load_mapping(mapping)
    if check_sheet is not None:
        given = given.model_copy(update={"check_sheet": given.check_sheet.model_copy(update={"key": check_sheet})})
    with _database() as database, _spinner("Importing") as say, _errors_writer(errors_file) as on_error:

        def on_progress(report: Report) -> None:
            say(f"Imported {report.rows:,} rows")

        def on_bad(bad: BadLine) -> None:
            on_error([bad.line, bad.external_id, bad.column, bad.code, bad.reason])

        report = import_file(
            database, caller=COMMAND_LINE, path=file, mapping=given, on_progress=on_progress, on_error=on_bad
        )
    if as_json:
        _print_json(report)
        return
    counts = f"{report.created} created, {report.changed} changed, {report.unchanged} as they were"
    console.print(f"{report.rows} rows: {counts}, {report.failed} refused.", highlight=False)
    for bad in report.errors[:20]:
        errors.print(f"line {bad.line}: {bad.reason}", markup=False, highlight=False)


@contextmanager
def _errors_writer(path: Path | None) -> Iterator[Any]:
    if path is None:
        yield lambda _row: None
        return
    with path.open("w", encoding="utf-8", newline="", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "external_id", "column", "code", "reason"])
        yield writer.writerow


@app.command()
def train(
    check_sheet: SheetKey = None,
    activate: Annotated[str, typer.Option(help="if_better or never.")] = "if_better",
    max_lines: Annotated[int, typer.Option(help="The most lines the card may have.")] = 12,
    max_points: Annotated[int, typer.Option(help="The most points an answer may count.")] = 10,
    allow: Annotated[list[str] | None, typer.Option(help="Keep an item although it looks like a leak; repeat.")] = None,
    as_json: Json = False,
) -> None:
    """Train a scorecard on the outcomes there are; it is put in force where it does no worse."""
    from app.training.schemas import TrainInput
    from app.training.service import train as train_card

    asked = TrainInput.model_validate(
        {"check_sheet": check_sheet, "activate": activate, "max_lines": max_lines, "max_points": max_points,
         "allow": allow or []}
    )  # fmt: skip
    with _database() as database:
        with _spinner("Training"):
            scorecard_id = train_card(database, caller=COMMAND_LINE, asked=asked)
        with database.reading() as session:
            row = find_card(session, scorecard_id)
    if as_json:
        _print_json({"scorecard": row.id, "basis": row.basis, "prospects": row.prospects, **row.gate, "card": row.body})
        return
    console.print(f"{row.id}: {row.prospects} prospects, basis {row.basis}.", highlight=False)
    console.print(
        "It is in force." if row.gate["activated"] else "It is stored, not in force.",
        row.gate["reason"],
        highlight=False,
    )


@app.command("weights")
def show_weights(check_sheet: SheetKey = None, as_json: Json = False) -> None:
    """Print the feature weights of the card in force."""
    with _database() as database, database.reading() as session:
        row = find_card(session, require_card(session, choose_sheet(session, check_sheet)))
        card = load_card(session, row.id).card
        found = weights(session, row)
    if as_json:
        _print_json(found)
        return
    title = f"{row.id} ({row.basis})"
    table = Table("characteristic", "answer", "points", "log-odds", "90 % interval", "won of", title=title)
    table.add_row(
        "start with", "", f"{card.base_points:+d}", "", "", f"{card.won} of {card.prospects}", end_section=True
    )
    for line in card.lines:
        for level in line.levels:
            label, last = line.label if level is line.levels[0] else "", level is line.levels[-1]
            interval = f"{level.low:+.2f} … {level.high:+.2f}"
            counts = f"{level.won:.0f} of {level.support:.0f}"
            weight = [f"{level.points:+d}", f"{level.log_odds:+.2f}", interval]
            table.add_row(label, level.text, *weight, counts, end_section=last)
    console.print(table)
    curve = f"{card.curve.intercept:.4g} + {card.curve.slope:.4g} × points"
    console.print(f"probability = 1 / (1 + exp(-({curve})))", highlight=False)


@app.command("score")
def score_table(
    file: FileIn,
    out: Annotated[Path, typer.Option("--out", help="Where the rows go with their scores.")],
    check_sheet: SheetKey = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="The mapping file, where columns are not items.")
    ] = None,
) -> None:
    """Score the rows of a file with the card in force."""
    from app.exchange.scoring import score_file

    given = load_mapping(mapping) if mapping else None
    with _database() as database:
        with database.reading() as session:
            wanted = check_sheet or (given.check_sheet.key if given else None)
            sheet = load_sheet(session, choose_sheet(session, wanted))
            card = load_card(session, require_card(session, sheet.key)).card
        with _spinner("Scoring"):
            scored, failed = score_file(sheet=sheet, card=card, path=file, out=out, mapping=given)
    console.print(f"{scored} rows scored, {failed} could not be read (see wn_problem).", highlight=False)


@app.command()
def evaluate(
    file: FileIn,
    outcome: Annotated[str, typer.Option(help="The column that says how it ended.")],
    won: Annotated[str, typer.Option(help="The value that means won.")],
    time: Annotated[str | None, typer.Option(help="The column that gives the order in time, or `row`.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; repeat.")] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="Keep a column although it looks like a leak, or `all`.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Rows with the same value here are never parted.")] = None,
    folds: Annotated[int, typer.Option(min=2, max=50)] = 5,
    repeats: Annotated[int | None, typer.Option(min=1, max=100)] = None,
    max_lines: Annotated[int, typer.Option(min=1, max=50)] = 12,
    max_points: Annotated[int, typer.Option(min=1, max=100)] = 10,
    predictions: Annotated[
        Path | None, typer.Option(help="Write every out-of-sample prediction to this CSV file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say of any CSV file whether a scorecard would tell who buys, on rows it has not seen; needs no database."""
    from app.exchange.evaluating import Asked, evaluate_file, write_predictions
    from models.errors import ModelError
    from models.learning import Options

    asked = Asked(file, outcome, won, time, tuple(drop or ()), group, folds, repeats)
    options = Options(
        max_lines=max_lines, max_points=max_points, allow="all" if "all" in (allow or []) else frozenset(allow or ())
    )
    try:
        with _spinner("Evaluating"):
            found = evaluate_file(asked, options)
    except ModelError as error:
        _fail(str(error))
        return
    if predictions is not None:
        write_predictions(predictions, found)
    if as_json:
        sys.stdout.write(json.dumps(found.to_json()) + "\n")
        return
    _print_evaluation(found.to_json())
    console.print(FORMATS["markdown"][0](found.card, f"Scorecard of {file.name}"), markup=False, highlight=False)


def _print_evaluation(found: dict[str, Any]) -> None:
    table = Table("figure", "out of sample", "90 % interval", title=f"{found['rows']} rows, {found['protocol']}")
    for name in ("auc", "log_loss", "brier"):
        spread = found["intervals"][name]
        table.add_row(name, f"{found[name]:.3f}", f"{spread['low']:.3f} … {spread['high']:.3f}")
    table.add_row("ece", f"{found['ece']:.3f}", "")
    table.add_row("log loss of the base rate", f"{found['base']['log_loss']:.3f}", "")
    table.add_row("seconds to train", f"{found['train_seconds']:.2f}", "")
    console.print(table)
    for leak in found["leaks"]:
        what = "left out" if leak["left_out"] else "kept, suspect"
        console.print(f"{leak['column']}: {what}. {leak['evidence']}", markup=False, highlight=False)
    if not found["usable"]:
        console.print("There is no usable card: it does not beat the base rate beyond doubt.")


@export_commands.command("card")
def export_card(
    check_sheet: SheetKey = None,
    scorecard: Annotated[str | None, typer.Option(help="A card's id; default: the one in force.")] = None,
    form: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = "markdown",
) -> None:
    """Print a card: as it is stored, a row an answer, or a page to print."""
    if form not in FORMATS:
        _fail(f"There is no format '{form}'; take {', '.join(FORMATS)}.")
    with _database() as database, database.reading() as session:
        scorecard = scorecard or require_card(session, choose_sheet(session, check_sheet))
        loaded = load_card(session, scorecard)
    sys.stdout.write(FORMATS[form][0](loaded.card, f"Scorecard {loaded.check_sheet}"))


@audit_commands.command("verify")
def audit_verify() -> None:
    """Walk the audit chain; exit status 1 where a row was altered."""
    with _database() as database, database.reading() as session:
        count, broken = find_break(session)
    if broken is not None:
        _fail(f"The audit chain breaks at row {broken}.")
    console.print(f"The audit chain is whole: {count} rows.", highlight=False)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Write everything to one file, while the service runs."""
    with _database() as database, _spinner("Backing up"):
        count = write_backup(database, file)
    console.print(f"{count} rows are in {file}.", highlight=False)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A backup.")]) -> None:
    """Fill an empty database from a backup; it may be of the other kind."""
    with _database(migrated=False) as database, _spinner("Restoring"):
        count = read_backup(database, file)
    console.print(f"{count} rows are back.", highlight=False)


if __name__ == "__main__":
    main()
