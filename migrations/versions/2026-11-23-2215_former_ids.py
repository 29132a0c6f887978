"""Ids prospects had in the CRM before they were renamed or merged, so that late calls by them still reach the prospect.

A call that finds no prospect looks its id up here; erasing a prospect deletes its former ids.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_former_ids"
down_revision = "2026_11_23_kept_answers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_id",
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("prospect_id", sa.String(), nullable=False),
        sa.Column("renamed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_former_id_prospect_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("external_id", name=op.f("pk_former_id")),
    )
    op.create_index("ix_former_id_prospect", "former_id", ["prospect_id"])


def downgrade() -> None:
    op.drop_index("ix_former_id_prospect", "former_id")
    op.drop_table("former_id")
