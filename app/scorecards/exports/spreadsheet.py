"""A card as formulas for Excel, LibreOffice and Google Sheets, over a layout of columns that the text explains."""

import re
from collections.abc import Iterator, Mapping

from app.scorecards.exports.reading import (
    LEAST_CHANCE,
    Below,
    Column,
    Exported,
    Rule,
    Test,
    When,
    Within,
    columns,
    grade_at,
    in_parts,
    literal,
    one_line,
    reaches_certainty,
    rules,
    runs,
)
from models.scorecard import UNKNOWN, Answer, Scorecard

_LONGEST = 8_000  # Excel takes 8,192 characters
_CONTROL = re.compile(r"([\x00-\x1f])")

Cells = Mapping[str, str]


def write(exported: Exported) -> str:
    """The layout, and the formulas of the first row, to be filled down."""
    return "\n".join([*_explanation(exported), *_formulas(exported.card), ""])


def letters(place: int) -> str:
    """The letters of a column, the first being 0.

    >>> letters(0), letters(25), letters(26), letters(701), letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    name = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        name = chr(65 + letter) + name
        place -= 1
    return name


def _cells(card: Scorecard) -> dict[str, str]:
    """Where the answer to each item stands in row 2; column A names the prospect."""
    return {item: f"{letters(place)}2" for place, item in enumerate(card.items, start=1)}


def _explanation(exported: Exported) -> Iterator[str]:
    yield one_line(f"{exported.title} {exported.id or ''}")
    yield exported.card.hash
    yield ""
    yield "For Excel, LibreOffice and Google Sheets. Headings stand in row 1, one prospect in each row from row 2 on."
    yield "Format the columns of choices as text. An empty cell is not observed; unknown = looked for, not learnt."
    yield "Where formulas are written with semicolons, set the language of the sheet to English while you paste."
    yield ""
    yield "Column A  the prospect, by any name"
    cells = _cells(exported.card)
    for item, column in columns(exported.card).items():
        yield f"Column {cells[item][:-1]}  {one_line(item)}: {one_line(column.label)} ({_what_it_holds(column)})"
    yield ""
    yield "Put each formula into the cell named above it, then fill down."


def _what_it_holds(column: Column) -> str:
    if column.numeric:
        return "a number, or unknown"
    if column.yes_no:
        return "TRUE or FALSE, yes or no, or unknown"
    return ", ".join([*(one_line(str(answer)) for answer in column.answers), "another choice's key, or unknown"])


def _formulas(card: Scorecard) -> Iterator[str]:
    cells = _cells(card)
    place = len(cells) + 1
    parts = in_parts([str(card.base_points), *(_rule(rule, cells) for rule in rules(card))], most=_LONGEST)
    if len(parts) > 1:
        for number, part in enumerate(parts, start=1):
            yield from _formula(letters(place), f"points, part {number}", part)
            place += 1
        parts = ["+".join(f"{letters(place - back)}2" for back in range(len(parts), 0, -1))]
    points, probability, score, grade = (letters(place + after) for after in range(4))
    yield from _formula(points, "points", parts[0])
    yield from _formula(probability, "probability", _probability(card, f"{points}2"))
    yield from _formula(score, "score", f"MIN(MAX(INT(100*{probability}2+0.5),1),99)")
    yield from _formula(grade, "grade", _grade(card, f"{points}2"))


def _formula(place: str, name: str, text: str) -> Iterator[str]:
    yield ""
    yield f"Cell {place}2  {name}"
    yield f"={text}"


def _rule(rule: Rule, cells: Cells) -> str:
    whens = [(_when(when, cells), str(when.points)) for when in rule.whens]
    if rule.numeric:
        # To a spreadsheet every text is more than any number; it must not pass for one.
        whens.insert(2, (f"NOT(ISNUMBER({cells[rule.items[0]]}))", "NA()"))
    return "".join(f"IF({test},{points}," for test, points in whens) + str(rule.otherwise) + ")" * len(whens)


def _when(when: When, cells: Cells) -> str:
    tests = [_test(test, cells[test.item]) for test in when.tests]
    return tests[0] if len(tests) == 1 else f"AND({','.join(tests)})"


def _test(test: Test, cell: str) -> str:
    if isinstance(test, Below):
        return f"{cell}<{literal(test.threshold)}"
    if isinstance(test, Within):
        bounds = ((">=", test.start), ("<", test.below))
        asked = [f"ISNUMBER({cell})", *(f"{cell}{sign}{literal(at)}" for sign, at in bounds if at is not None)]
        return f"AND({','.join(asked)})"
    asked = [text for answer in test.answers for text in _alternatives(answer, cell)]
    return asked[0] if len(asked) == 1 else f"OR({','.join(asked)})"


def _alternatives(answer: Answer | None, cell: str) -> list[str]:
    if answer is None:
        return [f'{cell}=""']
    if answer is True:
        return [f"{cell}=TRUE", f'{cell}="yes"', f'{cell}="true"']
    if answer is False:
        # An empty cell equals FALSE.
        return [f'AND({cell}=FALSE,{cell}<>"")', f'{cell}="no"', f'{cell}="false"']
    if answer == UNKNOWN:
        return [f'{cell}="unknown"']
    # Plain equality would not tell capitals from small letters.
    return [f"EXACT({cell},{_text(answer)})" if isinstance(answer, str) else f"{cell}={answer}"]


def _text(text: str) -> str:
    """A text within a formula; what would end a line is named by its number."""
    parts = [
        f"CHAR({ord(part)})" if _CONTROL.fullmatch(part) else '"' + part.replace('"', '""') + '"'
        for part in _CONTROL.split(text)
        if part
    ]
    return "&".join(parts) or '""'


def _probability(card: Scorecard, points: str) -> str:
    log_odds = f"{card.curve.intercept!r}+{card.curve.slope!r}*{points}"
    if not reaches_certainty(card):
        return f"1/(1+EXP(-({log_odds})))"
    # A spreadsheet stops at the exponential of a large number.
    return f"MIN(MAX(1/(1+EXP(-MIN(MAX({log_odds},-30),30))),{LEAST_CHANCE!r}),{1 - LEAST_CHANCE!r})"


def _grade(card: Scorecard, points: str) -> str:
    *lower, highest = runs(card, grade_at(card))
    return "".join(f'IF({points}<={run.last},"{run.value}",' for run in lower) + f'"{highest.value}"' + ")" * len(lower)
