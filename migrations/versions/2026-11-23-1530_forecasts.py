"""Forecasts, what the team agreed on about them, and what is done for a prospect: stages, effort, experiences."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_forecasts"
down_revision = "2026_11_23_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blind_mode",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("forecast_first", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blind_mode")),
    )
    op.create_table(
        "effort",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("prospect_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hours", sa.BigInteger(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('call', 'visit', 'demo', 'quote', 'other')", name=op.f("ck_effort_kind")),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_effort_prospect_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effort")),
    )
    with op.batch_alter_table("effort", schema=None) as batch_op:
        batch_op.create_index("ix_effort_prospect", ["prospect_id", "spent_at"], unique=False)

    op.create_table(
        "experience",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("prospect_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('satisfied', 'complained', 'returned', 'bought_again')", name=op.f("ck_experience_kind")
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_experience_prospect_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experience")),
    )
    with op.batch_alter_table("experience", schema=None) as batch_op:
        batch_op.create_index("ix_experience_prospect", ["prospect_id", "happened_at"], unique=False)

    op.create_table(
        "forecast",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("prospect_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("blind_mode", sa.Boolean(), nullable=False),
        sa.Column("scorecard_id", sa.String(), nullable=True),
        sa.Column("data_probability", sa.Double(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "category IN ('commit', 'best_case', 'pipeline', 'omitted')", name=op.f("ck_forecast_category")
        ),
        sa.CheckConstraint("kind IN ('blind', 'informed', 'revision', 'imported')", name=op.f("ck_forecast_kind")),
        sa.CheckConstraint("(probability IS NULL) <> (category IS NULL)", name=op.f("ck_forecast_one_form")),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_forecast_prospect_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["scorecard_id"], ["scorecard.id"], name=op.f("fk_forecast_scorecard_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast")),
    )
    with op.batch_alter_table("forecast", schema=None) as batch_op:
        batch_op.create_index("ix_forecast_owner", ["owner", "locked_at"], unique=False)
        batch_op.create_index("ix_forecast_prospect", ["prospect_id", "locked_at"], unique=False)

    op.create_table(
        "stage_entry",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("prospect_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("sign", sa.String(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_stage_entry_prospect_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_entry")),
    )
    with op.batch_alter_table("stage_entry", schema=None) as batch_op:
        batch_op.create_index("ix_stage_entry_prospect", ["prospect_id", "seen_at"], unique=False)

    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.add_column(sa.Column("forecast_owner", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.drop_column("forecast_owner")

    with op.batch_alter_table("stage_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_stage_entry_prospect")

    op.drop_table("stage_entry")
    with op.batch_alter_table("forecast", schema=None) as batch_op:
        batch_op.drop_index("ix_forecast_prospect")
        batch_op.drop_index("ix_forecast_owner")

    op.drop_table("forecast")
    with op.batch_alter_table("experience", schema=None) as batch_op:
        batch_op.drop_index("ix_experience_prospect")

    op.drop_table("experience")
    with op.batch_alter_table("effort", schema=None) as batch_op:
        batch_op.drop_index("ix_effort_prospect")

    op.drop_table("effort")
    op.drop_table("blind_mode")
