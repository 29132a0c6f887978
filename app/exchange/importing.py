"""Importing a table: good rows land, bad rows are named, and importing again changes nothing.

Rows are written in batches, each its own transaction: an import that was cut off goes on behind the last batch that
landed, or is taken up by starting it again.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.answers import Sheet
from app.checksheets.queries import load_sheet
from app.checksheets.tables import CheckSheet
from app.db import Database, begin, utcnow
from app.exchange import reading
from app.exchange.entries import store_entries
from app.exchange.files import read_table
from app.exchange.mapping import Mapping, RowReader
from app.exchange.reading import BadLine, Import, Report, batches, incoming
from app.exchange.writing import store_batch, store_prospects

__all__ = ["BadLine", "Report", "import_file"]


def import_file(
    database: Database,
    *,
    caller: Caller,
    path: Path,
    mapping: Mapping,
    began: datetime | None = None,
    landed: int = 0,
    report: Report | None = None,
    beside: Callable[[Session, Report, int], None] = lambda _session, _report, _line: None,
    on_progress: Callable[[Report], None] = lambda _report: None,
    on_error: Callable[[BadLine], None] = lambda _bad: None,
) -> Report:
    """Import a table through a mapping, behind the line up to which everything has landed already.

    `beside` is called in the transaction of every batch, with the report up to it and its last line.
    """
    with read_table(path, mapping.separator) as table:
        with database.writing() as session:
            sheet = _sheet(session, caller, mapping)
            # Bound before the commit: a mapping that does not fit the file leaves no check sheet behind.
            reader = RowReader(mapping, sheet, table)
        work = Import(caller, mapping, sheet, began or utcnow(), on_error, report or Report(), landed)
        bulk = mapping.rows == "prospects"
        for batch in batches(incoming(work, reader, table), reading.BATCH if bulk else reading.ENTRIES):
            store_batch(database, work, batch, store=store_prospects if bulk else store_entries, beside=beside)
            on_progress(work.report)
    return work.report


def _sheet(session: Session, caller: Caller, mapping: Mapping) -> Sheet:
    """The sheet the mapping names, made from the mapping when it is not there."""
    if session.get(CheckSheet, mapping.check_sheet.key) is None:
        # Making a check sheet may make a card of beliefs, for which the statistics are loaded.
        from app.training.service import save_sheet

        save_sheet(session, caller=caller, given=mapping.sheet(), only_new=True, now=begin(session))
    return load_sheet(session, mapping.check_sheet.key)
