"""Imports as callers see them."""

from typing import Literal

from pydantic import BaseModel, Field

from app.fields import Moment


class ImportBody(BaseModel):
    """How far an import is, and what became of the rows."""

    id: str = Field(examples=["im_0187f2a4c0de"])
    job: str | None = Field(description="Its job; null while it is a draft on a page.")
    state: Literal["draft", "queued", "running", "done", "failed", "cancelled"]
    filename: str
    size: int = Field(description="Bytes that arrived.")
    sha256: str
    lines: int = Field(description="About as many rows as the file has; 0 = it does not say.")
    rows: int = Field(description="Rows read so far.")
    created: int = Field(description="Prospects that were new.")
    changed: int = Field(description="Prospects that were brought up to date.")
    unchanged: int = Field(description="Rows that said what was known.")
    failed: int = Field(description="Rows that did not land; errors.csv names them with line and reason.")
    error: str | None = Field(description="Why the import failed as a whole, as a sentence.")
    created_at: Moment
    finished_at: Moment | None
    request_id: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {"done", "failed", "cancelled"}
