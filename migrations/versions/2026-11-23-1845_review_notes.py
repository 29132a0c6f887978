"""Notes on deals that went against their score, and the items proposed for the next version of the sheet.

The review of one deal lists its notes in order; the editor of a sheet lists what was proposed for it. Works both ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_review_notes"
down_revision = "2026_11_23_open_prospects"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_note",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("prospect_id", sa.String(), nullable=False),
        sa.Column("check_sheet", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("definition", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.CheckConstraint("note IS NOT NULL OR label IS NOT NULL", name=op.f("ck_review_note_says_something")),
        sa.CheckConstraint("(label IS NULL) = (definition IS NULL)", name=op.f("ck_review_note_whole_item")),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_review_note_prospect_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["check_sheet"], ["check_sheet.key"], name=op.f("fk_review_note_check_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_note")),
    )
    op.create_index("ix_review_note_prospect", "review_note", ["prospect_id", "recorded_at"])
    op.create_index("ix_review_note_check_sheet", "review_note", ["check_sheet", "recorded_at"])


def downgrade() -> None:
    op.drop_index("ix_review_note_check_sheet", "review_note")
    op.drop_index("ix_review_note_prospect", "review_note")
    op.drop_table("review_note")
