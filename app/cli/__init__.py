"""The `winnow` command: parse, call the same services as the API, print.

What a command needs is imported when it runs, so that each starts with what it needs and no more.
"""

import sys

import typer

from app.cli import accounts, cards, files, running
from app.cli.failures import explain
from app.cli.terminal import complain

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Winnow: check sheets in, a scorecard a person can add up out. Settings: WINNOW_* in the environment.",
)
for group in (running, files, cards):
    app.add_typer(group.commands)
app.add_typer(accounts.keys, name="keys")
app.add_typer(accounts.users, name="users")
app.add_typer(cards.sheets, name="sheet")
app.add_typer(cards.exports, name="export")
app.add_typer(accounts.audits, name="audit")


def main() -> None:
    """Run the command; what went wrong is one sentence on standard error, and exit status 1."""
    try:
        status = app(prog_name="winnow", standalone_mode=False)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        if sentence:  # a group without a command has printed its help
            complain(sentence)
        status = 1
    sys.exit(status)
