"""API keys: made once, shown once, kept as a hash."""

import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.tables import ROLES, ApiKey
from app.db import new_id, utcnow
from app.errors import NotFound, Unauthorized, Unprocessable

SCOPES = ("read", "write", "scores:unblinded")
_NOT_VALID = "The key is not valid: send it as 'Authorization: Bearer wn_…'; an admin can make a new one."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, and what they may do."""

    id: str
    role: str
    scopes: frozenset[str]
    owners: tuple[str, ...] = ()

    @property
    def sees_everyone(self) -> bool:
        """Whether all prospects are visible, or only those of the caller's owners."""
        return self.role != "rep"

    def answers_for(self, owner: str | None) -> bool:
        """Whether a prospect of this owner is the caller's."""
        return self.sees_everyone or owner in self.owners


COMMAND_LINE = Caller("command line", "admin", frozenset(SCOPES))


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _hash_key(key: str, secret: str) -> str:
    return hmac.new(secret.encode(), key.encode(), hashlib.sha256).hexdigest()


def create_key(
    session: Session,
    *,
    secret: str,
    role: str,
    name: str,
    owners: list[str],
    scopes: list[str],
    by: Caller,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; its text is returned this once and cannot be had again."""
    if role not in ROLES:
        raise Unprocessable.field(
            "/role", "unknown_role", f"There is no role '{role}'; take one of {', '.join(ROLES)}."
        )
    if role == "rep" and not owners:
        raise Unprocessable.field("/owners", "owner_required", "A rep's key needs the owner texts it answers for.")
    if role != "rep" and owners:
        raise Unprocessable.field("/owners", "owner_needless", f"A key of role {role} sees every owner's prospects.")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise Unprocessable.field(
            "/scopes", "unknown_scope", f"There is no scope '{unknown[0]}'; take {', '.join(SCOPES)}."
        )
    body = f"wn_{role}_{secrets.token_urlsafe(32)}"
    text = f"{body}_{_checksum(body)}"
    key = ApiKey(
        id=new_id("key"),
        key_hash=_hash_key(text, secret),
        name=name,
        role=role,
        scopes=sorted(set(scopes)),
        owners=owners,
        created_at=utcnow(),
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    audit.record(session, actor=by.id, action="key.created", subject=key.id, role=role)
    return key, text


def revoke_key(session: Session, *, key_id: str, by: Caller) -> ApiKey:
    """End a key at once."""
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFound(f"There is no key '{key_id}'.")
    if key.revoked_at is None:
        key.revoked_at = utcnow()
        audit.record(session, actor=by.id, action="key.revoked", subject=key.id)
    return key


def find_caller(session: Session, *, key: str, secret: str) -> Caller:
    """Who this key belongs to; the same refusal whatever is wrong with it."""
    body, _, checksum = key.rpartition("_")
    if checksum != _checksum(body):
        raise Unauthorized(_NOT_VALID)
    columns = (ApiKey.id, ApiKey.role, ApiKey.scopes, ApiKey.owners, ApiKey.expires_at, ApiKey.revoked_at)
    row = session.execute(select(*columns).where(ApiKey.key_hash == _hash_key(key, secret))).one_or_none()
    if row is None or row.revoked_at or (row.expires_at and row.expires_at <= utcnow()):
        raise Unauthorized(_NOT_VALID)
    return Caller(row.id, row.role, frozenset(row.scopes), tuple(row.owners))
