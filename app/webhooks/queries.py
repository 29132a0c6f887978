"""Reading targets and what was sent to them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select, tuple_
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.events.tables import WAITING, Delivery
from app.jobs.queries import database_seconds
from app.paging import decode_cursor, encode_cursor
from app.webhooks.schemas import DeliveryBody, DeliveryPage, WebhookBody, WebhookPage
from app.webhooks.tables import ACTIVE, Webhook

OLD_SECRET_SIGNS = timedelta(hours=24)


def is_due() -> ColumnElement[bool]:
    """A target in nobody's hands with a delivery whose time has come."""
    now = database_seconds()
    delivery = (Delivery.subscriber == Webhook.id, Delivery.state == WAITING, Delivery.due_at <= now)
    free = (Webhook.state == ACTIVE, Webhook.rest_until <= now, Webhook.lease_until <= now)
    return and_(*free, exists().where(*delivery))


def is_delivery_due(session: Session) -> bool:
    """Whether a worker would find something to deliver."""
    return session.scalar(select(exists().where(is_due()))) or False


def find_webhook(session: Session, webhook_id: str, *, lock: bool = False) -> Webhook:
    """A target."""
    webhook = session.get(Webhook, webhook_id, with_for_update=lock or None)
    if webhook is None:
        raise NotFound(f"There is no webhook '{webhook_id}'.", code="no_such_webhook")
    return webhook


def list_webhooks(session: Session, *, cursor: str | None, limit: int) -> WebhookPage:
    """The targets, newest first."""
    query = select(Webhook)
    if cursor:
        query = query.where(Webhook.id < decode_cursor(cursor, "webhooks", (str,))[0])
    rows = session.scalars(query.order_by(Webhook.id.desc()).limit(limit + 1)).all()
    more = encode_cursor("webhooks", [rows[limit - 1].id]) if len(rows) > limit else None
    waiting = _count_waiting(session)
    return WebhookPage(items=[_describe(row, waiting.get(row.id, 0)) for row in rows[:limit]], next=more)


def _count_waiting(session: Session) -> dict[str, int]:
    counts = select(Delivery.subscriber, func.count()).where(Delivery.state == WAITING).group_by(Delivery.subscriber)
    return {subscriber: count for subscriber, count in session.execute(counts)}  # noqa: C416 - rows are no pairs to mypy


def describe_webhook(session: Session, webhook: Webhook) -> WebhookBody:
    """A target as callers see it."""
    return _describe(webhook, _count_waiting(session).get(webhook.id, 0))


def _describe(webhook: Webhook, waiting: int) -> WebhookBody:
    fields = {name: getattr(webhook, name, None) for name in WebhookBody.model_fields}
    until = webhook.secret_changed_at + OLD_SECRET_SIGNS if webhook.secret_number else None
    return WebhookBody.model_validate(fields | {"waiting": waiting, "old_secret_until": until})


def find_delivery(session: Session, webhook: Webhook, delivery_id: str) -> Delivery:
    """A delivery to this target."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.subscriber != webhook.id:
        raise NotFound(f"There is no delivery '{delivery_id}' to this webhook.", code="no_such_delivery")
    return delivery


def list_deliveries(
    session: Session, *, webhook: Webhook, state: str | None, cursor: str | None, limit: int
) -> DeliveryPage:
    """One page of what was sent to a target or is on its way, newest first."""
    query = select(Delivery).where(Delivery.subscriber == webhook.id)
    if state is not None:
        query = query.where(Delivery.state == state)
    if cursor:
        behind = decode_cursor(cursor, "deliveries", (datetime, str))
        query = query.where(tuple_(Delivery.occurred_at, Delivery.id) < tuple_(*behind))
    ordered = query.order_by(Delivery.occurred_at.desc(), Delivery.id.desc()).limit(limit + 1)
    rows: Sequence[Delivery] = session.scalars(ordered).all()
    last = rows[limit - 1] if len(rows) > limit else None
    more = encode_cursor("deliveries", [last.occurred_at, last.id]) if last else None
    return DeliveryPage(items=[describe_delivery(row) for row in rows[:limit]], next=more)


def describe_delivery(delivery: Delivery) -> DeliveryBody:
    """A delivery as callers see it."""
    fields: dict[str, Any] = {name: getattr(delivery, name, None) for name in DeliveryBody.model_fields}
    due = datetime.fromtimestamp(delivery.due_at, UTC) if delivery.state == WAITING else None
    return DeliveryBody.model_validate(fields | {"next_attempt_at": due})
