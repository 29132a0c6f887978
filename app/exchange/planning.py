"""What the columns of a file probably are, as a plan a person can correct, and the mapping that comes of it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.checksheets.answers import UNKNOWN, Sheet
from app.checksheets.schemas import Choice, Item
from app.checksheets.wording import key_of
from app.errors import FieldProblem, Unprocessable
from app.exchange.mapping import Mapping as FileMapping
from app.fields import Input, Key, Name
from models.inference import MISSING, identifiers, infer_items

FIELDS = {
    "id": "Its id",
    "name": "Name of the deal",
    "owner": "Owner (the rep)",
    "account": "Account (the company)",
    "source": "Source of the lead",
    "amount": "Amount",
    "currency": "Currency",
    "arrived_at": "When it arrived",
    "observed_at": "When the answers were seen",
    "decided_at": "When it was decided",
    "outcome": "How it ended",
    "reason": "Why it was lost",
}
RESULTS = {"won": "won", "lost": "lost", "void": "void (a duplicate or a test)", "open": "still open"}
TIME_FIELDS = ("arrived_at", "observed_at", "decided_at")
FORMATS = {
    "": "2026-03-31",
    "%d.%m.%Y": "31.03.2026",
    "%d/%m/%Y": "31/03/2026 (day first)",
    "%m/%d/%Y": "03/31/2026 (month first)",
    "%Y/%m/%d": "2026/03/31",
}
MOST_VALUES = 40  # distinct values of a column that a person is asked about
ITEM, NEW_ITEM = "item:", "new"
_WORDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "deal id", "opportunity id", "crm id", "external id", "record id", "deal number", "number"),
    "name": ("name", "deal", "deal name", "opportunity name", "title", "subject"),
    "owner": ("owner", "rep", "sales rep", "sales agent", "seller", "salesperson", "assigned to", "deal owner"),
    "account": ("account", "account name", "company", "customer", "client", "organization", "organisation"),
    "source": ("source", "lead source", "origin", "channel"),
    "amount": ("amount", "value", "close value", "deal value", "price", "revenue", "order value"),
    "currency": ("currency",),
    "arrived_at": ("arrived", "arrived at", "created", "created at", "create date", "created date", "engage date"),
    "observed_at": ("observed", "observed at", "seen at", "answered at"),
    "decided_at": (
        "decided", "decided at", "closed", "closed at", "closed on", "close date", "closed date", "close time",
    ),
    "outcome": ("outcome", "result", "status", "stage", "deal stage", "state", "won", "won lost"),
    "reason": ("reason", "lost reason", "loss reason", "reason lost"),
}  # fmt: skip
_SAYS = {
    "won": {"won", "closed won", "win", "yes", "true", "1", "gewonnen", "order"},
    "lost": {"lost", "closed lost", "loss", "no", "false", "0", "no decision", "verloren"},
    "void": {"void", "duplicate", "test", "invalid", "spam"},
}
_YES, _NO = {"yes", "y", "true", "1", "x", "ja"}, {"no", "n", "false", "0", "nein"}
_NOT_LEARNT = {"unknown", "not known", "unclear", "?"}


class Plan(Input):
    """What each column is, and what its values mean."""

    check_sheet: Key
    sheet_name: Name | None = Field(default=None, description="For a check sheet that is to be made.")
    columns: dict[str, str] = Field(description="Column → a field, `item:KEY`, `new`, or nothing to leave it out.")
    outcomes: dict[str, Literal["won", "lost", "void", "open"]] = Field(default={})
    answers: dict[str, dict[str, str]] = Field(default={}, description="Column → value → answer as text.")
    formats: dict[str, str] = Field(default={})
    reconstructed: bool = False


class Sample:
    """The first rows of a file, a column at a time."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.columns = list(columns)
        self.cells = {
            name: [row[place].strip() for row in rows if place < len(row)] for place, name in enumerate(columns)
        }

    def values(self, column: str) -> list[str]:
        """The distinct values of a column, the most frequent first, as far as a person can be asked about them."""
        counts = Counter(text for text in self.cells.get(column, ()) if text)
        return [value for value, _ in counts.most_common(MOST_VALUES)]

    def is_few(self, column: str) -> bool:
        """Whether a column has few enough values to be asked about one by one."""
        return len(set(self.cells.get(column, ())) - {""}) <= MOST_VALUES


def infer_plan(sample: Sample, *, sheet: Sheet | None, key: str) -> Plan:
    """The likeliest reading of a file; everything in it can be changed."""
    found: dict[str, str] = {}
    roles = dict(_fields(sample))
    for column in sample.columns:
        found[column] = roles.get(column) or _as_item(sample, column, sheet)
    if "id" not in found.values():
        unique = next((name for name in identifiers(sample.cells) if not found[name]), None)
        if unique is not None:
            found[unique] = "id"
    plan = Plan(check_sheet=key, columns=found, sheet_name=None if sheet else key.replace("_", " ").capitalize())
    return complete(plan, sample, sheet)


def _fields(sample: Sample) -> Iterator[tuple[str, str]]:
    taken: set[str] = set()
    for field, words in _WORDS.items():
        for word in words:
            column = next((one for one in sample.columns if _plain(one) == word and one not in taken), None)
            if column is not None and _fits(field, sample, column):
                taken.add(column)
                yield column, field
                break


def _fits(field: str, sample: Sample, column: str) -> bool:
    values = sample.values(column)
    if field == "outcome":
        said = {_result(value) for value in values}
        return {"won", "lost"} <= said
    if field in TIME_FIELDS:
        return bool(values) and _format_of(values) is not None
    return bool(values)


def _plain(text: str) -> str:
    return re.sub(r"[\s_\-/.]+", " ", text).strip().casefold()


def _as_item(sample: Sample, column: str, sheet: Sheet | None) -> str:
    """Of a sheet that is there, the item of the same name; else a new item where the values are few."""
    if sheet is not None:
        for key, item in sheet.items.items():
            if key_of(column) in {key, key_of(item.label)}:
                return f"{ITEM}{key}"
        return ""
    values = sample.values(column)
    if len(values) < 2 or column in identifiers(sample.cells):
        return ""
    return NEW_ITEM if sample.is_few(column) or _item_of(sample, column).kind == "number" else ""


def complete(plan: Plan, sample: Sample, sheet: Sheet | None) -> Plan:
    """The plan with a guess wherever a person has not said what a value means."""
    outcomes: dict[str, Any] = dict(plan.outcomes)
    answers = {column: dict(said) for column, said in plan.answers.items()}
    formats = dict(plan.formats)
    for column, role in plan.columns.items():
        values = sample.values(column)
        if role == "outcome":
            outcomes = {value: outcomes.get(value, _result(value)) for value in values}
        elif role in TIME_FIELDS:
            formats.setdefault(column, _format_of(values) or "")
        elif (item := item_of(sheet, role)) is not None and item.kind != "number":
            said = answers.get(column, {})
            answers[column] = {value: said.get(value, _answer(item, value)) for value in values}
    return plan.model_copy(update={"outcomes": outcomes, "answers": answers, "formats": formats})


def item_of(sheet: Sheet | None, role: str) -> Item | None:
    """The item of the sheet that a column is said to be."""
    return sheet.items.get(role.removeprefix(ITEM)) if sheet and role.startswith(ITEM) else None


def _result(value: str) -> str:
    plain = _plain(value)
    return next((result for result, words in _SAYS.items() if plain in words), "open")


def _answer(item: Item, value: str) -> str:
    """The answer a value most likely is; nothing where it says nothing."""
    plain = value.casefold()
    if plain in MISSING - {"?"}:
        return ""
    if plain in _NOT_LEARNT:
        return UNKNOWN
    if item.kind == "yes_no":
        return "true" if plain in _YES else "false" if plain in _NO else ""
    for choice in item.choices:
        if key_of(value) in {choice.key, key_of(choice.label)}:
            return choice.key
    return ""


def _format_of(values: Sequence[str]) -> str | None:
    """How times are written, where all of them are written so."""
    if not values:
        return None
    return next((form for form in FORMATS if all(_is_written(value, form) for value in values)), None)


def _is_written(value: str, form: str) -> bool:
    try:
        datetime.fromisoformat(value) if not form else datetime.strptime(value, form)  # noqa: DTZ007 - only whether
    except ValueError:
        return False
    return True


def _item_of(sample: Sample, column: str) -> Any:
    """The item the statistics see in a column."""
    items, _ = infer_items({column: sample.cells[column]})
    return items[0] if items else None


def to_mapping(plan: Plan, sample: Sample, sheet: Sheet | None) -> dict[str, Any]:
    """The mapping a plan comes to; 422 where it lacks something no import can do without."""
    mapping: dict[str, Any] = {"check_sheet": {"key": plan.check_sheet}, "reconstructed": plan.reconstructed}
    if sheet is None:
        mapping["check_sheet"]["name"] = plan.sheet_name or plan.check_sheet
    _refuse_twice(plan)
    items: dict[str, Any] = {}
    for column, role in plan.columns.items():
        if role.startswith(ITEM) and sheet is not None:
            key = role[len(ITEM) :]
            items[key] = _item_column(plan, column, sheet.items[key])
        elif role == NEW_ITEM:
            items[_free_key(column, items)] = _new_item(sample, column)
        elif role == "outcome":
            said: dict[str, list[str]] = {result: [] for result in RESULTS}
            for value, result in plan.outcomes.items():
                said[result].append(value)
            mapping["outcome"] = {"column": column, **said}
        elif role in TIME_FIELDS:
            mapping[role] = {"column": column} | ({"format": form} if (form := plan.formats.get(column)) else {})
        elif role:
            mapping[role] = {"column": column}
    if "id" not in mapping:
        raise Unprocessable.field(
            "/columns", "id_required", "Say which column holds the id: by it a second import knows a deal again."
        )
    mapping["items"] = items
    FileMapping.model_validate(mapping)
    return mapping


def _refuse_twice(plan: Plan) -> None:
    counts = Counter(role for role in plan.columns.values() if role and role != NEW_ITEM)
    twice = [role for role, count in counts.items() if count > 1]
    if twice:
        named = FIELDS.get(twice[0], twice[0].removeprefix(ITEM))
        detail = f"Two columns are said to be '{named}'; choose one of them."
        raise Unprocessable([FieldProblem(pointer="/columns", code="column_twice", detail=detail)], code="column_twice")


def _free_key(column: str, taken: Mapping[str, Any]) -> str:
    key, number = key_of(column), 1
    while (key if number == 1 else f"{key}_{number}") in taken:
        number += 1
    return key if number == 1 else f"{key}_{number}"


def _item_column(plan: Plan, column: str, item: Item) -> dict[str, Any]:
    body: dict[str, Any] = {"column": column, "kind": item.kind}
    if item.kind != "number":
        body["answers"] = {value: _meant(text) for value, text in plan.answers.get(column, {}).items()}
    return body


def _meant(text: str) -> bool | str | None:
    return {"": None, "true": True, "false": False}.get(text, text)


def _new_item(sample: Sample, column: str) -> dict[str, Any]:
    """An item made from a column: its answers are what the column holds."""
    item = _item_of(sample, column)
    body: dict[str, Any] = {"column": column, "kind": item.kind, "label": column}
    values = sample.values(column)
    if item.kind == "number":
        body["answers"] = {value: None for value in values if value.casefold() in MISSING} | {
            value: UNKNOWN for value in values if value.casefold() in _NOT_LEARNT
        }
    elif item.kind == "yes_no":
        as_yes_no = Item(key="any", label="any", definition="any", kind="yes_no")
        body["answers"] = {value: _meant(_answer(as_yes_no, value)) for value in values}
    else:
        choices = {value: key_of(value) for value in values if value.casefold() not in MISSING | _NOT_LEARNT}
        body["answers"] = {
            value: choices.get(value, UNKNOWN if value.casefold() in _NOT_LEARNT else None) for value in values
        }
        labels: dict[str, str] = {}
        for value, key in choices.items():
            labels.setdefault(key, value)
        body["choices"] = [Choice(key=key, label=label).model_dump(exclude_none=True) for key, label in labels.items()]
    return body
