"""Reading tables from files: separator and compression found by themselves, every row with its line."""

import csv
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SEPARATORS = ",;\t|"


class UnreadableFile(Exception):
    """A file that is no table, in a sentence."""


class BadRow(ValueError):
    """A row that cannot be taken, with the column at fault and a sentence."""

    def __init__(self, column: str, code: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.code = code


@dataclass(frozen=True)
class Row:
    """The cells of one row, and the line of the file it begins on."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A table being read: its header, and its rows one by one."""

    columns: list[str]
    rows: Iterator[Row | tuple[int, BadRow]]

    def position(self, column: str) -> int:
        """Where a column stands."""
        if column not in self.columns:
            there = ", ".join(self.columns[:30])
            msg = f"The file has no column '{column}'; it has {there}."
            raise UnreadableFile(msg)
        return self.columns.index(column)


def open_text(path: Path) -> IO[str]:
    """A text file, gzipped or not; bytes that are no UTF-8 are kept apart, so that only their row is lost."""
    if not path.is_file():
        msg = f"There is no file '{path}'."
        raise UnreadableFile(msg)
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    opener: Callable[..., IO[str]] = gzip.open if zipped else open
    return opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")


@contextmanager
def read_table(path: Path, separator: str | None = None) -> Iterator[Table]:
    """A CSV file as a table."""
    with open_text(path) as file:
        try:
            head = file.readline()
        except (OSError, EOFError) as error:
            msg = f"'{path}' cannot be read: {error}."
            raise UnreadableFile(msg) from error
        file.seek(0)
        reader = csv.reader(file, delimiter=separator or _separator(head))
        columns = [column.strip() for column in next(reader, [])]
        if not any(columns):
            msg = f"'{path}' is empty: its first line must name the columns."
            raise UnreadableFile(msg)
        yield Table(columns, _rows(reader, len(columns)))


def _separator(head: str) -> str:
    return max(SEPARATORS, key=head.count)


def _rows(reader: Any, width: int) -> Iterator[Row | tuple[int, BadRow]]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, BadRow("", "unreadable_row", f"The row cannot be read: {error}.")
            continue
        if cells:
            problem = _problem(cells, width)
            yield (line, problem) if problem else Row(line, cells)


def _problem(cells: list[str], width: int) -> BadRow | None:
    if len(cells) != width:
        return BadRow("", "wrong_width", f"The row has {len(cells)} cells, the header names {width}.")
    text = "".join(cells)
    if "\0" in text:
        return BadRow("", "embedded_nul", "The row holds a NUL character.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return BadRow("", "wrong_encoding", "The row is not UTF-8; save the file as UTF-8.")
    return None
