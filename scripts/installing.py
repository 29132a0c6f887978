"""An installation of its own for the scripts that abuse one, and what they say when something is wrong with it."""

import json
from dataclasses import dataclass

import serving

from app.db import Database
from app.settings import Settings

SHEET = "industrial"


class Wrong(Exception):
    """Something that must not happen, in a sentence."""


@dataclass(frozen=True)
class Installation:
    """A service on a database, and an admin's key to call it with."""

    variables: dict[str, str]
    server: serving.Server
    key: str

    @classmethod
    def make(cls, url: str, *, sheet: str | None = SHEET, **settings: str) -> "Installation":
        """Set one up on an empty database, with a check sheet."""
        variables = serving.environment(url, **settings)
        if sheet is not None:
            serving.winnow(variables, "sheet", "load", sheet)
        made = json.loads(serving.winnow(variables, "keys", "create", "--role", "admin", "--json"))
        return cls(variables, serving.Server(variables), made["key"])

    @property
    def headers(self) -> dict[str, str]:
        """How a call shows its key."""
        return {"Authorization": f"Bearer {self.key}"}

    def database(self) -> Database:
        """The same database, looked at from outside."""
        url = self.variables["WINNOW_DATABASE_URL"]
        return Database(Settings(database_url=url, secret_key=self.variables["WINNOW_SECRET_KEY"]))
