"""The hours a call, a visit … takes by the team's own word, where nobody logs them; the last row of a kind counts.

Works both ways; going back forgets what the team said, and what was noted keeps its hours.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_standard_hours"
down_revision = "2026_11_23_closed_deals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standard_hours",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hours", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('call', 'visit', 'demo', 'quote', 'other')", name=op.f("ck_standard_hours_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard_hours")),
    )


def downgrade() -> None:
    op.drop_table("standard_hours")
