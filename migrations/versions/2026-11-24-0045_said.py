"""What each record that came in by a hook said, so that one that comes late changes only what no later one spoke of.

Names of fields, the answers, and how the deal stood; never a text of the sender's. Works both ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_said"
down_revision = "2026_11_24_standard_hours"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("received", sa.Column("said", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("received", "said")
