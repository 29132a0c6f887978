"""An export as an answer: CSV as it is read from the database, Parquet as soon as it is whole."""

from collections.abc import Iterator
from typing import get_args

from fastapi import Response
from starlette.responses import StreamingResponse

from app.accounts.service import Caller
from app.checksheets.tables import CheckSheet
from app.db import Database
from app.errors import NotFound, Unprocessable
from app.exchange.exporting import IDS, Exported, Form, Table, csv_chunks, export_for_crm, export_table, parquet_file

__all__ = ["IDS", "TABLES", "answer_with"]

TABLES = get_args(Table)
_PIECE = 2**20


def answer_with(
    database: Database, *, caller: Caller, table: Table, form: Form, check_sheet: str | None, crm: str | None
) -> Response:
    """A table of what the caller may see, as a file."""
    if crm is not None and table != "scores":
        raise Unprocessable.field("/for", "scores_only", "Files for a CRM hold scores: ask for scores with `for`.")
    with database.reading() as session:
        if check_sheet is not None and session.get(CheckSheet, check_sheet) is None:
            raise NotFound(f"There is no check sheet '{check_sheet}'.", code="no_such_check_sheet")
    if crm is None:
        exported = export_table(database, caller=caller, table=table, check_sheet=check_sheet)
    else:
        exported = export_for_crm(database, caller=caller, crm=crm, check_sheet=check_sheet)
    name = f"winnow-{table}{f'-{crm}' if crm else ''}.{form}"
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/vnd.apache.parquet"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    body: Iterator[str] | Iterator[bytes] = csv_chunks(exported) if form == "csv" else _pieces(exported)
    return StreamingResponse(body, media_type=kind, headers=headers)


def _pieces(exported: Exported) -> Iterator[bytes]:
    with parquet_file(exported) as path, path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
