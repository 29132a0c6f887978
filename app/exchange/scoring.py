"""Scoring a file: the same rows come back with score, grade, probability and points.

Rows repeat the cells of other rows, so the points of each line are kept by the texts of its cells.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import isnan, nan
from pathlib import Path
from typing import Any

from app.checksheets.answers import Sheet
from app.exchange.columns import ItemColumn
from app.exchange.files import BadRow, Row, Table, UnreadableFile, read_table, shown, write_table
from app.exchange.mapping import AnswerCells, AnswersReader, Mapping
from models.scorecard import Scorecard, as_score

ADDED = ("wn_score", "wn_grade", "wn_probability", "wn_points", "wn_problem")
_CHUNK = 64  # rows that fit the processor's nearest memory; ten times as many take half as long again
_REMEMBERED = 10_000


def score_file(*, sheet: Sheet, card: Scorecard, path: Path, out: Path, mapping: Mapping | None) -> tuple[int, int]:
    """Write the rows of a file with their scores; how many were scored, and how many could not be read."""
    count = failed = 0
    with read_table(path, mapping.separator if mapping else None) as table:
        reader = AnswersReader(mapping.items if mapping else _own_names(sheet, table), sheet, table)
        # Scores of an earlier time give way to those of now.
        kept = [at for at, column in enumerate(table.columns) if column not in ADDED]
        as_it_stands = len(kept) == len(table.columns)
        with write_table(out) as file:
            writer = csv.writer(file, delimiter=table.separator)
            writer.writerow([table.columns[at] for at in kept] + list(ADDED))
            for row, cells, added in _scored(table, card, reader):
                if as_it_stands and row.text and row.problem is None and not added[-1]:
                    file.write(table.separator.join([row.text.rstrip("\r\n"), *added]) + "\r\n")
                else:
                    writer.writerow([cells[at] for at in kept] + added)
                count += 1
                failed += bool(added[-1])
    return count - failed, failed


def _scored(table: Table, card: Scorecard, reader: AnswersReader) -> Iterator[tuple[Row, list[str], list[str]]]:
    """The rows, the cells of each as wide as the header, and those that are added to them."""
    width = len(table.columns)
    base, lines = _lines(card, reader)
    cells_of = _Added(card, base)
    while rows := list(islice(table.rows, _CHUNK)):
        cells = [row.cells if row.problem is None else (row.cells + [""] * width)[:width] for row in rows]
        columns = list(zip(*cells, strict=True))
        totals = map(sum, zip(*[line.points(columns) for line in lines], strict=True))
        added = [
            cells_of[total] if row.problem is None and not isnan(total) else ["", "", "", "", _problem(row, reader)]
            for row, total in zip(rows, totals, strict=True)
        ]
        yield from zip(rows, cells, added, strict=True)


def _problem(row: Row, reader: AnswersReader) -> str:
    """Why a row has no score; it begins with a word of ours, so that no spreadsheet takes it for a formula."""
    if row.problem is not None:
        return str(row.problem)
    try:
        reader.answers(row.cells)
    except BadRow as error:
        return f"Column {shown(error.column)}: {error}"
    return ""


_Column = tuple[str, int, AnswerCells]


class _Line:
    """A line of the card and the columns that answer it: cell texts → points, NaN where one is no answer."""

    def __init__(self, card: Scorecard, asked: Sequence[_Column]) -> None:
        self._card = card
        self._asked = asked
        self._known: dict[Any, float] = {}

    def points(self, columns: Sequence[tuple[str, ...]]) -> list[float]:
        """The points of many rows, given column by column."""
        own = [columns[at] for _, at, _ in self._asked]
        texts: Sequence[Any] = own[0] if len(own) == 1 else [*zip(*own, strict=True)]
        found = [*map(self._known.get, texts)]
        if None in found:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known.update((text, self._read(text)) for text in {*texts} - self._known.keys())
            found = [*map(self._known.get, texts)]
        return found  # type: ignore[return-value]  # every text is known by now

    def _read(self, text: Any) -> float:
        texts = (text,) if len(self._asked) == 1 else text
        try:
            return self._card.points_of(
                {item: cells[each] for (item, _, cells), each in zip(self._asked, texts, strict=True)}
            )
        except BadRow:
            return nan


def _lines(card: Scorecard, reader: AnswersReader) -> tuple[int, list[_Line]]:
    """The points every row has, and the lines that add theirs; an item that no line asks adds nothing."""
    base, found = card.base_points, []
    for line in card.lines:
        alone = replace(card, lines=(line,), base_points=0)
        if asked := [column for column in reader.columns if column[0] in line.items]:
            found.append(_Line(alone, asked))
        else:
            base += alone.points_of({})
    asks_nothing = replace(card, lines=(), base_points=0)
    found += [_Line(asks_nothing, [column]) for column in reader.columns if column[0] not in card.items]
    return base, found


class _Added(dict[float, list[str]]):
    """Points of a row's cells → the cells added to it; a card reaches few totals."""

    def __init__(self, card: Scorecard, base: int) -> None:
        super().__init__()
        self._card = card
        self._base = base

    def __missing__(self, points: int) -> list[str]:
        total = self._base + points
        probability = self._card.probability(total)
        score, grade = as_score(probability), self._card.grade(probability)
        self[points] = [str(score), grade, f"{probability:.6f}", str(total), ""]
        return self[points]


def _own_names(sheet: Sheet, table: Table) -> dict[str, ItemColumn]:
    """Without a mapping, a column named as an item's key, or else its label, holds its answers as they stand."""
    named = {
        item.key: item.key if item.key in table.columns else item.label
        for item in sheet.items.values()
        if item.key in table.columns or item.label in table.columns
    }
    if not named:
        msg = f"No column is named as an item of check sheet '{sheet.key}' is: {', '.join(list(sheet.items)[:30])}."
        raise UnreadableFile(msg)
    return {key: ItemColumn(column=column, kind=sheet.items[key].kind) for key, column in named.items()}
