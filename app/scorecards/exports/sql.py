"""A card as one SELECT that PostgreSQL and SQLite run unchanged.

Plain text rather than a library that writes dialects: the statement needs only what both have had for years (CASE,
CAST, EXP, FLOOR), every name and text in it is quoted in one place below, and the tests run it on both.
"""

from collections.abc import Iterator

from app.scorecards.exports.reading import (
    LEAST_CHANCE,
    Below,
    Column,
    Exported,
    Is,
    Rule,
    Test,
    Within,
    columns,
    grade_at,
    literal,
    one_line,
    rules,
    runs,
)
from models.scorecard import UNKNOWN, Scorecard

TABLE = "answers"
_YES = ("true", "t", "yes", "y", "1")
_NO = ("false", "f", "no", "n", "0")


def write(exported: Exported) -> str:
    """The statement, with a comment that says how to use it."""
    card = exported.card
    wn = _prefix(card)
    return "\n".join(
        [
            *(f"-- {one_line(line)}" for line in _explanation(exported, wn)),
            "SELECT",
            "    chance.*,",
            f"    {_score(wn)} AS {wn}score,",
            f"    {_grade(card, wn)} AS {wn}grade",
            "FROM (",
            "    SELECT",
            "        total.*,",
            f"        {_probability(card, wn)} AS {wn}probability",
            "    FROM (",
            "        SELECT",
            "            sheet.*,",
            f"            {card.base_points}",
            *(f"            {line}" for rule in rules(card) for line in _case(rule)),
            f"            AS {wn}points",
            f"        FROM {TABLE} AS sheet",
            "    ) AS total",
            ") AS chance;",
            "",
        ]
    )


def _prefix(card: Scorecard) -> str:
    """What the names of the new columns begin with, and no item's does."""
    prefix = "wn_"
    while any(item.lower().startswith(prefix) for item in card.items):
        prefix = f"wn{prefix}"
    return prefix


def _explanation(exported: Exported, wn: str) -> Iterator[str]:
    yield f"{exported.title} {exported.id or ''}"
    yield exported.card.hash
    yield f"Adds {wn}points, {wn}probability, {wn}score (1 to 99) and {wn}grade (A to D) to each row of a table."
    yield f"Put the name of your table, which has no columns of these names yet, in the place of: {TABLE}"
    yield "It has a column for each characteristic. NULL or empty = not observed, 'unknown' = looked for, not learnt."
    for item, column in columns(exported.card).items():
        yield f"{item}: {column.label} ({_what_it_holds(column)})"


def _what_it_holds(column: Column) -> str:
    if column.numeric:
        return "a number; other text is an error to PostgreSQL and 0 to SQLite"
    return "true or false" if column.yes_no else ", ".join(map(str, column.answers)) or "the choice's key"


def _case(rule: Rule) -> Iterator[str]:
    yield f"-- {one_line(rule.label)}"
    yield "+ CASE"
    for when in rule.whens:
        yield f"    WHEN {' AND '.join(map(_test, when.tests))} THEN {when.points}"
    yield f"    ELSE {rule.otherwise}"
    yield "END"


def _test(test: Test) -> str:
    if isinstance(test, Below):
        return f"CAST({_column(test.item)} AS DOUBLE PRECISION) < {literal(test.threshold)}"
    if isinstance(test, Within):
        bounds = ((">=", test.start), ("<", test.below))
        return " AND ".join(f"{_number(test.item)} {sign} {literal(at)}" for sign, at in bounds if at is not None)
    asked = list(_alternatives(test))
    return asked[0] if len(asked) == 1 else f"({' OR '.join(asked)})"


def _alternatives(test: Is) -> Iterator[str]:
    """One condition for each type of answer; the text of a boolean differs between databases and exports."""
    text = f"CAST({_column(test.item)} AS VARCHAR)"
    words = [answer for answer in test.answers if isinstance(answer, str)]
    for answer in test.answers:
        if answer is None:
            yield f"COALESCE({text}, '') = ''"
        elif isinstance(answer, bool):
            yield f"LOWER({text}) IN ({', '.join(map(quoted, _YES if answer else _NO))})"
        elif not isinstance(answer, str):
            yield f"{_number(test.item)} = {answer}"
    if words:
        among = ", ".join(map(quoted, words))
        yield f"{text} = {among}" if len(words) == 1 else f"{text} IN ({among})"


def _number(item: str) -> str:
    """The number in a column that may be one of text, nothing where there is none."""
    column = _column(item)
    guarded = f"CASE WHEN COALESCE(CAST({column} AS VARCHAR), '') NOT IN ('', {quoted(UNKNOWN)}) THEN {column} END"
    return f"CAST({guarded} AS DOUBLE PRECISION)"


def _column(item: str) -> str:
    """An item's column; named with its table, for SQLite takes an unknown name in quotes for a text."""
    doubled = item.replace('"', '""')
    return f'sheet."{doubled}"'


def quoted(text: str) -> str:
    """A text as a literal of standard SQL."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _probability(card: Scorecard, wn: str) -> str:
    intercept, slope = (_double(number) for number in (card.curve.intercept, card.curve.slope))
    curve = f"1 / (1 + EXP(-({intercept} + {slope} * {wn}points)))"
    # A database stops at the exponential of a large number, so the ends of the curve are told by the points.
    ends = [run for run in runs(card, card.probability) if run.value in (LEAST_CHANCE, 1 - LEAST_CHANCE)]
    whens = [(f"{wn}points BETWEEN {run.first} AND {run.last}", _double(run.value)) for run in ends]
    return _cases(whens, curve, indent=8)


def _double(number: float) -> str:
    return f"CAST({number!r} AS DOUBLE PRECISION)"


def _score(wn: str) -> str:
    hundred = f"CAST(FLOOR(100 * {wn}probability + 0.5) AS INTEGER)"
    return _cases([(f"{wn}probability < 0.015", "1"), (f"{wn}probability >= 0.985", "99")], hundred, indent=4)


def _grade(card: Scorecard, wn: str) -> str:
    """By points, whole numbers that no rounding of a probability can move across a threshold."""
    *lower, highest = runs(card, grade_at(card))
    return _cases([(f"{wn}points <= {run.last}", f"'{run.value}'") for run in lower], f"'{highest.value}'", indent=4)


def _cases(whens: list[tuple[str, str]], otherwise: str, *, indent: int) -> str:
    if not whens:
        return otherwise
    margin = "\n" + " " * indent
    lines = [f"    WHEN {test} THEN {value}" for test, value in whens]
    return margin.join(["CASE", *lines, f"    ELSE {otherwise}", "END"])
