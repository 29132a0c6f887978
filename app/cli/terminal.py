"""What the commands share: the database of the settings, and how they speak."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from app.db import Database
    from app.settings import Settings

# In a pipe or a file a table has room to stay readable; a terminal says how wide it is.
console = Console(width=None if sys.stdout.isatty() else 120)
errors = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
SheetKey = Annotated[str | None, typer.Option("--check-sheet", help="Its key; may be left out while only one exists.")]
MostLines = Annotated[
    int | None,
    typer.Option(
        min=1, max=50, help="The most lines the card may have; by default 12, or 40 where 12 clearly are too few."
    ),
]
FileIn = Annotated[Path, typer.Argument(help="A table: CSV (gzipped or not), XLSX or Parquet.")]


class Refused(Exception):
    """What a command cannot do, in a sentence."""


@contextmanager
def open_database(settings: "Settings | None" = None, *, migrated: bool = True) -> "Iterator[Database]":
    """The database of the settings, its schema brought up to date unless asked not to."""
    from sqlalchemy.exc import ArgumentError

    from app.db import Database
    from app.migrating import migrate, pending_migrations
    from app.settings import Settings

    settings = settings or Settings()
    try:
        database = Database(settings)
    except (ArgumentError, ModuleNotFoundError) as error:
        msg = "WINNOW_DATABASE_URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
        raise Refused(msg) from error
    try:
        if migrated and pending_migrations(database.engine):
            migrate(database.engine)
        yield database
    finally:
        database.engine.dispose()


def say(*sentences: str) -> None:
    """Print for a person."""
    console.print(*sentences, markup=False, highlight=False, soft_wrap=True)


def complain(sentence: str) -> None:
    """Print on standard error."""
    errors.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print for a machine."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


@contextmanager
def spinner(text: str) -> Iterator[Any]:
    """Progress on a terminal, silence elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(text)
        yield lambda description: progress.update(task, description=description)
