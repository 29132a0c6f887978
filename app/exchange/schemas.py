"""Imports as callers see them."""

from typing import Literal

from pydantic import BaseModel, Field

from app.fields import Moment


class PreviewedRow(BaseModel):
    """A row as it would be stored."""

    line: int = Field(description="The line of the file it begins on.", examples=[2])
    external_id: str = Field(description="The prospect's id, as the file has it.", examples=["crm-1042"])
    fields: dict[str, str] = Field(
        description="The prospect's fields that it fills in, as text.", examples=[{"name": "Inline gauge"}]
    )
    result: str = Field(description="won, lost, void or open.", examples=["won"])
    answers: dict[str, str] = Field(description="Item → answer, as text.", examples=[{"budget": "True"}])
    forecast: str = Field(description="What the CRM held for likely; empty where it says nothing.", examples=["0.4"])
    effort: str = Field(description="The work it tells of; empty where it tells of none.", examples=["call"])


class RefusedRow(BaseModel):
    """A row that would not land."""

    line: int = Field(description="The line of the file it begins on.", examples=[3])
    external_id: str = Field(description="The prospect's id; empty where it cannot be read.", examples=["crm-1043"])
    column: str = Field(description="The column at fault; empty where it is the whole row.", examples=["Amount"])
    code: str = Field(description="A stable word for what is wrong.", examples=["wrong_amount"])
    reason: str = Field(description="The same as a sentence.", examples=["'a lot' is not a number."])


class PreviewBody(BaseModel):
    """What an import would do with the first rows of its file."""

    rows: list[PreviewedRow] = Field(description="The first of the good rows.")
    read: int = Field(description="How many rows were looked at.", examples=[40])
    won: int = Field(description="How many of them are won.", examples=[18])
    lost: int = Field(description="How many of them are lost.", examples=[20])
    open: int = Field(description="How many of them are open.", examples=[1])
    problems: list[RefusedRow] = Field(description="The first of the rows that would not land.")
    refused: int = Field(description="How many of the rows looked at would not land.", examples=[1])
    complaint: str = Field(
        description="Why the file cannot be read by its mapping at all; empty where it can.", examples=[""]
    )
    request_id: str


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
