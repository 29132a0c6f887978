"""What went wrong with a command, as one sentence for whoever typed it."""

import typer
from pydantic import ValidationError


def explain(error: Exception) -> str | None:
    """The sentence; None where it is no mistake of the user's, but one of ours."""
    if isinstance(error, typer.Abort):
        return "Stopped."
    if hasattr(error, "format_message"):  # the command line itself was wrong; typer keeps the class to itself
        return str(error.format_message())
    if isinstance(error, OSError):
        return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}."
    return _of_ours(error) or _of_a_library(error)


def _of_ours(error: Exception) -> str | None:
    from app.backup import BackupError
    from app.cli.terminal import Refused
    from app.errors import AppError
    from app.exchange.files import UnreadableFile
    from models.errors import ModelError

    return str(error) if isinstance(error, AppError | BackupError | ModelError | Refused | UnreadableFile) else None


def _of_a_library(error: Exception) -> str | None:
    from alembic.util.exc import CommandError
    from sqlalchemy.exc import DBAPIError

    from app.exchange.mapping import fault

    if isinstance(error, ValidationError):
        return _named_setting(error) if error.title == "Settings" else fault(error)
    if isinstance(error, CommandError):
        return f"The database belongs to another version of Winnow: {error}"
    if isinstance(error, DBAPIError):
        return f"The database does not answer: {str(error.orig).splitlines()[0]}"
    return None


def _named_setting(error: ValidationError) -> str:
    """A setting stands under its name in the environment; what several break together names them itself."""
    name = "".join(map(str, error.errors()[0]["loc"]))
    return f"WINNOW_{name.upper()}{fault(error).removeprefix(name)}" if name else fault(error)
