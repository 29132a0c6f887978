"""Imports as jobs: a file comes in and is kept, is read by a plan or a mapping, and is erased when it is done with."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.bulk import insert_rows
from app.checksheets.queries import list_sheets
from app.db import new_id
from app.errors import Conflict, Unprocessable
from app.exchange.files import GZIPPED, PARQUET, WORKBOOK, UnreadableFile, read_table
from app.exchange.importing import BadLine, Report, import_file
from app.exchange.mapping import Mapping as FileMapping
from app.exchange.mapping import fault
from app.exchange.planning import Plan, complete, infer_plan, to_mapping
from app.exchange.queries import find_import, first_rows, fit_preset, folder_for, read_sample, sheet_of, write_file
from app.exchange.tables import PART_BYTES, BadImportRow, ImportRun, UploadPart
from app.jobs import service as jobs
from app.jobs.tables import CANCELLED, FAILED, Job
from app.jobs.worker import Work
from app.prospects.queries import ids_of
from app.prospects.service import ERASERS
from app.prospects.tables import Prospect
from app.tables import metadata

IMPORT = "import"
MOST_NAMED = 10_000  # bad rows kept by line and reason; beyond that the file itself is the wrong one
_KEPT = timedelta(days=1)
_NO_TABLE = "'{}' is no table that is read here. In a spreadsheet, choose Save as, then CSV (UTF-8), and take that."
_NO_TABLES = {b"\xd0\xcf\x11\xe0", b"%PDF"}  # an old workbook, a page


def receive(
    session: Session, *, caller: Caller, file: IO[bytes], filename: str, now: datetime, rows: int = 0
) -> ImportRun:
    """Keep a file that came in, and forget those that nobody went on with."""
    _forget_files(session, now)
    name = "".join(letter for letter in filename.replace("\\", "/").rpartition("/")[2] if letter.isprintable())[:200]
    run = ImportRun(
        id=new_id("im"), filename=name or "file", size=0, sha256="", lines=rows, plan={}, mapping={}, job_id=None,
        created_at=now, created_by=caller.id,
    )  # fmt: skip
    session.add(run)
    session.flush()
    digest, is_text = hashlib.sha256(), True
    for number, content in enumerate(_parts(file)):
        if number == 0 and content[:4] in _NO_TABLES:
            raise Unprocessable.field("/file", "no_table", _NO_TABLE.format(run.filename))
        is_text = is_text if number else not content.startswith((GZIPPED, WORKBOOK, PARQUET))
        digest.update(content)
        run.size, run.lines = run.size + len(content), run.lines + (content.count(b"\n") if is_text else 0)
        session.execute(
            metadata.tables["upload_part"].insert(), {"import_id": run.id, "number": number, "content": content}
        )
    if run.size == 0:
        raise Unprocessable.field("/file", "empty_file", "Choose a file first; the one that came is empty.")
    run.sha256 = digest.hexdigest()
    audit.record(session, actor=caller.id, action="import.received", subject=run.id, sha256=run.sha256, size=run.size)
    session.flush()
    return run


def look_at(file: IO[bytes]) -> int:
    """How many rows a file says it has, 0 where it does not say; 422 where it cannot be unpacked."""
    begins = file.read(4)
    file.seek(0)
    if not begins.startswith((GZIPPED, WORKBOOK, PARQUET)):
        return 0
    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        file.seek(0)
        try:
            with read_table(path) as table:
                return table.height or 0
        except UnreadableFile as error:
            said = str(error).replace(f"'{path}'", "The file")
            raise Unprocessable.field("/file", "unreadable_file", said) from error


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while content := file.read(PART_BYTES):
        yield content


def draft(session: Session, run: ImportRun, *, check_sheet: str | None) -> None:
    """Guess what the columns of the file are, for a sheet that is there or for one that is to be made."""
    sheets = [sheet.key for sheet in list_sheets(session).items]
    key = check_sheet or (sheets[0] if sheets else "deals")
    sample = read_sample(session, run)
    bare = Plan(check_sheet=key, columns={})
    run.plan = infer_plan(sample, sheet=sheet_of(session, bare), key=key).model_dump(mode="json")
    run.mapping = {}
    session.flush()


def revise(session: Session, run: ImportRun, *, plan: Plan) -> None:
    """Take what a person says of the columns; 422 names what is missing."""
    if run.job_id is not None:
        raise Conflict("This import has begun; bring the file in again to read it another way.", code="import_begun")
    sample, sheet = read_sample(session, run), sheet_of(session, plan)
    if sheet is None and plan.check_sheet != run.plan["check_sheet"]:
        raise Unprocessable.field("/check_sheet", "unknown_check_sheet", "There is no such check sheet.")
    completed = complete(plan, sample, sheet)
    run.plan = completed.model_dump(mode="json")
    run.mapping = to_mapping(completed, sample, sheet)
    session.flush()


def start(session: Session, *, caller: Caller, run: ImportRun, now: datetime) -> str:
    """Put the import into the queue; the same file read the same way is not queued twice."""
    if run.job_id is None:
        said = hashlib.sha256(repr((run.sha256, sorted(run.mapping.items()))).encode()).hexdigest()
        args = {"import": run.id}
        run.job_id = jobs.enqueue(session, caller=caller, kind=IMPORT, args=args, now=now, dedupe_key=f"import:{said}")
        audit.record(session, actor=caller.id, action="import.started", subject=run.id, job=run.job_id)
        session.flush()
    return run.job_id


def use_preset(session: Session, run: ImportRun, *, preset: str, check_sheet: str | None) -> None:
    """Read the file as a CRM writes it; 422 names the columns it lacks."""
    try:
        with first_rows(session, run) as table:
            mapping = fit_preset(session, table, preset=preset, check_sheet=check_sheet)
    except UnreadableFile as error:
        raise Unprocessable.field("/file", "not_this_preset", str(error)) from error
    run.plan = {"preset": preset}
    run.mapping = mapping.model_dump(mode="json", exclude_unset=True)
    session.flush()


def read_mapping(text: str) -> dict[str, Any]:
    """A mapping as a caller sends it; 422 names what is wrong."""
    try:
        return FileMapping.model_validate_json(text).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        said = f"The mapping is wrong: {fault(error)}"
        raise Unprocessable.field("/mapping", "invalid_mapping", said) from error


def run_import(work: Work) -> None:
    """Import a file as a job: each batch commits with how far it is, so that another worker goes on behind it."""
    import_id = work.job.args["import"]
    pending: list[BadLine] = []

    def beside(session: Session, report: Report, line: int) -> None:
        _keep_bad_rows(session, import_id, pending, report)
        work.checkpoint(session, done=report.rows, checkpoint=_counts(report) | {"landed": line})
        pending.clear()

    try:
        report = _read_on(work, beside, pending)
    except (UnreadableFile, jobs.Cancelled) as stopped:
        with work.database.writing() as session:
            _erase(session, import_id)
        if isinstance(stopped, UnreadableFile):
            raise jobs.JobFailed(str(stopped)) from stopped
        raise
    with work.database.writing() as session:
        _keep_bad_rows(session, import_id, pending, report)
        _erase(session, import_id)
        work.finish(session, _counts(report))


def _read_on(work: Work, beside: Callable[[Session, Report, int], None], pending: list[BadLine]) -> Report:
    """Import what has not landed yet."""
    database, job = work.database, work.job
    with database.reading() as session:
        run = find_import(session, job.args["import"])
    counts = dict(job.checkpoint)
    landed = counts.pop("landed", 0)
    with folder_for(run) as path:
        with database.reading() as session:
            write_file(session, run, path)
        return import_file(
            database, caller=_caller(job.created_by), path=path, mapping=FileMapping.model_validate(run.mapping),
            began=job.created_at, landed=landed, report=Report(**counts), beside=beside, on_error=pending.append,
        )  # fmt: skip


def _caller(actor: str) -> Caller:
    """Whoever started the import, who may import; the job acts under their name."""
    return Caller(actor, "integration", frozenset({"read", "write"}))


def _counts(report: Report) -> dict[str, Any]:
    return {name: count for name, count in asdict(report).items() if name != "errors"}


def _keep_bad_rows(session: Session, import_id: str, bad: list[BadLine], report: Report) -> None:
    room = max(0, MOST_NAMED - (report.failed - len(bad)))
    rows = [
        {
            "import_id": import_id, "line": one.line, "external_id": one.external_id, "column_name": one.column,
            "code": one.code, "reason": one.reason,
        }
        for one in bad[:room]
    ]  # fmt: skip
    insert_rows(session, metadata.tables["bad_import_row"], rows)


def _erase(session: Session, import_id: str) -> None:
    """The file has served; what it said stands where it belongs."""
    session.execute(delete(UploadPart).where(UploadPart.import_id == import_id))
    audit.record(session, actor="import", action="import.erased", subject=import_id)


def stop(session: Session, *, run: ImportRun, now: datetime) -> None:
    """Stop an import at its next batch; one that nobody has begun is over, and its file erased."""
    if run.job_id is None:
        return
    jobs.cancel(session, job_id=run.job_id, now=now)
    _forget_files(session, now)


def _forget_files(session: Session, now: datetime) -> None:
    """Erase the files of imports that are over in any way, and drafts nobody went on with."""
    over = select(ImportRun.id).join(Job, Job.id == ImportRun.job_id).where(Job.state.in_((CANCELLED, FAILED)))
    session.execute(delete(UploadPart).where(UploadPart.import_id.in_(over)))
    abandoned = select(ImportRun.id).where(ImportRun.created_at < now - _KEPT, ImportRun.job_id.is_(None))
    session.execute(delete(ImportRun).where(ImportRun.id.in_(abandoned)))


def _erase_bad_rows(session: Session, prospect: Prospect) -> None:
    session.execute(delete(BadImportRow).where(BadImportRow.external_id.in_(ids_of(session, prospect))))


ERASERS.append(_erase_bad_rows)
