"""A table of bids, the mapping that reads it, and its import."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.accounts.service import COMMAND_LINE
from app.db import Database
from app.exchange.importing import Report, import_file
from app.exchange.mapping import Mapping

HEADER = "Id,Customer,Rep,Budget,Visits,Met,Step,Value,Cur,Seen,Status,Closed"
MAPPING: dict[str, Any] = {
    "check_sheet": {"key": "bids", "name": "Bids"},
    "id": {"column": "Id", "prefix": "crm-"},
    "name": {"column": "Customer"},
    "owner": {"column": "Rep"},
    "stage": {"column": "Step"},
    "amount": {"column": "Value"},
    "currency": {"column": "Cur"},
    "observed_at": {"column": "Seen"},
    "outcome": {"column": "Status", "won": ["Won"], "lost": ["Lost"], "open": ["Quoted"]},
    "decided_at": {"column": "Closed"},
    "items": {
        "budget": {"column": "Budget", "kind": "yes_no", "answers": {"yes": True, "no": False, "?": "unknown"}},
        "visits": {"column": "Visits", "kind": "number"},
        "met": {"column": "Met", "kind": "scale", "answers": {"nobody": "nobody", "the boss": "boss"}},
    },
}
BELIEVED = {"budget": {**MAPPING["items"]["budget"], "expected": "for", "importance": 3}}


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file, text or bytes."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def map_file(write_file: Callable[..., Path]) -> Callable[..., Path]:
    """Write the mapping of bids, with changes; None leaves a key out."""

    def write(**changes: Any) -> Path:
        changed = {name: value for name, value in (MAPPING | changes).items() if value is not None}
        return write_file("bids.map.json", json.dumps(changed))

    return write


@pytest.fixture
def import_rows(database: Database, write_file: Callable[..., Path]) -> Callable[..., Report]:
    """Import rows under the header of bids, or a whole file's bytes; keywords change the mapping."""

    def run(*rows: str, content: str | bytes | None = None, header: str = HEADER, **changes: Any) -> Report:
        path = write_file("bids.csv", "\n".join([header, *rows]) + "\n" if content is None else content)
        changed = {name: value for name, value in (MAPPING | changes).items() if value is not None}
        return import_file(database, caller=COMMAND_LINE, path=path, mapping=Mapping.model_validate(changed))

    return run
