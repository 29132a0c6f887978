"""Signed links to a panel: they name a prospect by an id of ours, say when they end, and are kept nowhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.errors import NotFound
from app.prospects.tables import Prospect

LONGEST_HOURS = 24 * 90
USUAL_HOURS = 24 * 7
_SALT = "winnow panel"


@dataclass(frozen=True, slots=True)
class PanelLink:
    """What a link ends in, and until when it opens."""

    token: str
    expires_at: datetime


def make_link(
    session: Session, *, caller: Caller, prospect: Prospect, hours: int, secret: str, now: datetime
) -> PanelLink:
    """A link for whoever may look without a key; that it was handed out is on record, the link itself is not."""
    expires_at = (now + timedelta(hours=hours)).replace(microsecond=0)
    token = _serializer(secret).dumps([prospect.id, int(expires_at.timestamp())])
    audit.record(session, actor=caller.id, action="panel.linked", subject=prospect.id, hours=hours)
    return PanelLink(str(token), expires_at)


def find_linked(session: Session, *, token: str, secret: str, now: datetime) -> Prospect:
    """The prospect a link leads to; a sentence where it leads nowhere any more."""
    try:
        prospect_id, ends = _serializer(secret).loads(token)
    except BadData as error:
        raise NotFound("This link is not whole, or not one of ours. Ask for a new one.", code="no_such_link") from error
    if now.timestamp() >= ends:
        raise NotFound("This link has expired. Ask for a new one.", code="link_expired")
    prospect = session.get(Prospect, prospect_id)
    if prospect is None or prospect.erased_at is not None:
        raise NotFound("What this link showed has been erased.", code="erased")
    return prospect


def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=_SALT)
