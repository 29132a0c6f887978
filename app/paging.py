"""Keyset paging: a cursor is the sort key of the last row, so pages stay stable while rows are added."""

import base64
import binascii
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Query
from pydantic import AfterValidator
from sqlalchemy import ColumnElement, literal, tuple_

from app.errors import Unprocessable

Limit = Annotated[
    int, AfterValidator(lambda n: max(1, min(n, 200))), Query(description="Rows a page, 200 at the most.")
]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")]


def encode_cursor(order: str, values: Sequence[Any]) -> str:
    """An opaque cursor behind a row with these sort values."""
    return base64.urlsafe_b64encode(msgspec.json.encode([order, *values])).decode().rstrip("=")


def decode_cursor(cursor: str, order: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    """The sort values in a cursor; 422 when it is not one of ours, or of another order."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        named, *values = msgspec.json.decode(raw, type=list[Any])
        if named != order:
            raise ValueError(named)
        found: tuple[Any, ...] = msgspec.convert(values, tuple[tuple(kinds)])  # type: ignore[misc]
        if not all(map(_storable, found)):
            raise ValueError(found)
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        raise Unprocessable.field(
            "/query/cursor", "invalid_cursor", "The cursor is not one of this list; start again without it."
        ) from error
    return found


def _storable(value: Any) -> bool:
    """Whether a database can compare with it: cursors are opaque, not unforgeable."""
    if isinstance(value, datetime):
        return value.tzinfo is not None and 1900 <= value.year < 3000
    if isinstance(value, float):
        return math.isfinite(value)
    return "\0" not in value if isinstance(value, str) else abs(value) < 2**31


def after(
    columns: Sequence[ColumnElement[Any]], values: Sequence[Any], *, descending: bool = False
) -> ColumnElement[bool]:
    """The rows behind a cursor, all columns ascending, or all descending."""
    row = tuple_(*columns)
    cursor = tuple_(*(literal(value, column.type) for column, value in zip(columns, values, strict=True)))
    return row < cursor if descending else row > cursor
