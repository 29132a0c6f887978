"""Imports: the file that came in, how it is to be read, and the rows that did not land."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

PART_BYTES = 1_000_000


class ImportRun(Base):
    """One file to be imported; a draft until a job is put in the queue for it."""

    __tablename__ = "import_run"
    __table_args__ = (Index("ix_import_run_created", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    filename: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    lines: Mapped[int]
    # What a person said of each column, and the mapping it comes to; callers of the API send the mapping itself.
    plan: Mapped[dict[str, Any]]
    mapping: Mapped[dict[str, Any]]
    job_id: Mapped[str | None] = mapped_column(ForeignKey("job.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class UploadPart(Base):
    """A piece of a file; erased once the import is over, or a day after if none was begun."""

    __tablename__ = "upload_part"

    import_id: Mapped[str] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class BadImportRow(Base):
    """A row that did not land, and why."""

    __tablename__ = "bad_import_row"

    import_id: Mapped[str] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str]
    column_name: Mapped[str]
    code: Mapped[str]
    reason: Mapped[str]
