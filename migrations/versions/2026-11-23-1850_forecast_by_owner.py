"""Whose forecast it is that counts: a forecast says whether the prospect was its forecaster's at that time.

The comparison sets the owner's own forecast beside the data; owners change, and what was compared once stays compared.
Forecasts from before are the owner's where their forecaster is the prospect's owner now.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_by_owner"
down_revision = "2026_11_23_review_notes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("forecast") as batch_op:
        batch_op.add_column(sa.Column("by_owner", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE forecast SET by_owner = COALESCE(owner = (SELECT owner FROM prospect WHERE id = prospect_id), TRUE)"
    )
    with op.batch_alter_table("forecast") as batch_op:
        batch_op.alter_column("by_owner", existing_type=sa.Boolean(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("forecast") as batch_op:
        batch_op.drop_column("by_owner")
