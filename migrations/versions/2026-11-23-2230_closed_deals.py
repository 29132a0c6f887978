"""Indexes of the closed prospects, newest decision first, and of the few sheets that were ticked afterwards from notes.

The first serves the list of the closed and what it is filtered by without reading a row; open prospects are not in it.
The second holds what reports read of every closed deal, on SQLite; on PostgreSQL it stays empty. The third answers at
once which deals take no part in a report, where a team's whole history was read before. Two indexes by prospect hold
what the review of items asks of all efforts and observations: which was first. Works both ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_closed_deals"
down_revision = "2026_11_23_score_changes"
branch_labels = None
depends_on = None

_READ = [
    "check_sheet", "state", "decided_at", "updated_at", "id", "closed_at", "outcome_id", "owner", "source", "account",
    "arrived_at", "amount", "currency", "probability", "grade", "scorecard_id",
]  # fmt: skip


def upgrade() -> None:
    is_closed = sa.text("state <> 'open' AND decided_at IS NOT NULL AND erased_at IS NULL")
    op.create_index(
        "ix_prospect_closed",
        "prospect",
        ["decided_at", "id", "owner", "source", "stage"],
        sqlite_where=is_closed,
        postgresql_where=is_closed,
    )
    op.create_index(
        "ix_prospect_ended",
        "prospect",
        _READ,
        sqlite_where=sa.text("state IN ('won', 'lost')"),
        postgresql_where=sa.text("false"),
    )
    _by_prospect(["kind", "recorded_at"], ["recorded_at", "reconstructed"])
    op.create_index(
        "ix_observation_reconstructed",
        "observation",
        ["prospect_id", "recorded_at"],
        sqlite_where=sa.text("reconstructed = 1"),
        postgresql_where=sa.text("reconstructed"),
    )


def _by_prospect(effort: list[str], observation: list[str]) -> None:
    """The indexes of what happened to a prospect, with these columns besides."""
    for table, moment, more in (("effort", "spent_at", effort), ("observation", "observed_at", observation)):
        op.drop_index(f"ix_{table}_prospect", table_name=table)
        op.create_index(f"ix_{table}_prospect", table, ["prospect_id", moment, *more])


def downgrade() -> None:
    _by_prospect([], [])
    op.drop_index("ix_observation_reconstructed", table_name="observation")
    op.drop_index("ix_prospect_ended", table_name="prospect")
    op.drop_index("ix_prospect_closed", table_name="prospect")
