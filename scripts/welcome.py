"""Say where a service is about to be and how to call it; the key is made on the first run and kept in a file."""

import argparse
import errno
import socket
import sys
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.service import COMMAND_LINE, create_key, find_caller
from app.db import Database
from app.errors import Unauthorized
from app.prospects.tables import Prospect
from app.settings import Settings

CALL = """Try:       curl -H 'Authorization: Bearer {key}' \\
             '{address}/v1/prospects/{prospect}/score'"""
BEGIN = """Begin:     curl -H 'Authorization: Bearer {key}' \\
             '{address}/v1/check-sheet-templates'"""


def main() -> None:
    """Check that the port is free, then print addresses and key."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key_file", type=Path, help="where the key is kept")
    key_file = parser.parse_args().key_file
    settings = Settings()
    _refuse_taken_port(settings)
    database = Database(settings)
    with database.writing() as session:
        key = _keep_key(session, key_file, settings.secret_key.get_secret_value())
        prospect = session.scalar(select(Prospect.external_id).where(Prospect.state == "open").limit(1))
    address = f"http://{settings.host}:{settings.port}"
    print(f"\nWinnow:    {address}\nDocs:      {address}/docs\nKey:       {key}\n           (kept in {key_file})")
    print((CALL if prospect else BEGIN).format(address=address, key=key, prospect=prospect))
    print("Stop with Ctrl+C.\n", flush=True)


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            sys.exit(f"Port {settings.port} is in use: stop what listens there, or set WINNOW_PORT to another one.")


def _keep_key(session: Session, key_file: Path, secret: str) -> str:
    """The key kept in the file, or a new one where that fits this database no longer."""
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
