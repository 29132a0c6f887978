"""The exported SELECT, executed unchanged on SQLite and on PostgreSQL, says what Python says."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from app.scorecards.exports import FORMATS, sql
from app.scorecards.exports.reading import Exported
from models.scorecard import Scorecard
from tests.app.scorecards.cards import CARDS, PAIR, PLAIN, sheets
from tests.builders import recompute

Run = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def run(dialect: str, request: pytest.FixtureRequest) -> Iterator[Run]:
    """Execute statements on an empty database; the last one's rows come back."""
    if dialect == "sqlite":
        connection = sqlite3.connect(":memory:")
        yield lambda text: connection.execute(text).fetchall()
        connection.close()
        return
    server = request.getfixturevalue("postgresql_server")
    with psycopg.connect(server("postgres")) as postgresql:

        def execute(text: str) -> list[tuple[Any, ...]]:
            cursor = postgresql.execute(text)
            return cursor.fetchall() if cursor.description else []

        yield execute
        postgresql.rollback()


def fill(run: Run, card: Scorecard, given: list[dict[str, Any]], types: Callable[[str], str]) -> None:
    """A plain table with a column an item, and a row a sheet."""
    columns = {item: '"' + item.replace('"', '""') + '"' for item in card.items}
    run(f"CREATE TEMPORARY TABLE answers (number INTEGER{''.join(f', {columns[i]} {types(i)}' for i in columns)})")
    rows = [", ".join([str(place), *(_cell(sheet.get(item)) for item in columns)]) for place, sheet in enumerate(given)]
    run(f"INSERT INTO answers VALUES {', '.join(f'({row})' for row in rows)}")


def _cell(answer: Any) -> str:
    if answer is None:
        return "NULL"
    if isinstance(answer, bool):
        return str(answer).upper()
    return sql.quoted(answer) if isinstance(answer, str) else repr(answer)


def results(run: Run, card: Scorecard) -> list[tuple[Any, ...]]:
    """Points, probability, score and grade of every row, in order."""
    rows = run(FORMATS["sql"].write(Exported(card, "Scorecard of a test")))
    return [row[-4:] for row in sorted(rows, key=lambda row: row[0])]


def expected(card: Scorecard, given: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    scores = [card.score(sheet) for sheet in given]
    return [(score.points, pytest.approx(score.probability, abs=1e-9), score.score, score.grade) for score in scores]


@pytest.mark.parametrize("name", CARDS)
def test_columns_of_text_score_as_python_does(run, name):
    """Booleans and numbers as text, `unknown`, empty and choices never seen among them."""
    card = CARDS[name]
    given = sheets(card, 300)
    as_text = [{item: answer if isinstance(answer, str) else repr(answer).lower() for item, answer in sheet.items()}
               for sheet in given]  # fmt: skip
    fill(run, card, as_text, lambda _: "TEXT")
    assert results(run, card) == expected(card, given)


@pytest.mark.parametrize("name", CARDS)
def test_columns_of_their_own_types_score_as_python_does(run, name):
    """A boolean and a number column have no room for `unknown`."""
    card = CARDS[name]
    kinds = {line.line: {"yes_no": "BOOLEAN", "number": "DOUBLE PRECISION"}.get(line.kind) for line in card.lines}
    given = [{item: answer for item, answer in sheet.items() if not (kinds[item] and answer == "unknown")}
             for sheet in sheets(card, 300)]  # fmt: skip
    fill(run, card, given, lambda item: kinds[item] or "TEXT")
    assert results(run, card) == expected(card, given)


def test_a_pair_counts_only_with_both_its_answers(run):
    card = Scorecard(prospects=8, won=4, lost=4, base_points=1, curve=PLAIN.curve, lines=(*PLAIN.lines[1:], PAIR))
    given = sheets(card, 300)
    as_text = [{item: answer if isinstance(answer, str) else repr(answer).lower() for item, answer in sheet.items()}
               for sheet in given]  # fmt: skip
    fill(run, card, as_text, lambda _: "TEXT")
    assert [row[0] for row in results(run, card)] == [recompute(card.weights(), sheet)[0] for sheet in given]


@pytest.mark.parametrize(("cell", "points"), [("'yes'", 4), ("'F'", -3), ("'1'", 4), ("''", 0), ("'maybe'", 0)])
def test_a_yes_is_read_in_the_ways_tables_write_it(run, cell, points):
    card = Scorecard(prospects=8, won=4, lost=4, base_points=0, curve=PLAIN.curve, lines=PLAIN.lines[:1])
    run("CREATE TEMPORARY TABLE answers (number INTEGER, budget TEXT)")
    run(f"INSERT INTO answers VALUES (1, {cell})")
    assert results(run, card)[0][0] == points


def test_a_column_that_is_missing_is_an_error(run):
    """SQLite would take its name in quotes for a text."""
    run("CREATE TEMPORARY TABLE answers (number INTEGER)")
    with pytest.raises((sqlite3.OperationalError, psycopg.errors.UndefinedColumn)):
        results(run, PLAIN)
