"""Who may call, and what was done."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import AsJson, Refused, console, open_database, print_json, say

keys = typer.Typer(no_args_is_help=True, help="API keys.")
audits = typer.Typer(no_args_is_help=True, help="The audit chain.")


@keys.command("create")
def create_key(
    role: Annotated[str, typer.Option(help="rep, integration, manager or admin.")],
    owner: Annotated[list[str] | None, typer.Option(help="For a rep: an owner text it answers for; repeat.")] = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, scores:unblinded; default read and write.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key; it is shown this once."""
    from app.accounts import service
    from app.settings import Settings

    settings = Settings()
    with open_database(settings) as database, database.writing() as session:
        key, text = service.create_key(
            session,
            secret=settings.secret_key.get_secret_value(),
            role=role,
            name=name,
            owners=owner or [],
            scopes=scope or ["read", "write"],
            by=service.COMMAND_LINE,
        )
        made = {"id": key.id, "role": key.role, "key": text}
    print_json(made) if as_json else say(text)


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys, without their texts."""
    from sqlalchemy import select

    from app.accounts.tables import ApiKey

    with open_database() as database, database.reading() as session:
        rows = session.scalars(select(ApiKey).order_by(ApiKey.id)).all()
    if as_json:
        names = ("id", "role", "name", "owners", "scopes", "created_at", "expires_at", "revoked_at")
        print_json([{name: getattr(row, name) for name in names} for row in rows])
        return
    table = Table("id", "role", "name", "owners", "state")
    for row in rows:
        table.add_row(row.id, row.role, row.name, ", ".join(row.owners), "revoked" if row.revoked_at else "in use")
    console.print(table)


@keys.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a key at once."""
    from app.accounts import service

    with open_database() as database, database.writing() as session:
        service.revoke_key(session, key_id=key_id, by=service.COMMAND_LINE)
    say(f"{key_id} is revoked.")


@audits.command("verify")
def verify_audit(as_json: AsJson = False) -> None:
    """Walk the audit chain; exit status 1 where a row was altered."""
    from app.accounts.audit import find_break

    with open_database() as database, database.reading() as session:
        count, broken = find_break(session)
    if as_json:
        print_json({"rows": count, "broken_at": broken})
    if broken is not None:
        msg = f"The audit chain breaks at row {broken}."
        raise Refused(msg)
    if not as_json:
        say(f"The audit chain is whole: {count} rows.")
