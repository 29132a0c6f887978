"""Jobs as callers see them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.fields import Moment


class JobBody(BaseModel):
    """How far a job is."""

    id: str = Field(examples=["job_0187f2a4c0de"])
    kind: str = Field(examples=["import"])
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int = Field(description="How much is done, in rows or steps.", examples=[15000])
    total: int | None = Field(description="Of how much, where that is known.", examples=[60000])
    attempts: int = Field(description="How often it was begun; a worker that stops is followed by another.")
    result: dict[str, Any] | None
    error: str | None = Field(description="Why it failed, as a sentence.")
    created_at: Moment
    finished_at: Moment | None
    request_id: str | None = None
