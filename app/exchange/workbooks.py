"""Workbooks and Parquet files as tables, opened by a process whose memory is bounded."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from app.exchange import conversion
from app.exchange.files import Row, Table, UnreadableFile, problem_of


@contextmanager
def read_converted(path: Path, *, parquet: bool) -> Iterator[Table]:
    """A workbook's first sheet that holds anything, or a Parquet file, with the cells that CSV would have."""
    kind, package = ("Parquet files", "duckdb") if parquet else ("Workbooks (XLSX)", "python_calamine")
    if find_spec(package) is None:
        msg = f"{kind} are read by an extra: install it (pip install 'winnow[files]'), or save the table as CSV."
        raise UnreadableFile(msg)
    # Isolated: what else lies in the folder of the script is not imported in place of a library.
    command = [sys.executable, "-I", conversion.__file__, str(path.resolve())]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]  # noqa: S603 - our own script
        try:
            yield _table(_rows(process, path), path)
        finally:
            process.kill()


def _table(rows: Iterator[list[str]], path: Path) -> Table:
    height = int(next(rows)[0])
    header = next((cells for cells in rows if any(cells[1:])), None)
    if header is None:
        msg = f"'{path}' is empty: its first row must name the columns."
        raise UnreadableFile(msg)
    columns = [cell.strip() for cell in header[1:]]
    while not columns[-1]:  # a sheet is as wide as its widest row
        columns.pop()
    width = len(columns) + 1
    found = (
        Row(int(cells[0]), "", cells[1:] if any(cells[width:]) else cells[1:width], problem_of("".join(cells)))
        for cells in rows
        if any(cells[1:])
    )
    return Table(columns, ",", found, height - 1)


def _rows(process: "subprocess.Popen[str]", path: Path) -> Iterator[list[str]]:
    """What the process writes: how many rows there are, then each behind its number."""
    try:
        yield from csv.reader(process.stdout or ())
    except csv.Error as error:
        msg = f"'{path}' has a cell that is too long ({error})."
        raise UnreadableFile(msg) from error
    complaint = process.stderr.read() if process.stderr else ""
    if process.wait() == conversion.REFUSED:
        msg = f"'{path}' cannot be read. {complaint}"
        raise UnreadableFile(msg)
    if process.returncode:
        msg = f"'{path}' is too large or too odd to be unpacked; save the table as CSV (UTF-8) and take that."
        raise UnreadableFile(msg)
