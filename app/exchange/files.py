"""Tables in files: kind, separator and compression found by themselves, every row with its line."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice, tee
from pathlib import Path
from typing import IO, NamedTuple

from app.tabular import formula

SEPARATORS = ",;\t|"
GZIPPED = b"\x1f\x8b"
WORKBOOK = b"PK\x03\x04"
PARQUET = b"PAR1"
MOST_IN_A_LINE = 1_000_000
# What comes out of a gzipped file may be this much, or this many times the file: more is no table, it is a bomb.
_MOST_UNZIPPED, _MOST_SWELLING = 200_000_000, 100


class UnreadableFile(Exception):
    """A file that is not what it should be, in a sentence."""


class BadRow(ValueError):
    """A row that cannot be taken, with the column at fault and a sentence."""

    def __init__(self, column: str, code: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.code = code


class Row(NamedTuple):
    """One row: the line of the file it begins on, its text there if it is text, its cells, why it cannot be taken."""

    line: int
    text: str
    cells: list[str]
    problem: BadRow | None


@dataclass(frozen=True)
class Table:
    """A table being read: its header, and its rows one by one."""

    columns: list[str]
    separator: str
    rows: Iterator[Row]
    height: int | None = None  # how many rows there are, where the file says

    def position(self, column: str) -> int:
        """Where a column stands."""
        if column not in self.columns:
            there = ", ".join(self.columns[:30])
            msg = f"The file has no column '{column}'; it has {there}."
            raise UnreadableFile(msg)
        if self.columns.count(column) > 1:
            msg = f"The file has two columns '{column}'; give each a name of its own."
            raise UnreadableFile(msg)
        return self.columns.index(column)


def shown(text: str) -> str:
    """A cell as a message quotes it: short, and without anything a terminal obeys."""
    short = text if len(text) <= 60 else f"{text[:59]}…"
    return "'" + "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in short) + "'"


def _first_bytes(path: Path) -> bytes:
    if not path.is_file():
        msg = f"There is no file '{path}'."
        raise UnreadableFile(msg)
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        msg = f"'{path}' cannot be read: {error.strerror}."
        raise UnreadableFile(msg) from error


@contextmanager
def read_table(path: Path, separator: str | None = None) -> Iterator[Table]:
    """A file as a table: comma-separated text, gzipped or not, a workbook or a Parquet file."""
    begins = _first_bytes(path)
    if begins in {WORKBOOK, PARQUET}:
        from app.exchange.workbooks import read_converted

        with read_converted(path, parquet=begins == PARQUET) as table:
            yield Table(table.columns, table.separator, _as_wide(table.rows, len(table.columns)), table.height)
        return
    zipped = begins.startswith(GZIPPED)
    opener: Callable[..., IO[str]] = gzip.open if zipped else open
    # Bytes that are no UTF-8 are kept apart, so that only their row is lost.
    with opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _to_the_end(file, path, max(_MOST_UNZIPPED, _MOST_SWELLING * path.stat().st_size) if zipped else None)
        head = next(lines, "")
        separator = separator or _separator(head)
        rows = _rows(chain([head], lines), separator)
        header = next(rows, None)
        if header is None or not any(header.cells):
            msg = f"'{path}' is empty: its first line must name the columns."
            raise UnreadableFile(msg)
        if header.problem is not None:
            msg = f"The header of '{path}' cannot be read. {header.problem}"
            raise UnreadableFile(msg)
        columns = [cell.strip() for cell in header.cells]
        yield Table(columns, separator, _as_wide(rows, len(columns)))


def _to_the_end(file: IO[str], path: Path, most: int | None) -> Iterator[str]:
    """Line by line, none so long and no more of them than memory and patience can hold."""
    number = letters = 0
    try:
        while line := file.readline(MOST_IN_A_LINE):
            number, letters = number + 1, letters + len(line)
            if len(line) == MOST_IN_A_LINE:
                msg = f"Line {number} of '{path}' has no end within {MOST_IN_A_LINE:,} characters; it is no table."
                raise UnreadableFile(msg)
            if most is not None and letters > most:
                msg = f"'{path}' swells to more than {most:,} characters when it is unzipped; send it in parts."
                raise UnreadableFile(msg)
            yield line
    except (OSError, EOFError, zlib.error) as error:
        msg = f"'{path}' cannot be read to its end: {error}."
        raise UnreadableFile(msg) from error


def _separator(head: str) -> str:
    """The separator that stands most often in the header, outside quotation marks."""
    return max(SEPARATORS, key=re.sub('"[^"]*"', "", head).count)


def _rows(lines: Iterator[str], separator: str) -> Iterator[Row]:
    """The rows that are not blank; one that breaks the quoting costs only the line it begins on."""
    gone = 0
    while True:
        # The second iterator stays behind: for the text of each row, and for the lines a broken one has swallowed.
        lines, behind = tee(lines)
        reader = csv.reader(lines, delimiter=separator, strict=True)
        begun = 0
        try:
            for cells in reader:
                text = "".join(islice(behind, reader.line_num - begun))
                if cells:
                    if "'" in text:
                        cells = [formula(cell) for cell in cells]
                    yield Row(gone + begun + 1, text, cells, problem_of(text))
                begun = reader.line_num
        except csv.Error as error:
            gone += begun + 1
            text = next(behind)
            reason = f"The row cannot be read: {error}; a quotation mark may be missing or too much."
            yield Row(gone, text, [text.rstrip("\r\n")], BadRow("", "unreadable_row", reason))
            lines = behind
        else:
            return


def problem_of(text: str) -> BadRow | None:
    if "\0" in text:
        return BadRow("", "embedded_nul", "The row holds a NUL character.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return BadRow("", "wrong_encoding", "The row is not UTF-8; save the file as UTF-8.")
    return None


def _as_wide(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """The same rows; those not as wide as the header cannot be taken."""
    for row in rows:
        if len(row.cells) == width or row.problem is not None:
            yield row
        else:
            reason = f"The row has {len(row.cells)} cells, the header names {width}."
            yield row._replace(problem=BadRow("", "wrong_width", reason))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of another once it is complete."""
    path = path.resolve()
    unfinished = path.with_name(f"{path.name}.unfinished") if path.is_file() or not path.exists() else path
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        msg = f"'{path}' cannot be written: {error.strerror or error}."
        raise UnreadableFile(msg) from error
    finally:
        if unfinished != path:
            unfinished.unlink(missing_ok=True)


@contextmanager
def write_table(path: Path) -> Iterator[IO[str]]:
    """A text file for rows, gzipped where its name says so; it is there once it is complete."""
    opener: Callable[..., IO[str]] = gzip.open if path.suffix == ".gz" else open
    with (
        replacing(path) as unfinished,
        opener(unfinished, "wt", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        yield file
