"""Reading imports: how far they are, the rows that did not land, and the file itself while it is kept."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.service import COMMAND_LINE
from app.checksheets.answers import Sheet
from app.checksheets.queries import choose_sheet, load_sheet
from app.checksheets.tables import CheckSheet
from app.errors import AppError, Conflict, NotFound, Unprocessable
from app.exchange.files import GZIPPED, PARQUET, WORKBOOK, BadRow, Table, UnreadableFile, read_table
from app.exchange.mapping import Mapping, RowReader
from app.exchange.planning import Plan, Sample
from app.exchange.presets import fit
from app.exchange.reading import BadLine, Import, incoming
from app.exchange.schemas import ImportBody
from app.exchange.tables import PART_BYTES, BadImportRow, ImportRun, UploadPart
from app.jobs.queries import find_job
from app.tabular import write_csv

_SAMPLE_ROWS = 5_000
_SAMPLE_PARTS = 2
_SHOWN = 10


def find_import(session: Session, import_id: str) -> ImportRun:
    """An import that was begun."""
    run = session.get(ImportRun, import_id)
    if run is None:
        raise NotFound(f"There is no import '{import_id}'.", code="no_such_import")
    return run


def list_imports(session: Session) -> list[ImportBody]:
    """The newest imports."""
    runs = session.scalars(select(ImportRun).order_by(ImportRun.created_at.desc(), ImportRun.id.desc()).limit(10))
    return [describe_import(session, run) for run in runs]


def describe_import(session: Session, run: ImportRun) -> ImportBody:
    """An import as callers see it."""
    job = find_job(session, run.job_id) if run.job_id else None
    counts = dict.fromkeys(("created", "changed", "unchanged", "failed"), 0)
    counts |= {name: count for name, count in (job.checkpoint if job else {}).items() if name in counts}
    counts |= {name: count for name, count in ((job.result or {}) if job else {}).items() if name in counts}
    return ImportBody(
        id=run.id,
        job=run.job_id,
        state=job.state if job else "draft",
        filename=run.filename,
        size=run.size,
        sha256=run.sha256,
        lines=run.lines,
        rows=sum(counts.values()),
        error=job.error if job else None,
        created_at=run.created_at,
        finished_at=job.finished_at if job else None,
        **counts,
    )


def bad_rows(session: Session, run: ImportRun, *, most: int | None = None) -> Sequence[BadImportRow]:
    """The rows that did not land, in the order of the file."""
    query = select(BadImportRow).where(BadImportRow.import_id == run.id).order_by(BadImportRow.line).limit(most)
    return session.scalars(query).all()


def errors_csv(rows: Sequence[BadImportRow]) -> str:
    """The same as a table; no spreadsheet runs a cell of it as a formula."""
    columns = ("line", "external_id", "column", "code", "reason")
    return write_csv(columns, ([row.line, row.external_id, row.column_name, row.code, row.reason] for row in rows))


def write_file(session: Session, run: ImportRun, path: Path, *, parts: int | None = None) -> None:
    """The file as it came, or its first parts, to the last whole line."""
    query = select(UploadPart.content).where(UploadPart.import_id == run.id).order_by(UploadPart.number).limit(parts)
    with path.open("wb") as file:
        for content in session.scalars(query.execution_options(yield_per=1)):
            file.write(content)
    if parts is not None and run.size > parts * PART_BYTES:
        begun = path.read_bytes()
        if begun.startswith((GZIPPED, WORKBOOK, PARQUET)):  # can only be read whole
            write_file(session, run, path)
        else:
            path.write_bytes(begun[: begun.rfind(b"\n") + 1])


@contextmanager
def folder_for(run: ImportRun) -> Iterator[Path]:
    """Where the file may lie for as long as it is read; what is wrong with it is said under its own name."""
    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        path = Path(folder) / "upload"
        try:
            yield path
        except UnreadableFile as error:
            raise UnreadableFile(str(error).replace(str(path), run.filename)) from error


@contextmanager
def first_rows(session: Session, run: ImportRun, separator: str | None = None) -> Iterator[Table]:
    """The file as a table, as far as a person wants to look."""
    with folder_for(run) as path:
        write_file(session, run, path, parts=_SAMPLE_PARTS)
        with read_table(path, separator) as table:
            yield table


def read_sample(session: Session, run: ImportRun) -> Sample:
    """The first rows of the file; 422 where it cannot be read at all."""
    try:
        with first_rows(session, run) as table:
            rows = [row.cells for row in islice(table.rows, _SAMPLE_ROWS) if row.problem is None]
            if len(set(table.columns)) < len(table.columns):
                twice = next(name for name in table.columns if table.columns.count(name) > 1)
                msg = f"Two columns are called '{twice}'; give each a name of its own."
                raise UnreadableFile(msg)
            return Sample(table.columns, rows)
    except UnreadableFile as error:
        raise Unprocessable.field("/file", "unreadable_file", str(error)) from error


def fit_preset(session: Session, table: Table, *, preset: str, check_sheet: str | None) -> Mapping:
    """The mapping of a preset for a file, onto the sheet named, the only one, or one that is to be made."""
    if check_sheet is not None and not re.fullmatch("[a-z0-9][a-z0-9_.-]{0,63}", check_sheet):
        msg = "The check sheet is named by its key: small letters, figures, dots, dashes and underscores."
        raise UnreadableFile(msg)
    keys = session.scalars(select(CheckSheet.key).limit(2)).all()
    key = check_sheet or (choose_sheet(session, None) if keys else preset)
    return fit(preset, table, check_sheet=key, sheet=sheet_named(session, key))


def sheet_of(session: Session, plan: Plan) -> Sheet | None:
    """The check sheet a plan names, while it is there."""
    return sheet_named(session, plan.check_sheet)


def sheet_named(session: Session, key: str) -> Sheet | None:
    """The check sheet of a key, while it is there."""
    return load_sheet(session, key) if session.get(CheckSheet, key) else None


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row as it would be stored."""

    line: int
    external_id: str
    fields: dict[str, str]
    result: str
    answers: dict[str, str]
    forecast: str
    effort: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do with the first rows of its file."""

    rows: list[PreviewRow]
    read: int
    won: int
    lost: int
    open: int
    problems: list[BadLine]
    refused: int
    complaint: str = ""


def preview(session: Session, run: ImportRun, sheet: Sheet | None) -> Preview:
    """Read the first rows as an import would, and store nothing."""
    mapping = Mapping.model_validate(run.mapping)
    refused: list[BadLine] = []
    try:
        sheet = sheet or Sheet(mapping.check_sheet.key, 1, mapping.sheet())
        with first_rows(session, run, mapping.separator) as table:
            work = Import(COMMAND_LINE, mapping, sheet, run.created_at, refused.append)
            reader = RowReader(mapping, sheet, table)
            good = list(islice(incoming(work, reader, table), _SAMPLE_ROWS))
    except (UnreadableFile, BadRow, AppError) as error:
        return Preview([], 0, 0, 0, 0, [], 0, complaint=str(error))
    shown = [
        PreviewRow(
            row.line,
            row.external_id,
            {name: _told(value) for name, value in row.fields.items()},
            row.result or "open",
            {key: str(value) for key, value in row.answers.items()},
            ", ".join(_told(value) for value in row.forecast.values()),
            ", ".join(_told(value) for value in row.effort.values()),
        )
        for row in good[:_SHOWN]
    ]
    results = [row.result for row in good]
    return Preview(
        shown, len(good) + len(refused), results.count("won"), results.count("lost"), results.count(None),
        refused[:_SHOWN], len(refused),
    )  # fmt: skip


def preview_draft(session: Session, run: ImportRun) -> Preview:
    """What a draft would do; 409 once it has begun, because its file goes as it is read."""
    if run.job_id is not None:
        raise Conflict("This import has begun; bring the file in again to look at it first.", code="import_begun")
    if not run.mapping:
        raise Conflict("Nobody has said yet what its columns are: open it on the page Import.", code="no_mapping_yet")
    return preview(session, run, sheet_named(session, run.mapping["check_sheet"]["key"]))


def _told(value: object) -> str:
    return f"{value:%-d %b %Y}" if isinstance(value, datetime) else str(value)
