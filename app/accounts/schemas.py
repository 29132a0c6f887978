"""What is said about people, on forms and on the command line."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from app.fields import Input, Name

_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
LONGEST_EMAIL = 254


def tidy_email(value: str) -> str:
    """One spelling per address: people type capitals and blanks."""
    return value.strip().lower()


def is_email(value: str) -> bool:
    """Whether it could be an address; only a letter sent there would tell."""
    return len(value) <= LONGEST_EMAIL and _EMAIL.fullmatch(value) is not None


def _read_email(value: Any) -> Any:
    tidy = tidy_email(str(value))
    if not is_email(tidy):
        msg = "that is not an e-mail address"
        raise ValueError(msg)
    return tidy


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _one_a_line(value: Any) -> Any:
    """A form sends one text; every line of it is an owner."""
    lines = value.splitlines() if isinstance(value, str) else value
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


Email = Annotated[str, BeforeValidator(_read_email)]
Owners = Annotated[list[Name], BeforeValidator(_one_a_line), Field(max_length=100)]


class PlaceInput(Input):
    """What a person may do and whose prospects are theirs."""

    role: str
    owners: Owners = Field(default_factory=list)


class PersonInput(PlaceInput):
    """Somebody who is to sign in."""

    email: Email
    name: Annotated[Name, BeforeValidator(_trimmed)]
