"""What moved since a moment, for programs that look for themselves: found by time, in the order it moved. Both ways."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_score_changes"
down_revision = "2026_11_23_hooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prospect", sa.Column("score_told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE prospect SET score_told_at = score_changed_at")
    op.create_index("ix_prospect_score_told", "prospect", ["score_told_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_prospect_score_told", "prospect")
    op.drop_column("prospect", "score_told_at")
