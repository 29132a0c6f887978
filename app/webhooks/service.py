"""Targets: made, given another secret, paused, taken up again; deliveries sent again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.db import new_id
from app.errors import Conflict, Forbidden, Unprocessable
from app.events import service as events
from app.events.service import Event
from app.events.tables import FAILED, WAITING, Delivery
from app.jobs.queries import database_seconds
from app.outgoing import Refused, Rules, check_url
from app.prospects.service import ERASERS
from app.prospects.tables import Prospect
from app.webhooks.queries import OLD_SECRET_SIGNS, find_delivery, find_webhook
from app.webhooks.schemas import WebhookInput
from app.webhooks.signing import secret_of
from app.webhooks.tables import ACTIVE, DISABLED, PAUSED, Webhook

KEPT = timedelta(days=30)
MOST_WEBHOOKS = 50  # a worker gives each a thread of its own, so that none waits for another


def refuse_unseemly(url: str, rules: Rules) -> None:
    """422 for an address that must not be called; it may ask a name server, so no transaction should be open."""
    try:
        check_url(url, rules)
    except Refused as error:
        raise Unprocessable.field("/url", "address_refused", str(error)) from error


def create_webhook(session: Session, *, caller: Caller, given: WebhookInput, now: datetime) -> Webhook:
    """Make a target of an address that was checked."""
    if given.sees_withheld and not _sees_withheld(caller):
        raise Forbidden("Only who sees withheld scores may have them sent.", code="wrong_role")
    if session.scalar(select(Webhook.id).where(Webhook.url == given.url)):
        raise Conflict("There is a webhook to this address; change it, or delete it first.", code="webhook_exists")
    if (session.scalar(select(func.count()).select_from(Webhook)) or 0) >= MOST_WEBHOOKS:
        raise Conflict(f"There are {MOST_WEBHOOKS} webhooks, the most there can be.", code="too_many_webhooks")
    webhook = Webhook(
        id=new_id("wh"), url=given.url, description=given.description, events=sorted(set(given.events)),
        sees_withheld=given.sees_withheld, state=ACTIVE, secret_number=0, secret_changed_at=now, created_at=now,
        created_by=caller.id, rest_until=0.0, lease_until=0.0, fence=0,
    )  # fmt: skip
    session.add(webhook)
    session.flush()
    _subscribe(session, webhook)
    audit.record(session, actor=caller.id, action="webhook.created", subject=webhook.id, events=webhook.events)
    return webhook


def _sees_withheld(caller: Caller) -> bool:
    return caller.role in {"manager", "admin"} or "scores:unblinded" in caller.scopes


def _subscribe(session: Session, webhook: Webhook) -> None:
    events.subscribe(session, subscriber=webhook.id, types=webhook.events, sees_withheld=webhook.sees_withheld)


def delete_webhook(session: Session, *, caller: Caller, webhook_id: str) -> None:
    """Forget a target and what was sent to it."""
    webhook = find_webhook(session, webhook_id, lock=True)
    events.unsubscribe(session, subscriber=webhook.id)
    session.execute(delete(Delivery).where(Delivery.subscriber == webhook.id))
    session.delete(webhook)
    audit.record(session, actor=caller.id, action="webhook.deleted", subject=webhook.id)


def change_secret(session: Session, *, caller: Caller, webhook_id: str, now: datetime) -> Webhook:
    """Give a target another secret; the one before signs beside it for a day."""
    webhook = find_webhook(session, webhook_id, lock=True)
    webhook.secret_number, webhook.secret_changed_at = webhook.secret_number + 1, now
    audit.record(session, actor=caller.id, action="webhook.secret_changed", subject=webhook.id)
    return webhook


def secrets_of(webhook: Webhook, *, master: str, now: datetime) -> Sequence[str]:
    """What to sign with, the present secret first."""
    numbers = [webhook.secret_number]
    if webhook.secret_number and now < webhook.secret_changed_at + OLD_SECRET_SIGNS:
        numbers.append(webhook.secret_number - 1)
    return [secret_of(master, webhook.id, number) for number in numbers]


def pause(session: Session, *, caller: Caller, webhook_id: str) -> Webhook:
    """Send nothing for a while; what happens meanwhile waits."""
    webhook = find_webhook(session, webhook_id, lock=True)
    if webhook.state == ACTIVE:
        webhook.state = PAUSED
        audit.record(session, actor=caller.id, action="webhook.paused", subject=webhook.id)
    return webhook


def enable(session: Session, *, caller: Caller, webhook_id: str) -> Webhook:
    """Send again: what waited while it was paused, and what happens from now on."""
    webhook = find_webhook(session, webhook_id, lock=True)
    if webhook.state != ACTIVE:
        webhook.state, webhook.disabled_reason, webhook.failing_since, webhook.rest_until = ACTIVE, None, None, 0.0
        _subscribe(session, webhook)
        audit.record(session, actor=caller.id, action="webhook.enabled", subject=webhook.id)
    return webhook


def disable(session: Session, webhook: Webhook, *, reason: str) -> None:
    """Stop sending to a target that wants no more, or that nothing gets through to; what is on its way has failed."""
    webhook.state, webhook.disabled_reason = DISABLED, reason
    events.unsubscribe(session, subscriber=webhook.id)
    waiting = update(Delivery).where(Delivery.subscriber == webhook.id, Delivery.state == WAITING)
    session.execute(waiting.values(state=FAILED, last_error="The webhook was disabled before this was sent."))
    audit.record(session, actor=webhook.id, action="webhook.disabled", subject=webhook.id, reason=reason)


def send_test(session: Session, *, caller: Caller, webhook_id: str, now: datetime) -> Delivery:
    """Put a delivery on its way that tells of nothing, to see whether it arrives."""
    webhook = find_webhook(session, webhook_id)
    made = Event("webhook.test", {"webhook": webhook.id, "sent_by": caller.id})
    return session.get_one(Delivery, events.record_for(session, webhook.id, made, at=now))


def replay(session: Session, *, caller: Caller, webhook_id: str, delivery_id: str) -> Delivery:
    """Send a delivery once more, under the same id, whatever became of it."""
    delivery = find_delivery(session, find_webhook(session, webhook_id), delivery_id)
    delivery.state, delivery.attempts = WAITING, 0
    delivery.due_at = session.scalar(select(database_seconds())) or 0.0
    audit.record(session, actor=caller.id, action="webhook.replayed", subject=delivery.id)
    session.flush()
    return delivery


def forget_deliveries(session: Session, now: datetime) -> int:
    """Forget what was delivered or given up long ago; how much that was."""
    old = delete(Delivery).where(Delivery.occurred_at < now - KEPT, Delivery.state != WAITING)
    return len(session.scalars(old.returning(Delivery.id)).all())


def _erase(session: Session, prospect: Prospect) -> None:
    session.execute(delete(Delivery).where(Delivery.prospect_id == prospect.id))


ERASERS.append(_erase)
