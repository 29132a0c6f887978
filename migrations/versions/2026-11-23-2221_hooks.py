"""Inbound hooks with what comes in by them until it has had its effect, and the times at which routines come round.

A hook is found by the hash of its address; its list is read newest first, and before a record has its effect, what its
prospect's hook said before. Works both ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_hooks"
down_revision = "2026_11_23_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hook",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint("signed_by IN ('hubspot')", name=op.f("ck_hook_signed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_hook_secret_hash")),
    )
    op.create_table(
        "received",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hook_id", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'ignored', 'failed')", name=op.f("ck_received_state")),
        sa.ForeignKeyConstraint(["hook_id"], ["hook.id"], name=op.f("fk_received_hook_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received")),
    )
    op.create_table(
        "schedule",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("cron", sa.String(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_schedule")),
    )
    op.create_index("ix_received_hook", "received", ["hook_id", "received_at", "id"])
    op.create_index("ix_received_external_id", "received", ["external_id", "hook_id"])


def downgrade() -> None:
    for index in ("ix_received_external_id", "ix_received_hook"):
        op.drop_index(index, "received")
    for table in ("schedule", "received", "hook"):
        op.drop_table(table)
