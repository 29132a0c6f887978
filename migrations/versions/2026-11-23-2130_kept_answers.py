"""Answers to calls with an idempotency key, so that a call sent again is answered and not done again.

A call looks for its own row by id; what is over is deleted by time; erasing a prospect blanks the answers about it.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_kept_answers"
down_revision = "2026_11_23_first_day"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_answer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answer")),
    )
    op.create_index("ix_kept_answer_kept_at", "kept_answer", ["kept_at"])
    op.create_index("ix_kept_answer_about", "kept_answer", ["about"])


def downgrade() -> None:
    op.drop_index("ix_kept_answer_about", "kept_answer")
    op.drop_index("ix_kept_answer_kept_at", "kept_answer")
    op.drop_table("kept_answer")
