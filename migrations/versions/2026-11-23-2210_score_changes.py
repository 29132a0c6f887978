"""What moved since a moment, for programs that look for themselves: found by time, in the order it moved. Both ways."""

from alembic import op

revision = "2026_11_23_score_changes"
down_revision = "2026_11_23_hooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_prospect_score_changed", "prospect", ["score_changed_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_prospect_score_changed", "prospect")
