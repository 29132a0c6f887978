"""Files in and files out: import, score, evaluate."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from app.cli.terminal import (
    AsJson,
    FileIn,
    MostLines,
    Refused,
    SheetKey,
    console,
    errors,
    open_database,
    print_json,
    say,
    spinner,
)

if TYPE_CHECKING:
    from app.exchange.importing import BadLine, Report

commands = typer.Typer()
_SHOWN = 20


@commands.command("import")
def import_table(
    file: FileIn,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="The mapping file; examples stand in docs/examples.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Whose export it is: salesforce, hubspot, dynamics, pipedrive, odoo, winnow.")
    ] = None,
    check_sheet: SheetKey = None,
    errors_file: Annotated[Path | None, typer.Option("--errors", help="Write every bad row to this CSV file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import prospects, answers and outcomes; importing the same file again changes nothing."""
    from app.accounts.service import COMMAND_LINE
    from app.exchange.files import read_table
    from app.exchange.importing import import_file
    from app.exchange.mapping import load_mapping
    from app.exchange.queries import fit_preset

    if (mapping is None) == (preset is None):
        msg = "Say how the file is to be read: --map FILE, or --preset with whose export it is."
        raise Refused(msg)
    given = load_mapping(mapping) if mapping else None
    if given is not None and check_sheet is not None:
        given = given.model_copy(update={"check_sheet": given.check_sheet.model_copy(update={"key": check_sheet})})
    with open_database() as database, spinner("Importing") as show, _errors_writer(errors_file) as on_error:

        def on_progress(report: "Report") -> None:
            show(f"Imported {report.rows:,} rows")

        if given is None:
            with database.reading() as session, read_table(file) as table:
                given = fit_preset(session, table, preset=preset or "", check_sheet=check_sheet)
        report = import_file(
            database, caller=COMMAND_LINE, path=file, mapping=given, on_progress=on_progress, on_error=on_error
        )
    if as_json:
        print_json(report)
        return
    counts = f"{report.created} created, {report.changed} changed, {report.unchanged} as they were"
    say(f"{report.rows} rows: {counts}, {report.failed} refused.")
    for bad in report.errors[:_SHOWN]:
        errors.print(f"line {bad.line}: {bad.reason}", markup=False, highlight=False, soft_wrap=True)
    if report.failed > _SHOWN:
        say(f"… and {report.failed - _SHOWN} more; --errors FILE names them all.")


@contextmanager
def _errors_writer(path: Path | None) -> "Iterator[Callable[[BadLine], None]]":
    from app.exchange.files import write_table
    from app.tabular import no_formula

    if path is None:
        yield lambda _bad: None
        return
    with write_table(path) as file:
        writer = csv.writer(file)
        writer.writerow(["line", "external_id", "column", "code", "reason"])

        def write(bad: "BadLine") -> None:
            writer.writerow([bad.line, *map(no_formula, (bad.external_id, bad.column, bad.code, bad.reason))])

        yield write


@commands.command("score")
def score_table(
    file: FileIn,
    out: Annotated[Path, typer.Option("--out", help="Where the rows go with their scores.")],
    check_sheet: SheetKey = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="The mapping file, where columns are not items.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score the rows of a file with the card in force."""
    from app.checksheets.queries import choose_sheet, load_sheet
    from app.exchange.mapping import load_mapping
    from app.exchange.scoring import score_file
    from app.scorecards.queries import load_card, require_card

    given = load_mapping(mapping) if mapping else None
    with open_database() as database, database.reading() as session:
        wanted = check_sheet or (given.check_sheet.key if given else None)
        sheet = load_sheet(session, choose_sheet(session, wanted))
        card = load_card(session, require_card(session, sheet.key)).card
    with spinner("Scoring"):
        scored, failed = score_file(sheet=sheet, card=card, path=file, out=out, mapping=given)
    if as_json:
        print_json({"rows": scored + failed, "scored": scored, "failed": failed})
    else:
        say(f"{scored} rows scored, {failed} could not be read (see wn_problem).")
    if failed and not scored:
        msg = f"No row could be scored; {out} says why in wn_problem. Do the columns need a mapping (--map)?"
        raise Refused(msg)


@commands.command()
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
    folds: Annotated[int, typer.Option(min=2, max=50, help="Parts each row is once outside of.")] = 5,
    repeats: Annotated[int | None, typer.Option(min=1, max=100, help="How often; default: by the rows.")] = None,
    max_lines: MostLines = None,
    max_points: Annotated[int, typer.Option(min=1, max=100, help="The most points an answer may count.")] = 10,
    predictions: Annotated[
        Path | None, typer.Option(help="Write every out-of-sample prediction to this CSV file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say of any table whether a scorecard would tell who buys, on rows it has not seen; needs no database."""
    from app.exchange.evaluating import Asked, evaluate_file
    from app.scorecards.exports import markdown
    from app.scorecards.exports.reading import Exported
    from models.rows import Options

    asked = Asked(file, outcome, won, time, tuple(drop or ()), group, folds, repeats)
    kept = "all" if "all" in (allow or []) else frozenset(allow or ())
    with spinner("Evaluating"):
        found = evaluate_file(asked, Options(max_lines=max_lines, max_points=max_points, allow=kept))
    if predictions is not None:
        found.write_predictions(predictions)
    figures = found.evaluation.to_json()
    if as_json:
        print_json(figures | {"rows_left_out": found.left_out})
        return
    _print_evaluation(figures)
    if found.left_out:
        say(f"{found.left_out} rows without an outcome or a time were left out.")
    if figures["usable"]:  # points that tell nothing would be read all the same
        say(markdown.write(Exported(found.evaluation.card, f"Scorecard of {file.name}")))


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
        say(f"{leak['column']}: {what}. {leak['evidence']}")
    if not found["usable"]:
        say("There is no usable card: it does not beat the base rate beyond doubt.")


@commands.command()
def compare(
    file: FileIn,
    data: Annotated[str, typer.Option(help="The column with the probabilities of the data.")],
    rep: Annotated[
        str, typer.Option(help="The column with the probabilities of the reps, or of any other forecaster.")
    ],
    outcome: Annotated[str, typer.Option(help="The column that says what happened: 1 or 0, yes or no, won or lost.")],
    cluster: Annotated[str | None, typer.Option(help="Rows with the same value here count together.")] = None,
    time: Annotated[str | None, typer.Option(help="The column that gives the order in time, or `row`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set two columns of probabilities side by side on what happened; needs no database."""
    from app.exchange.comparing import Columns, compare_file

    with spinner("Comparing"):
        found = compare_file(file, Columns(data, rep, outcome, cluster, time))
    if as_json:
        print_json(found)
    else:
        _print_comparison(found)


def _print_comparison(found: dict[str, Any]) -> None:
    if found["left_out"]:
        say(f"{found['left_out']} rows without a forecast of either, an outcome or a time were left out.")
    if "data" not in found:
        missing = f"{found['needed']} more are needed" if found["needed"] else "all of them ended alike"
        say(f"Not enough yet: {found['deals']} rows with an outcome; {missing}.")
        return
    table = Table("forecaster", "Brier", "90 % interval", "log loss", "AUC", title=f"{found['deals']} outcomes")
    for name in ("data", "reps", "blend"):
        one = found[name]
        table.add_row(name, f"{one['brier']:.3f}", _range(one["intervals"]["brier"]), f"{one['log_loss']:.3f}",
                      f"{one['auc']:.3f}")  # fmt: skip
    console.print(table)
    plain, difference = found["plain"], found["difference"]
    called, of_reps, of_data = (plain[name] for name in ("reps_called_likely", "of_those_won", "of_those_won_data"))
    say(f"Of {called} the reps called likely, {of_reps} came true; of as many the data called likeliest, {of_data}.")
    say(f"Data less reps, Brier: {difference['brier']:+.3f} ({_range(difference)}); below 0 the data were closer.")
    winner = {"data": "The data were closer", "reps": "The reps were closer", None: "Nobody was closer"}
    say(f"{winner[found['winner']]} beyond doubt, however often one had looked.")
    for who, key in (("reps", "reps_add_information"), ("data", "data_adds_information")):
        if found[key] is not None:
            verb = "know" if found[key]["yes"] else "have not been shown to know"
            slope = f"{found[key]['coefficient']:+.2f}, {_range(found[key])}"
            say(f"The {who} {verb} something the other does not ({slope}).")


def _range(spread: dict[str, float | None]) -> str:
    low, high = spread["low"], spread["high"]
    return "no interval" if low is None or high is None else f"{low:.3f} … {high:.3f}"
