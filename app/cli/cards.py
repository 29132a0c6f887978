"""Check sheets and scorecards: load, train, read, take out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from app.cli.terminal import AsJson, Refused, SheetKey, console, open_database, print_json, say, spinner

if TYPE_CHECKING:
    from app.checksheets.schemas import SheetInput
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
    max_lines: Annotated[int, typer.Option(help="The most lines the card may have.")] = 12,
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
            table.add_row(label, level.text, *weight, counts, end_section=last)
    console.print(table)
    say(f"probability = 1 / (1 + exp(-({card.curve.intercept:.4g} + {card.curve.slope:.4g} × points)))")


@exports.command("card")
def export_card(
    check_sheet: SheetKey = None,
    scorecard: Annotated[str | None, typer.Option(help="A card's id; default: the one in force.")] = None,
    form: Annotated[str, typer.Option("--format", help="json, csv or markdown.")] = "markdown",
) -> None:
    """Print a card: as it is stored, a row an answer, or a page to print."""
    from app.checksheets.queries import choose_sheet
    from app.scorecards.export import FORMATS
    from app.scorecards.queries import load_card, require_card

    if form not in FORMATS:
        msg = f"There is no format '{form}'; take {', '.join(FORMATS)}."
        raise Refused(msg)
    with open_database() as database, database.reading() as session:
        loaded = load_card(session, scorecard or require_card(session, choose_sheet(session, check_sheet)))
    sys.stdout.write(FORMATS[form][0](loaded.card, f"Scorecard {loaded.check_sheet}"))
