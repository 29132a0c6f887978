"""The exported formulas, calculated by an engine for spreadsheets, say what Python says."""

import re
from collections.abc import Callable
from typing import Any

import formulas
import pytest

from app.scorecards.exports import FORMATS, salesforce
from app.scorecards.exports.reading import Exported
from models.scorecard import UNKNOWN, Curve, Level, Line, Scorecard
from tests.app.scorecards.cards import CARDS, PAIR, PLAIN, sheets
from tests.builders import recompute

Row = dict[str, Any]


def written(card: Scorecard, form: str) -> str:
    return FORMATS[form].write(Exported(card, "Scorecard of a test"))


class Spreadsheet:
    """Row 2 of a spreadsheet with the formulas of a card."""

    def __init__(self, card: Scorecard) -> None:
        found = re.findall(r"^Cell (\w+)  (.+)\n(=.*)$", written(card, "formula"), re.MULTILINE)
        self.items = {item: f"{chr(66 + place)}2" for place, item in enumerate(card.items)}
        self.cells = [(cell, name, formulas.Parser().ast(text)[1].compile()) for cell, name, text in found]

    def row(self, answers: Row) -> Row:
        """What each formula comes to, by its name."""
        known = {cell: answers.get(item, "") for item, cell in self.items.items()}
        named = {}
        for cell, name, formula in self.cells:
            value = formula(*[known[needed] for needed in formula.inputs or ()])
            known[cell] = named[name] = value.item() if hasattr(value, "item") else value
        return named


@pytest.mark.parametrize("name", CARDS)
def test_a_spreadsheet_scores_as_python_does(name):
    card = CARDS[name]
    spreadsheet = Spreadsheet(card)
    for answers in sheets(card, 40):
        score, row = card.score(answers), spreadsheet.row(answers)
        assert (row["points"], row["score"], row["grade"]) == (score.points, score.score, score.grade)
        assert row["probability"] == pytest.approx(score.probability, abs=1e-9)


def test_a_spreadsheet_counts_a_pair_only_with_both_answers():
    card = Scorecard(prospects=8, won=4, lost=4, base_points=1, curve=PLAIN.curve, lines=(PAIR,))
    spreadsheet, given = Spreadsheet(card), sheets(card, 40)
    points = [spreadsheet.row(answers)["points"] for answers in given]
    assert points == [recompute(card.weights(), answers)[0] for answers in given]


def test_text_in_a_number_column_of_a_spreadsheet_is_an_error():
    """To a spreadsheet every text is more than any number."""
    assert str(Spreadsheet(PLAIN).row({"visits": "many"})["points"]) == "#N/A"


def test_a_long_card_is_added_up_in_parts_a_spreadsheet_can_hold():
    choices = tuple(Level("answered", f"choice-{number:03}", "x", number % 9 - 4) for number in range(90))
    lines = tuple(Line(f"item-{number}", (f"item-{number}",), "x", "choice", choices) for number in range(4))
    card = Scorecard(prospects=8, won=4, lost=4, base_points=1, curve=Curve(0.0, 0.1), lines=lines)
    longest = max(map(len, written(card, "formula").splitlines()))
    answers = {"item-0": "choice-001", "item-3": "choice-089"}
    assert longest < 8192
    assert Spreadsheet(card).row(answers)["points"] == card.points_of(answers)


class Salesforce:
    """A record of Salesforce with the formula fields of a card, whose language Python nearly reads."""

    def __init__(self, card: Scorecard) -> None:
        self.card = card
        found = re.findall(r"^(Winnow_\w+__c)  \(.+\)\n(.*)$", written(card, "formula-salesforce"), re.MULTILINE)
        self.formulas = {name: compile(self._as_python(text), name, "eval") for name, text in found}

    @staticmethod
    def _as_python(text: str) -> str:
        parts = re.split(r'("(?:\\.|[^"\\])*")', text)
        words = {"&&": " and ", "||": " or ", " = ": " == "}
        for place in range(0, len(parts), 2):
            for word, other in words.items():
                parts[place] = parts[place].replace(word, other)
        return "".join(parts)

    def record(self, answers: Row) -> Row:
        """The fields of the record, formula fields too."""
        fields: Row = dict(FUNCTIONS)
        numeric = {line.line for line in self.card.lines if line.kind == "number"}
        for item, name in salesforce.field_names(self.card).items():
            answer = answers.get(item)
            if item in numeric:
                fields[f"Unknown_{name}__c"] = answer == UNKNOWN
                fields[f"{name}__c"] = float("nan") if answer in (None, UNKNOWN) else answer
            else:
                fields[f"{name}__c"] = {None: "", True: "yes", False: "no"}.get(answer, answer)
        for name, formula in self.formulas.items():
            fields[name] = eval(formula, {"__builtins__": {}}, fields)  # noqa: S307 - ours, and in a test
        return fields


def _case(value: object, *cases: Any) -> Any:
    return dict(zip(cases[:-1:2], cases[1:-1:2], strict=True)).get(value, cases[-1])


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "CASE": _case,
    "EXP": lambda value: 2.718281828459045**value,
    "FLOOR": lambda value: value // 1,
    "IF": lambda test, yes, no: yes if test else no,
    "ISBLANK": lambda value: value == "" or value != value,
    "ISPICKVAL": lambda value, text: value == text,
    "MAX": max,
    "MIN": min,
    "NOT": lambda value: not value,
    "TEXT": lambda value: value,
}


@pytest.mark.parametrize("name", CARDS)
def test_salesforce_scores_as_python_does(name):
    card = CARDS[name]
    salesforce_org = Salesforce(card)
    for answers in sheets(card, 100):
        score, row = card.score(answers), salesforce_org.record(answers)
        marks = (row["Winnow_Points__c"], row["Winnow_Score__c"], row["Winnow_Grade__c"])
        assert marks == (score.points, score.score, score.grade)
        assert row["Winnow_Probability__c"] == pytest.approx(score.probability, abs=1e-9)


def test_salesforce_counts_a_pair_only_with_both_answers():
    card = Scorecard(prospects=8, won=4, lost=4, base_points=1, curve=PLAIN.curve, lines=(PAIR,))
    given = sheets(card, 60)
    points = [Salesforce(card).record(answers)["Winnow_Points__c"] for answers in given]
    assert points == [recompute(card.weights(), answers)[0] for answers in given]


def test_each_item_has_a_field_name_salesforce_takes():
    keys = ["budget", "budget.", "7th", "a__b_", "x" * 64, "x" * 63, "ärger", "--"]
    lines = tuple(Line(key, (key,), key, "yes_no", ()) for key in keys)
    card = Scorecard(prospects=8, won=4, lost=4, base_points=1, curve=PLAIN.curve, lines=lines)
    names = list(salesforce.field_names(card).values())
    assert len(set(names)) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z](?:_?[A-Za-z0-9])*", name) and len(name) <= 32 for name in names)
