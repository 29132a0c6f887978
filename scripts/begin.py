"""What `scripts/start` does once everything is installed: prepare a database, say how to call the service, serve.

One process does all of it, because importing the service is the larger part of starting it.
"""

import argparse
import errno
import socket
import sys
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import cli
from app.accounts.people import invite, make_link
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE, create_key, find_caller
from app.accounts.tables import Person
from app.db import Database, utcnow
from app.demo.people import new_password
from app.demo.service import fill_with_sample_team
from app.errors import Unauthorized
from app.migrating import migrate
from app.prospects.tables import Prospect
from app.settings import Settings

FIRST_ADMIN = "admin@winnow.invalid"  # a domain that never exists: an address to sign in with, not to write to


def main() -> None:
    """Prepare, print, serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key_file", type=Path, help="where the key is kept")
    parser.add_argument("--demo", action="store_true", help="fill an empty database with the sample team")
    asked = parser.parse_args()
    settings = Settings()
    refuse_taken_port(settings)
    database = Database(settings)
    migrate(database.engine)
    if asked.demo:
        fill_demo(database, asked.key_file.with_name("demo-password"))
    with database.writing() as session:
        key = keep_key(session, asked.key_file, settings.secret_key.get_secret_value())
        admin_link = first_admin(session)
        prospect = session.scalar(select(Prospect.external_id).where(Prospect.state == "open").limit(1))
    database.engine.dispose()
    first_call = f"prospects/{prospect}/score" if prospect else "check-sheet-templates"
    address = f"http://{settings.host}:{settings.port}"
    print(f"Winnow:  {address}\nDocs:    {address}/docs\nKey:     {key}\n         kept in {asked.key_file}")
    print(f"Try:     curl -H 'Authorization: Bearer {key}' '{address}/v1/{first_call}'")
    print(f"Pages:   {address}/sign-in")
    if asked.demo:
        print(
            f"         as maren@sample.invalid (manager) or ada@sample.invalid (rep), password {said_password(asked)}"
        )
    elif admin_link:
        print(f"         first choose a password for {FIRST_ADMIN}: {address}/choose-password/{admin_link}")
    if database.is_sqlite:  # another address may hold a password
        url = settings.database_url.get_secret_value()
        print(f"Command: WINNOW_DATABASE_URL={url} WINNOW_SECRET_KEY=$(cat var/secret-key) .venv/bin/winnow --help")
    print("Serving until Ctrl+C.", flush=True)
    cli.app(["serve"])


def fill_demo(database: Database, password_file: Path) -> None:
    """The sample team and its people, who all sign in with one password, kept beside the key."""
    password = new_password()
    if fill_with_sample_team(database, now=utcnow(), if_empty=True, password=password):
        password_file.touch(mode=0o600)
        password_file.write_text(f"{password}\n", "utf-8")


def said_password(asked: argparse.Namespace) -> str:
    """The password of the sample team, if it was made here."""
    password_file: Path = asked.key_file.with_name("demo-password")
    return password_file.read_text("utf-8").strip() if password_file.exists() else "as it was printed when it was made"


def first_admin(session: Session) -> str | None:
    """On a database without people: a one-time link with which the first admin chooses a password."""
    people = session.scalars(select(Person)).all()
    if any(person.password_hash for person in people):
        return None
    now = utcnow()
    if not people:
        given = PersonInput(email=FIRST_ADMIN, name="First admin", role="admin")
        return invite(session, given=given, by=COMMAND_LINE, now=now)[1]
    return make_link(session, person=people[0], by=COMMAND_LINE, now=now)


def refuse_taken_port(settings: Settings) -> None:
    """End with a sentence where somebody else listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            sys.exit(f"Port {settings.port} is in use: stop what listens there, or set WINNOW_PORT to another one.")


def keep_key(session: Session, key_file: Path, secret: str) -> str:
    """The key kept in the file, or a new one where there is none that fits this database."""
    if key_file.exists():
        key = key_file.read_text("utf-8").strip()
        try:
            find_caller(session, key=key, secret=secret)
        except Unauthorized:
            pass
        else:
            return key
    name = "made by scripts/start"
    _, key = create_key(
        session, secret=secret, role="admin", name=name, owners=[], scopes=["read", "write"], by=COMMAND_LINE
    )
    key_file.touch(mode=0o600)
    key_file.write_text(f"{key}\n", "utf-8")
    return key


if __name__ == "__main__":
    main()
