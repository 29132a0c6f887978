"""A card as formula fields of Salesforce, over fields whose names and values the text lists."""

import re
from collections.abc import Iterator, Mapping

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
    in_parts,
    literal,
    one_line,
    reaches_certainty,
    rules,
    runs,
)
from models.scorecard import UNKNOWN, Answer, Scorecard

_LONGEST = 3_800  # Salesforce takes 3,900 characters
_LONGEST_NAME = 30  # and names of 40, from which "Unknown_" and "__c" are to be made

Fields = Mapping[str, str]


def write(exported: Exported) -> str:
    """The fields the card needs, and the formula of each field it adds."""
    return "\n".join([*_explanation(exported), *_formulas(exported.card), ""])


def field_names(card: Scorecard) -> dict[str, str]:
    """A field name for each item: letters, digits and single underscores, a letter first, none twice."""
    names: dict[str, str] = {}
    for item in card.items:
        words = re.findall(r"[A-Za-z0-9]+", item)
        plain = "_".join(words).capitalize() or "Item"
        plain = (plain if plain[0].isalpha() else f"Item_{plain}")[:_LONGEST_NAME].rstrip("_")
        name, number = plain, 1
        while name in names.values():
            number += 1
            name = f"{plain[: _LONGEST_NAME - 4]}_{number}"
        names[item] = name
    return names


def _explanation(exported: Exported) -> Iterator[str]:
    yield one_line(f"{exported.title} {exported.id or ''}")
    yield exported.card.hash
    yield ""
    yield "For Salesforce. Make these fields, or change their names in the formulas to those of yours."
    yield "A blank field is not observed; treat blank fields as blanks in every formula."
    yield ""
    names = field_names(exported.card)
    for item, column in columns(exported.card).items():
        yield f"{names[item]}__c  {one_line(column.label)}: {_what_it_holds(names[item], column)}"
    yield ""
    yield "Then make formula fields with these names, in this order."


def _what_it_holds(name: str, column: Column) -> str:
    if column.numeric:
        return f"number; and Unknown_{name}__c, a checkbox, ticked when it was looked for and not learnt"
    named = ", ".join(one_line(_value(answer)) for answer in column.answers)
    return f"picklist with the values {named}, unknown, and any others you have"


def _value(answer: Answer) -> str:
    """An answer as a picklist holds it."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return str(answer)


def _formulas(card: Scorecard) -> Iterator[str]:
    names = field_names(card)
    parts = in_parts([str(card.base_points), *(_rule(rule, names) for rule in rules(card))], most=_LONGEST)
    if len(parts) > 1:
        for number, part in enumerate(parts, start=1):
            yield from _formula(f"Winnow_Points_{number}__c", "number, no decimals", part)
        parts = ["+".join(f"Winnow_Points_{number}__c" for number in range(1, len(parts) + 1))]
    yield from _formula("Winnow_Points__c", "number, no decimals", parts[0])
    yield from _formula("Winnow_Probability__c", "number, 4 decimals", _probability(card))
    yield from _formula("Winnow_Score__c", "number, no decimals", _score())
    yield from _formula("Winnow_Grade__c", "text", _grade(card))


def _formula(name: str, kind: str, text: str) -> Iterator[str]:
    yield ""
    yield f"{name}  ({kind})"
    yield text


def _rule(rule: Rule, names: Fields) -> str:
    if len(rule.items) > 1:
        return _first_that_holds(rule, [" && ".join(_test(test, names) for test in when.tests) for when in rule.whens])
    if rule.numeric:
        return _first_that_holds(rule, [_test(when.tests[0], names, numeric=True) for when in rule.whens])
    text = f"TEXT({names[rule.items[0]]}__c)"
    blank, *others = rule.whens
    cases = "".join(
        f"{_text(_value(answer))}, {when.points}, "
        for when in others
        for test in when.tests
        if isinstance(test, Is)
        for answer in test.answers
        if answer is not None
    )
    return f"IF(ISBLANK({text}), {blank.points}, CASE({text}, {cases}{rule.otherwise}))"


def _first_that_holds(rule: Rule, tests: list[str]) -> str:
    whens = "".join(f"IF({test}, {when.points}, " for test, when in zip(tests, rule.whens, strict=True))
    return whens + str(rule.otherwise) + ")" * len(rule.whens)


def _test(test: Test, names: Fields, *, numeric: bool = False) -> str:
    name = names[test.item]
    if isinstance(test, Below):
        return f"{name}__c < {literal(test.threshold)}"
    if isinstance(test, Within):
        bounds = ((">=", test.start), ("<", test.below))
        asked = [
            f"NOT(ISBLANK({name}__c))",
            *(f"{name}__c {sign} {literal(at)}" for sign, at in bounds if at is not None),
        ]
        return " && ".join(asked)
    return " || ".join(_is(answer, name, numeric=numeric) for answer in test.answers)


def _is(answer: Answer | None, name: str, *, numeric: bool) -> str:
    if not numeric:
        return f"ISPICKVAL({name}__c, {_text('' if answer is None else _value(answer))})"
    if answer is None:
        return f"ISBLANK({name}__c) && NOT(Unknown_{name}__c)"
    return f"Unknown_{name}__c" if answer == UNKNOWN else f"{name}__c = {answer}"


def _text(text: str) -> str:
    """A text within a formula."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _probability(card: Scorecard) -> str:
    log_odds = f"{card.curve.intercept!r} + {card.curve.slope!r} * Winnow_Points__c"
    if not reaches_certainty(card):
        return f"1 / (1 + EXP(-({log_odds})))"
    return f"MIN(MAX(1 / (1 + EXP(-MIN(MAX({log_odds}, -30), 30))), {LEAST_CHANCE:.6f}), {1 - LEAST_CHANCE!r})"


def _score() -> str:
    return "MIN(MAX(FLOOR(100 * Winnow_Probability__c + 0.5), 1), 99)"


def _grade(card: Scorecard) -> str:
    *lower, highest = runs(card, grade_at(card))
    return (
        "".join(f'IF(Winnow_Points__c <= {run.last}, "{run.value}", ' for run in lower)
        + f'"{highest.value}"'
        + ")" * len(lower)
    )
