"""What is held on a prospect, as callers get it."""

from typing import Any

from pydantic import BaseModel, Field


class HeldBody(BaseModel):
    """Everything that is held on one prospect, table by table, as it is stored."""

    held: dict[str, list[dict[str, Any]]] = Field(
        description="Table → its rows on this prospect; docs/data-map.md says what each column is.",
        examples=[{"prospect": [{"external_id": "crm-1042", "name": "Inline gauge"}], "observation": []}],
    )
    request_id: str
