"""Reading the rows of an import: which are good, and what is wrong with the others."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from app.accounts.service import Caller
from app.checksheets.answers import Sheet
from app.checksheets.queries import usual_stages
from app.exchange.files import BadRow, Row, Table, shown
from app.exchange.mapping import Mapping, RowReader

BATCH = 5_000
ENTRIES = 500  # of rows that are written one by one: a batch holds the writer for as long as it takes
_NAMED = 1_000


@dataclass(frozen=True, slots=True)
class BadLine:
    """A row that did not land: its line, the column at fault and the reason."""

    line: int
    external_id: str
    column: str
    code: str
    reason: str


@dataclass
class Report:
    """What became of the rows of a file."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    errors: list[BadLine] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """All rows read."""
        return self.created + self.changed + self.unchanged + self.failed


@dataclass(frozen=True, slots=True)
class Incoming:
    """One good row, with a digest of all it says."""

    line: int
    external_id: str
    fields: dict[str, Any]
    answers: dict[str, Any]
    result: str | None
    forecast: dict[str, Any]
    effort: dict[str, Any]
    digest: str


@dataclass
class Import:
    """One import under way."""

    caller: Caller
    mapping: Mapping
    sheet: Sheet
    began: datetime
    on_error: Callable[[BadLine], None]
    report: Report = field(default_factory=Report)
    landed: int = 0  # the last line that was dealt with before the import was cut off

    def refuse(self, bad: BadLine) -> None:
        """Name a row that did not land."""
        self.report.failed += 1
        if len(self.report.errors) < _NAMED:
            self.report.errors.append(bad)
        self.on_error(bad)


def batches(rows: Iterator[Incoming], size: int) -> Iterator[list[Incoming]]:
    """The rows in batches."""
    while batch := list(islice(rows, size)):
        yield batch


def incoming(work: Import, reader: RowReader, table: Table) -> Iterator[Incoming]:
    """The good rows; bad ones and ids that stand twice are named and left out."""
    seen: set[bytes] = set()
    stages = _stages(work.sheet)
    for number, row in enumerate(table.rows, start=1):
        external_id = ""
        try:
            if row.problem is not None:
                raise row.problem
            external_id = reader.external_id(row.cells, number)
            row_read = _read(reader, row, external_id, stages)
            if work.mapping.rows == "prospects":
                key = hashlib.blake2b(external_id.encode(), digest_size=8).digest()
                if key in seen:
                    raise BadRow("", "duplicate_id", f"The id {shown(external_id)} stands twice in this file.")
                seen.add(key)
        except BadRow as error:
            if row.line > work.landed:
                work.refuse(BadLine(row.line, external_id, error.column, error.code, str(error)))
            continue
        if row.line > work.landed:
            yield row_read


def _stages(sheet: Sheet) -> frozenset[str | None]:
    """The steps of the journey, and none of them."""
    return frozenset([None, *(stage.key for stage in sheet.body.stages or usual_stages())])


def _read(reader: RowReader, row: Row, external_id: str, stages: frozenset[str | None]) -> Incoming:
    if not any(row.cells):
        raise BadRow("", "empty_row", "The row is empty.")
    fields, answers, result = reader.fields(row.cells), reader.answers(row.cells), reader.result(row.cells)
    if fields.get("stage") not in stages:
        raise BadRow("", "unknown_stage", f"The journey has no step {shown(fields['stage'])}.")
    forecast, effort = reader.forecast(row.cells), reader.effort(row.cells)
    more = [part for part in (forecast, effort) if part]
    said = msgspec.json.encode([fields, answers, result, *more], order="sorted")
    digest = hashlib.blake2b(said, digest_size=16).hexdigest()
    return Incoming(row.line, external_id, fields, answers, result, forecast, effort, digest)
