"""Who may call, who may sign in, and what was done."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from app.cli.terminal import AsJson, Refused, console, open_database, print_json, say

if TYPE_CHECKING:
    from app.accounts.tables import Person

keys = typer.Typer(no_args_is_help=True, help="API keys.")
users = typer.Typer(no_args_is_help=True, help="People who sign in.")
audits = typer.Typer(no_args_is_help=True, help="The audit chain.")
BaseUrl = Annotated[
    str | None, typer.Option(help="Where people reach the service; default: WINNOW_BASE_URL, else host and port.")
]


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


@users.command("create")
def create_user(
    email: Annotated[str, typer.Option(help="What the person signs in with.")],
    name: Annotated[str, typer.Option(help="What the person is called.")],
    role: Annotated[str, typer.Option(help="rep, manager or admin.")],
    owner: Annotated[list[str] | None, typer.Option(help="For a rep: an owner text it answers for; repeat.")] = None,
    base_url: BaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take a person in; the one-time link to hand over is shown this once."""
    from app.accounts.people import invite
    from app.accounts.schemas import PersonInput
    from app.accounts.service import COMMAND_LINE
    from app.db import utcnow

    given = PersonInput.model_validate({"email": email, "name": name, "role": role, "owners": owner or []})
    with open_database() as database, database.writing() as session:
        person, token = invite(session, given=given, by=COMMAND_LINE, now=utcnow())
    _hand_over(person, token, base_url, as_json=as_json)


def _hand_over(person: "Person", token: str, base_url: str | None, *, as_json: bool) -> None:
    from app.settings import Settings

    settings = Settings()
    base = base_url or settings.base_url or f"http://{settings.host}:{settings.port}"
    link = f"{base.rstrip('/')}/choose-password/{token}"
    print_json({"id": person.id, "role": person.role, "link": link}) if as_json else say(link)


@users.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List the people."""
    from app.accounts.queries import list_people

    with open_database() as database, database.reading() as session:
        people = list_people(session)
    if as_json:
        names = ("id", "email", "name", "role", "owners", "state", "created_at")
        print_json([{name: getattr(person, name) for name in names} for person in people])
        return
    table = Table("e-mail", "name", "role", "owners", "state")
    for person in people:
        table.add_row(person.email, person.name, person.role, ", ".join(person.owners), person.state)
    console.print(table)


@users.command("reset")
def reset_user(
    email: Annotated[str, typer.Argument(metavar="EMAIL")], base_url: BaseUrl = None, as_json: AsJson = False
) -> None:
    """Make a link with which a person chooses a new password; older links no longer work."""
    from app.accounts.people import find_by_email, make_link
    from app.accounts.service import COMMAND_LINE
    from app.db import utcnow

    with open_database() as database, database.writing() as session:
        person = find_by_email(session, email=email)
        token = make_link(session, person=person, by=COMMAND_LINE, now=utcnow())
    _hand_over(person, token, base_url, as_json=as_json)


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
