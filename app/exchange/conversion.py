"""Workbooks and Parquet files as comma-separated text, in a process of its own.

What came from outside is opened here and nowhere else: a file that swells when it is unpacked, a sheet of billions of
empty cells or one that makes a library fall over ends this process, whose memory is bounded, and no other. Run as a
script with the path of the file, it writes how many rows there are, then every row behind its number.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from io import TextIOWrapper
from pathlib import Path
from typing import Any

MEMORY = 512 * 2**20
_SECONDS = 300
MOST_ROWS = 20_000_000
REFUSED = 3  # the exit code when standard error holds a sentence
_ROWS_AT_ONCE = 2_000


class Refused(Exception):
    """A file that cannot be taken, in a sentence."""


def text_of(value: Any) -> str:
    """A cell as CSV would have it: ISO dates, true and false, plain numbers, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _plain_number(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _plain_number(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _moment(value: datetime) -> str:
    """A moment in UTC, which it is taken to be where it names no zone; midnight is a bare date."""
    if value.tzinfo is None and not (value.hour or value.minute or value.second or value.microsecond):
        return value.date().isoformat()
    moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"{moment.isoformat()}Z"


def read_workbook(path: str) -> tuple[int, Iterator[tuple[int, Iterable[Any]]]]:
    """The rows of the first visible sheet that holds anything, each with its number there."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_path(path)
        names = [sheet.name for sheet in book.sheets_metadata if sheet.visible == calamine.SheetVisibleEnum.Visible]
        sheets = (book.get_sheet_by_name(name) for name in names)
        sheet = next((one for one in sheets if one.start is not None), None)
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError, OSError) as error:
        msg = "It is no workbook this service can open; save the sheet as CSV (UTF-8) and take that."
        raise Refused(msg) from error
    except calamine.PasswordError as error:
        msg = "The workbook asks for a password; save it without."
        raise Refused(msg) from error
    if sheet is None:
        msg = "No sheet of the workbook holds anything."
        raise Refused(msg)
    first = (sheet.start or (0, 0))[0] + 1
    return sheet.height, enumerate(sheet.iter_rows(), start=first)


def read_parquet(path: str) -> tuple[int, Iterator[tuple[int, Iterable[Any]]]]:
    """The rows of a Parquet file under its column names, numbered as in a table whose first line is the header."""
    import duckdb

    try:
        connection = duckdb.connect(config={"memory_limit": "256MB", "threads": 1, "temp_directory": ""})
        connection.execute("SET allowed_paths = [?]", [path])
        for setting in ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true"):
            connection.execute(f"SET {setting}")
        counted = connection.execute("SELECT count(*) FROM read_parquet(?)", [path]).fetchone()
        height = int(counted[0]) if counted else 0
        columns = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
        # The library gives moments with a zone only beside another library; here all are in UTC.
        asked = ", ".join(
            f"{name}::TIMESTAMP" if kind == "TIMESTAMP WITH TIME ZONE" else name
            for name, kind in (('"' + column[0].replace('"', '""') + '"', column[1]) for column in columns)
        )
        result = connection.execute(f"SELECT {asked} FROM read_parquet(?)", [path])  # noqa: S608 - quoted names
    except duckdb.Error as error:
        msg = "It is no Parquet file this service can read."
        raise Refused(msg) from error
    if height > MOST_ROWS:
        msg = f"It holds {height:,} rows; {MOST_ROWS:,} are the most."
        raise Refused(msg)
    return height + 1, _numbered([column[0] for column in columns], result)


def _numbered(names: list[str], result: Any) -> Iterator[tuple[int, Iterable[Any]]]:
    yield 1, names
    number = 1
    while rows := result.fetchmany(_ROWS_AT_ONCE):
        for row in rows:
            number += 1
            yield number, row


def write_text(path: str) -> None:
    """Write the file as comma-separated text on standard output."""
    with Path(path).open("rb") as file:
        height, rows = (read_parquet if file.read(4) == b"PAR1" else read_workbook)(path)
    with TextIOWrapper(sys.stdout.buffer, "utf-8", "replace", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([height])
        for number, cells in rows:
            writer.writerow([number, *map(text_of, cells)])


def _bound() -> None:
    """Where the system can, it ends this process before it takes more memory or time than it may."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _bound()
    try:
        write_text(sys.argv[1])
    except BrokenPipeError:
        sys.exit(0)
    except Refused as refused:
        sys.stderr.write(str(refused))
        sys.exit(REFUSED)
    except MemoryError:
        sys.exit(1)
