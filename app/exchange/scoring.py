"""Scoring a file: the same rows come back with score, grade, probability and points."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.checksheets.answers import Sheet
from app.exchange.files import BadRow, Row, Table, read_table
from app.exchange.mapping import Id, ItemColumn, Mapping, RowReader, SheetHead
from models.scorecard import Scorecard, as_score

ADDED = ("wn_score", "wn_grade", "wn_probability", "wn_points", "wn_problem")


def score_file(*, sheet: Sheet, card: Scorecard, path: Path, out: Path, mapping: Mapping | None) -> tuple[int, int]:
    """Write the rows of a file with their scores; how many were scored, and how many could not be read."""
    scored = failed = 0
    with (
        read_table(path, mapping.separator if mapping else None) as table,
        out.open("w", encoding="utf-8", newline="", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file)
        writer.writerow([*table.columns, *ADDED])
        for cells, problem in _scored(table, sheet, card, mapping):
            writer.writerow(cells)
            failed += problem
            scored += not problem
    return scored, failed


def _scored(table: Table, sheet: Sheet, card: Scorecard, mapping: Mapping | None) -> Iterator[tuple[list[Any], bool]]:
    reader = RowReader(mapping or _own_names(sheet, table), sheet, table)
    points_to_cells = _Cells(card)
    for row in table.rows:
        if not isinstance(row, Row):
            yield ["" for _ in table.columns] + ["", "", "", "", str(row[1])], True
            continue
        try:
            points = card.points_of(reader.answers(row.cells))
        except BadRow as error:
            yield [*row.cells, "", "", "", "", f"{error.column}: {error}"], True
        else:
            yield row.cells + points_to_cells[points], False


class _Cells(dict[int, list[Any]]):
    """Total points → the cells added to a row; a card reaches few totals."""

    def __init__(self, card: Scorecard) -> None:
        super().__init__()
        self._card = card

    def __missing__(self, points: int) -> list[Any]:
        probability = self._card.probability(points)
        score, grade = as_score(probability), self._card.grade(probability)
        self[points] = [score, grade, f"{probability:.6f}", points, ""]
        return self[points]


def _own_names(sheet: Sheet, table: Table) -> Mapping:
    """Without a mapping, a column named as an item's key or label holds its answers as they stand."""
    items = {
        item.key: ItemColumn(column=column, kind=item.kind)
        for item in sheet.items.values()
        for column in (item.key, item.label)
        if column in table.columns
    }
    if not items:
        table.position(next(iter(sheet.items)))
    return Mapping(check_sheet=SheetHead(key=sheet.key), id=Id(row=True), items=items)
