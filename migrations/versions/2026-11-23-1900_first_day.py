"""What the first day by pages needs: each person's beliefs, jobs, and imports with their files.

A worker looks every half second for a job that is queued or whose lease has ended; a page reads one import with its bad
rows, and everything said of the items of one sheet. Works both ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_first_day"
down_revision = "2026_11_23_by_owner"
branch_labels = None
depends_on = None

UNFINISHED = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    op.create_table(
        "belief",
        sa.Column("check_sheet", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("importance", sa.Integer(), nullable=False),
        sa.Column("expected", sa.String(), nullable=True),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("sheet_version", sa.Integer(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("importance BETWEEN 0 AND 3", name=op.f("ck_belief_importance")),
        sa.CheckConstraint("expected IN ('for', 'against')", name=op.f("ck_belief_expected")),
        sa.ForeignKeyConstraint(["check_sheet"], ["check_sheet.key"], name=op.f("fk_belief_check_sheet")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_belief_person_id")),
        sa.PrimaryKeyConstraint("check_sheet", "item", "person_id", name=op.f("pk_belief")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=True),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("run_after", sa.Double(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("checkpoint", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_queue", "job", ["state", "run_after"])
    op.create_index(
        "uq_job_dedupe_key", "job", ["dedupe_key"], unique=True, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_import_run_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index("ix_import_run_created", "import_run", ["created_at", "id"])
    op.create_table(
        "upload_part",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_run.id"], name=op.f("fk_upload_part_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_upload_part")),
    )
    op.create_table(
        "bad_import_row",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_run.id"], name=op.f("fk_bad_import_row_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_bad_import_row")),
    )


def downgrade() -> None:
    for table in ("bad_import_row", "upload_part"):
        op.drop_table(table)
    op.drop_index("ix_import_run_created", "import_run")
    op.drop_table("import_run")
    op.drop_index("uq_job_dedupe_key", "job")
    op.drop_index("ix_job_queue", "job")
    op.drop_table("job")
    op.drop_table("belief")
