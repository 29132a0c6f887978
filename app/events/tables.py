"""Who wants to be told of what, and what waits to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"
DELIVERY_STATES = (WAITING, DELIVERED, FAILED)


class Subscription(Base):
    """One kind of event that a subscriber wants to be told of; none while it takes nothing."""

    __tablename__ = "event_subscription"

    subscriber: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    sees_withheld: Mapped[bool]


class Delivery(Base):
    """One event on its way to one subscriber, written with the change it tells of."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint(f"state IN {DELIVERY_STATES}", name="state"),
        # What is due of a subscriber; its deliveries, newest first; what tells of a prospect that is erased.
        Index("ix_delivery_due", "state", "subscriber", "due_at"),
        Index("ix_delivery_subscriber", "subscriber", "occurred_at", "id"),
        Index("ix_delivery_prospect", "prospect_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    # The same for every subscriber and at every attempt: by it a receiver knows what it has had already.
    event_id: Mapped[str]
    subscriber: Mapped[str]
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    prospect_id: Mapped[str | None]
    occurred_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    # Seconds since 1970 by the database's clock, the only one all workers share.
    due_at: Mapped[float] = mapped_column(Double)
    last_attempt_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
