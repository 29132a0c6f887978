"""What the pages of the lists change: a new prospect, its fields, and whether it is set aside for a while."""

import hashlib
import secrets
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.queries import load_sheets
from app.db import jsonable
from app.errors import Conflict, PreconditionFailed, Unprocessable
from app.lists.schemas import EditInput, NewInput, NurtureInput
from app.prospects.queries import find_prospect, visible_to
from app.prospects.schemas import ProspectInput
from app.prospects.service import put_prospect
from app.prospects.tables import OPEN, Prospect
from app.scoring.schemas import UpsertInput
from app.scoring.service import upsert

# Without letters and digits that are taken for each other when an id is read out.
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_BRIEF = ("looks_for", "what_fits", "trust")


class SentTwice(Conflict):
    """A form that has made a prospect was sent again with something else in it."""

    code = "sent_twice"

    def __init__(self, prospect: Prospect) -> None:
        super().__init__(
            f"This form has made “{prospect.name}” already. Press the button again if this is to be another prospect."
        )


def new_external_id() -> str:
    """An id for a prospect that comes from no CRM: easy to read out, and nobody guesses it."""
    return "w-" + "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def make_prospect(session: Session, *, caller: Caller, given: NewInput, now: datetime) -> Prospect:
    """Make a prospect under the id its form came with, so that a form sent twice makes one."""
    fields = {name: value for name, value in given if value is not None and name != "external_id"}
    if given.amount is None:
        fields.pop("currency", None)
    made = session.scalar(select(Prospect).where(Prospect.external_id == given.external_id, visible_to(caller)))
    if made is not None:
        if any(getattr(made, name) != value for name, value in fields.items()):
            raise SentTwice(made)
        return made
    if given.owner is None and len(caller.owners) > 1:
        raise Unprocessable.field("/owner", "owner_required", "Say whose prospect it is.")
    if given.check_sheet is None and len(load_sheets(session)) > 1:
        raise Unprocessable.field("/check_sheet", "check_sheet_required", "Say which check sheet it belongs to.")
    asked = UpsertInput.model_validate(fields)
    return upsert(session, caller=caller, external_id=given.external_id, given=asked, if_match=None, now=now).prospect


def typed_fields(prospect: Prospect) -> dict[str, str]:
    """A prospect's own fields as its form shows them."""
    again, closing = prospect.look_again_at, prospect.expected_close
    shown = {
        "name": prospect.name,
        "account": prospect.account,
        "amount": None if prospect.amount is None else f"{prospect.amount:.2f}".removesuffix(".00"),
        "currency": prospect.currency,
        "source": prospect.source,
        "owner": prospect.owner,
        "expected_close": closing and closing.isoformat(),
        "waiting_for": prospect.waiting_for,
        "look_again_on": again and again.date().isoformat(),
        **{line: prospect.brief.get(line) for line in _BRIEF},
    }
    return {name: value or "" for name, value in shown.items()}


def state_of(prospect: Prospect) -> str:
    """What names the state of these fields: ticking the sheet meanwhile leaves it as it is."""
    return hashlib.sha256(jsonable(typed_fields(prospect)).encode()).hexdigest()[:16]


def change_prospect(
    session: Session, *, caller: Caller, external_id: str, given: EditInput, seen: str, now: datetime
) -> Prospect:
    """Change a prospect's own fields; 412 where somebody else changed them since they were seen."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    if state_of(prospect) != seen:
        raise PreconditionFailed
    fields: dict[str, Any] = given.model_dump(exclude={*_BRIEF, "waiting_for", "look_again_on"})
    if "owner" not in given.model_fields_set:
        fields.pop("owner")
    brief = {line: getattr(given, line) for line in _BRIEF}
    changed = ProspectInput.model_validate(
        fields | {"brief": brief, "waiting_for": given.waiting_for, "look_again_at": _when(prospect, given)}
    )
    return put_prospect(
        session, caller=caller, external_id=external_id, fields=changed, if_match=prospect.etag, now=now
    ).prospect


def set_aside(session: Session, *, caller: Caller, external_id: str, given: NurtureInput, now: datetime) -> Prospect:
    """Note what an open prospect waits for and when to look again; with neither it is taken back."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    if prospect.state != OPEN:
        raise Conflict("The prospect is closed: it waits for nothing. Reopen it first.", code="prospect_closed")
    if given.look_again_on is not None and given.look_again_on <= now.date():
        raise Unprocessable.field("/look_again_on", "not_ahead", "Take a day that is still to come.")
    fields = ProspectInput(waiting_for=given.waiting_for, look_again_at=_when(prospect, given))
    return put_prospect(session, caller=caller, external_id=external_id, fields=fields, if_match=None, now=now).prospect


def _when(prospect: Prospect, given: NurtureInput) -> datetime | None:
    """The beginning of the day; where the day stays the same, so does the time a CRM gave it."""
    day: date | None = given.look_again_on
    if day is None:
        return None
    if prospect.look_again_at is not None and prospect.look_again_at.date() == day:
        return prospect.look_again_at
    return datetime.combine(day, time(0), UTC)
