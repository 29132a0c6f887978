"""Check sheets and scorecards: load, train, read, take out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.terminal import AsJson, MostLines, Refused, SheetKey, console, open_database, print_json, say, spinner

if TYPE_CHECKING:
    from app.checksheets.schemas import SheetInput
    from app.scorecards.schemas import DiffBody, Figure, MovedLine
    from models.scorecard import Scorecard

commands = typer.Typer()
sheets = typer.Typer(no_args_is_help=True, help="Check sheets.")
exports = typer.Typer(no_args_is_help=True, help="Take things out.")


@sheets.command("load")
def load_sheet(
    file: Annotated[Path, typer.Argument(help="A check sheet as JSON, or the name of one that comes along.")],
    as_json: AsJson = False,
) -> None:
    """Create a check sheet, or give it a new version."""
    from app.accounts.service import COMMAND_LINE
    from app.db import begin
    from app.training.service import save_sheet

    given = _read_sheet(file)
    with open_database() as database, database.writing() as session:
        put = save_sheet(session, caller=COMMAND_LINE, given=given, only_new=False, now=begin(session))
    if as_json:
        print_json({"check_sheet": given.key, "version": put.sheet.version, "changed": put.changed})
        return
    said = f"version {put.sheet.version} is in." if put.changed else "it said the same already; no new version."
    say(f"Check sheet '{given.key}': {said}")


def _read_sheet(file: Path) -> "SheetInput":
    from pydantic import ValidationError

    from app.checksheets.queries import starter_sheets
    from app.checksheets.schemas import SheetInput
    from app.exchange.mapping import fault

    if file.is_file():
        try:
            return SheetInput.model_validate_json(file.read_bytes())
        except ValidationError as error:
            msg = f"'{file}' is no check sheet: {fault(error)}"
            raise Refused(msg) from error
    starters = {starter.key: starter for starter in starter_sheets()}
    if str(file) not in starters:
        names = ", ".join(starters)
        msg = f"There is no file '{file}', and no check sheet of that name comes along; those that do: {names}."
        raise Refused(msg)
    return starters[str(file)]


@commands.command()
def train(
    check_sheet: SheetKey = None,
    activate: Annotated[str, typer.Option(help="if_better or never.")] = "if_better",
    max_lines: MostLines = None,
    max_points: Annotated[int, typer.Option(help="The most points an answer may count.")] = 10,
    allow: Annotated[list[str] | None, typer.Option(help="Keep an item although it looks like a leak; repeat.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a scorecard on the outcomes there are; it is put in force where it does no worse."""
    from app.accounts.service import COMMAND_LINE
    from app.scorecards.queries import find_card
    from app.training import service
    from app.training.schemas import TrainInput

    asked = TrainInput.model_validate(
        {"check_sheet": check_sheet, "activate": activate, "max_lines": max_lines, "max_points": max_points,
         "allow": allow or []}
    )  # fmt: skip
    with open_database() as database:
        with spinner("Training"):
            scorecard_id = service.train(database, caller=COMMAND_LINE, asked=asked)
        with database.reading() as session:
            row = find_card(session, scorecard_id)
    if as_json:
        print_json({"scorecard": row.id, "basis": row.basis, "prospects": row.prospects, **row.gate, "card": row.body})
        return
    say(f"{row.id}: {row.prospects} prospects, basis {row.basis}.")
    say("It is in force." if row.gate["activated"] else "It is stored, not in force.", row.gate["reason"])


@commands.command()
def weights(check_sheet: SheetKey = None, as_json: AsJson = False) -> None:
    """Print the feature weights of the card in force."""
    from app.checksheets.queries import choose_sheet
    from app.scorecards import queries

    with open_database() as database, database.reading() as session:
        row = queries.find_card(session, queries.require_card(session, choose_sheet(session, check_sheet)))
        card = queries.load_card(session, row.id).card
        found = queries.weights(session, row)
    if as_json:
        print_json(found)
    else:
        _print_card(card, f"{row.id} ({row.basis})")


def _print_card(card: "Scorecard", title: str) -> None:
    table = Table("characteristic", "answer", "points", "log-odds", "90 % interval", "won of", title=title)
    won = f"{card.won} of {card.prospects}"
    table.add_row("start with", "", f"{card.base_points:+d}", "", "", won, end_section=True)
    for line in card.lines:
        for level in line.levels:
            label, last = line.label if level is line.levels[0] else "", level is line.levels[-1]
            interval = f"{level.low:+.2f} … {level.high:+.2f}"
            counts = f"{level.won:.0f} of {level.support:.0f}"
            weight = [f"{level.points:+d}", f"{level.log_odds:+.2f}", interval]
            table.add_row(escape(label), escape(level.text), *weight, counts, end_section=last)
    console.print(table)
    say(f"probability = 1 / (1 + exp(-({card.curve.intercept:.4g} + {card.curve.slope:.4g} × points)))")


@exports.command("card")
def export_card(
    check_sheet: SheetKey = None,
    scorecard: Annotated[str | None, typer.Option(help="A card's id; default: the one in force.")] = None,
    form: Annotated[
        str, typer.Option("--format", help="json, csv, markdown, sql, formula or formula-salesforce.")
    ] = "markdown",
) -> None:
    """Print a card: as it is stored, as a table, a page for paper, an SQL statement, or formulas."""
    from app.checksheets.queries import choose_sheet
    from app.scorecards.exports import FORMATS
    from app.scorecards.queries import require_card, to_export

    if form not in FORMATS:
        msg = f"There is no format '{form}'; take {', '.join(FORMATS)}."
        raise Refused(msg)
    with open_database() as database, database.reading() as session:
        exported = to_export(session, scorecard or require_card(session, choose_sheet(session, check_sheet)))
    sys.stdout.write(FORMATS[form].write(exported))


def _export_of(table: str) -> None:
    def take_out(
        out: Annotated[Path, typer.Option("--out", help="The file to write, .csv or .parquet.")],
        check_sheet: SheetKey = None,
        crm: Annotated[
            str | None, typer.Option("--for", help="For scores: salesforce, hubspot, dynamics, pipedrive or odoo.")
        ] = None,
    ) -> None:
        from app.accounts.service import COMMAND_LINE
        from app.exchange.exporting import write_export

        with open_database() as database, spinner("Exporting"):
            write_export(database, caller=COMMAND_LINE, table=table, out=out, check_sheet=check_sheet, crm=crm)
        say(f"{table.capitalize()} are in {out}.")

    exports.command(table, help=f"Write all {table} to a file; `winnow import --preset winnow` reads it again.")(
        take_out
    )


for _table in ("prospects", "observations", "outcomes", "forecasts", "scores"):
    _export_of(_table)


@commands.command("diff")
def diff_cards(
    scorecard: Annotated[str, typer.Argument(help="The id of the card before.")],
    other: Annotated[str, typer.Argument(help="The id of the card after.")],
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many prospects to list at the most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Compare two cards: lines, points, figures, and which open prospects would change grade and why."""
    from app.accounts.service import COMMAND_LINE
    from app.scorecards.diff import diff_cards as compare

    with open_database() as database, spinner("Comparing"), database.reading() as session:
        found = compare(session, caller=COMMAND_LINE, before=scorecard, after=other, cursor=None, limit=limit)
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True, exclude={"request_id"}))
    else:
        _print_diff(found)


def _print_diff(found: "DiffBody") -> None:
    table = Table("characteristic", "answer", "before", "after", title=f"{found.before.id} → {found.after.id}")
    table.add_row("start with", "", *(f"{points:+d}" for points in (found.base_points.before, found.base_points.after)))
    for line in found.lines:
        for answer in line.answers:
            label = f"{line.label} ({line.change})" if answer is line.answers[0] else ""
            table.add_row(
                escape(label), escape(answer.answer_text), *map(_signed, (answer.points.before, answer.points.after))
            )
    console.print(table)
    for figure in found.evaluation:
        if figure.before or figure.after:
            say(f"{figure.figure}: {_rounded(figure.before)} → {_rounded(figure.after)}")
    counts = found.prospects
    say(f"{counts.changed_grade} of {counts.open} open prospects change grade: {counts.up} up, {counts.down} down.")
    for moved in found.items:
        why = "; ".join(map(_plainly, moved.because))
        grades, scores = f"{moved.grade.before} → {moved.grade.after}", f"{moved.score.before} → {moved.score.after}"
        say(f"{moved.prospect}: {grades} ({scores}). {why}")


def _plainly(reason: "MovedLine") -> str:
    return f"{reason.label}: {reason.answer_text} {_signed(reason.points.before)} → {_signed(reason.points.after)}"


def _signed(points: int | None) -> str:
    return "–" if points is None else f"{points:+d}"


def _rounded(figure: "Figure | None") -> str:
    return "–" if figure is None else f"{figure.value:.3f}"
