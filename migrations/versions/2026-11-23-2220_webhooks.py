"""Webhooks: targets, who wants to be told of what, and what is on its way.

Every transaction with an event reads the subscriptions; a worker asks twice a second which target something is due for.
Works both ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_webhooks"
down_revision = "2026_11_23_former_ids"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("sees_withheld", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        sa.Column("secret_number", sa.Integer(), nullable=False),
        sa.Column("secret_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("rest_until", sa.Double(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'paused', 'disabled')", name=op.f("ck_webhook_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.UniqueConstraint("url", name=op.f("uq_webhook_url")),
    )
    op.create_table(
        "event_subscription",
        sa.Column("subscriber", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("sees_withheld", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", "type", name=op.f("pk_event_subscription")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("subscriber", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("prospect_id", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_delivery_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_due", "delivery", ["state", "subscriber", "due_at"])
    op.create_index("ix_delivery_subscriber", "delivery", ["subscriber", "occurred_at", "id"])
    op.create_index("ix_delivery_prospect", "delivery", ["prospect_id"])


def downgrade() -> None:
    for index in ("ix_delivery_prospect", "ix_delivery_subscriber", "ix_delivery_due"):
        op.drop_index(index, "delivery")
    for table in ("delivery", "event_subscription", "webhook"):
        op.drop_table(table)
