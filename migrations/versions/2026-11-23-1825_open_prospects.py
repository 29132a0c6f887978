"""Indexes of the open prospects alone, which the lists to qualify, to pursue and to nurture are made of.

The first serves everybody's list in order of arrival, its filters and most of its counts without reading a row; the
second an owner's. Closed prospects are in neither, so history costs nothing. Works both ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_open_prospects"
down_revision = "2026_11_23_forecasts"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_prospect_open": ["arrived_at", "id", "owner", "source", "stage", "forecast_owner", "look_again_at"],
    "ix_prospect_open_owner": ["owner", "arrived_at", "id"],
}


def upgrade() -> None:
    is_open = sa.text("state = 'open' AND erased_at IS NULL")
    for name, columns in _INDEXES.items():
        op.create_index(name, "prospect", columns, sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, table_name="prospect")
