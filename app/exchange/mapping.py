"""Mapping files: how the columns of somebody's table become prospects, answers and outcomes."""

import re
from codecs import BOM_UTF8
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, field_validator, model_validator

from app.checksheets.answers import NotAnAnswer, Sheet, read_answer
from app.checksheets.schemas import Choice, Item, Label, SheetInput
from app.db import utcnow
from app.exchange.files import BadRow, Table, UnreadableFile, shown
from app.fields import Amount, Currency, DecidedMoment, Input, Key, Name, PastMoment, SignedAmount, Text

_REMEMBERED = 10_000


class Column(Input):
    """A column of the file."""

    column: str


class TimeColumn(Column):
    """A column of times, and how they are written."""

    format: str | None = Field(default=None, description="As in strptime, `%d.%m.%Y`, in UTC; default: ISO 8601.")

    @field_validator("format")
    @classmethod
    def readable(cls, value: str | None) -> str | None:
        """A format that cannot be read is a mistake of the mapping's, not of every row's."""
        if value is not None:
            datetime.strptime(utcnow().strftime(value), value)  # noqa: DTZ007 - only whether it can be read
        return value


class Id(Input):
    """Where the external id comes from: a column, or the number of the row."""

    column: str | None = None
    row: bool = False
    prefix: str = ""

    @model_validator(mode="after")
    def one_source(self) -> Self:
        """Either a column or the row's number."""
        if (self.column is None) != self.row:
            msg = "give either a column, or row: true"
            raise ValueError(msg)
        return self


class OutcomeColumn(Input):
    """Which values of a column mean which outcome; an empty cell is an open prospect."""

    column: str
    won: list[str]
    lost: list[str]
    void: list[str] = Field(default=[])
    open: list[str] = Field(default=[])

    @property
    def results(self) -> dict[str, str | None]:
        """Value → result."""
        named = {"won": self.won, "lost": self.lost, "void": self.void}
        table: dict[str, str | None] = {value: result for result, values in named.items() for value in values}
        return table | dict.fromkeys(["", *self.open])


class ItemColumn(Input):
    """An item, its column, and what the column's values mean; the rest describes it for a sheet that is to be made."""

    column: str
    kind: Literal["yes_no", "choice", "scale", "number"]
    answers: dict[str, bool | float | str | None] = Field(
        default={}, description="Value → answer; null = not observed. Without it, values are answers as they stand."
    )
    label: Label | None = None
    definition: Text | None = None
    choices: list[Choice] = Field(default=[])
    unit: Label | None = None
    expected: Literal["for", "against"] | None = None
    importance: int | None = Field(default=None, ge=0, le=3)
    how: Text | None = None
    help: Text | None = None
    rationale: Text | None = None

    def item(self, key: str) -> Item:
        """The item as a check sheet has it."""
        fields = self.model_dump(exclude={"column", "answers", "choices", "label", "definition"})
        label = self.label or self.column
        definition = self.definition or f"As written in the column {self.column}."
        return Item(key=key, label=label, definition=definition, choices=self._choices(), **fields)

    def _choices(self) -> list[Choice]:
        if self.choices or self.kind not in {"choice", "scale"}:
            return self.choices
        labels: dict[str, str] = {}
        for value, answer in self.answers.items():
            if isinstance(answer, str) and answer != "unknown":
                labels.setdefault(answer, value)
        return [Choice(key=answer, label=label) for answer, label in labels.items()]


class SheetHead(Input):
    """The check sheet the rows belong to; described further, it is made when it is not there."""

    key: Key
    name: Name | None = None
    expected_close_ratio: Annotated[float, Field(gt=0, lt=1)] | None = None


class Mapping(Input):
    """How to read one table."""

    check_sheet: SheetHead
    separator: Annotated[str, StringConstraints(pattern=r'^[^"\r\n]$')] | None = None
    id: Id
    name: Column | None = None
    owner: Column | None = None
    account: Column | None = None
    source: Column | None = None
    stage: Column | None = None
    amount: Column | None = None
    currency: Column | None = None
    arrived_at: TimeColumn | None = None
    observed_at: TimeColumn | None = None
    decided_at: TimeColumn | None = None
    observer: Column | None = None
    outcome: OutcomeColumn | None = None
    outcome_amount: Column | None = None
    margin: Column | None = None
    reason: Column | None = None
    reconstructed: bool = False
    items: dict[Key, ItemColumn] = Field(default={}, max_length=300)

    def sheet(self) -> SheetInput:
        """The check sheet this mapping describes."""
        head = self.check_sheet
        try:
            items = [column.item(key) for key, column in self.items.items()]
            return SheetInput(
                key=head.key, name=head.name or head.key, items=items, expected_close_ratio=head.expected_close_ratio
            )
        except ValidationError as error:
            msg = f"Check sheet '{head.key}' is not there, and the mapping does not describe it in full: {fault(error)}"
            raise UnreadableFile(msg) from error


def fault(error: ValidationError) -> str:
    """The first thing that is wrong, as a sentence that begins with its place."""
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{'/'.join(map(str, first['loc']))}: {message}." if first["loc"] else f"{message}."


def load_mapping(path: Path) -> Mapping:
    """A mapping file; what is wrong with it is said in one sentence."""
    try:
        return Mapping.model_validate_json(path.read_bytes().removeprefix(BOM_UTF8))
    except OSError as error:
        msg = f"There is no mapping file '{path}'."
        raise UnreadableFile(msg) from error
    except ValidationError as error:
        msg = f"The mapping file '{path}' is wrong: {fault(error)}"
        raise UnreadableFile(msg) from error


_CHECKS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind)
    for name, kind in {
        "name": Name,
        "owner": Name,
        "account": Name,
        "source": Name,
        "stage": Key,
        "amount": Amount,
        "currency": Currency,
        "arrived_at": PastMoment,
        "observed_at": PastMoment,
        "decided_at": DecidedMoment,
        "observer": Name,
        "outcome_amount": Amount,
        "margin": SignedAmount,
        "reason": Text,
    }.items()
}


class AnswersReader:
    """The items of a mapping bound to the columns of one file: cells in, answers out."""

    def __init__(self, items: dict[str, ItemColumn], sheet: Sheet, table: Table) -> None:
        self.columns = [
            (key, table.position(column.column), AnswerCells(_item_of(sheet, key, column), column))
            for key, column in items.items()
        ]

    def answers(self, cells: list[str]) -> dict[str, Any]:
        """The answers a row gives; an empty cell is not observed."""
        found = {}
        for key, at, answers in self.columns:
            answer = answers[cells[at]]
            if answer is not None:
                found[key] = answer
        return found


class RowReader(AnswersReader):
    """A whole mapping bound to the columns of one file and the items of one sheet: cells in, values out."""

    def __init__(self, mapping: Mapping, sheet: Sheet, table: Table) -> None:
        super().__init__(mapping.items, sheet, table)
        self._id = mapping.id
        self._id_at = table.position(mapping.id.column) if mapping.id.column else None
        self._fields = [
            (name, table.position(column.column), _FieldCells(name, column))
            for name in _CHECKS
            if (column := getattr(mapping, name)) is not None
        ]
        self._outcome = mapping.outcome
        self._outcome_at = table.position(mapping.outcome.column) if mapping.outcome else None
        self._results = mapping.outcome.results if mapping.outcome else {}

    def external_id(self, cells: list[str], number: int) -> str:
        """The external id of a row."""
        own = str(number) if self._id_at is None else cells[self._id_at].strip()
        value = self._id.prefix + own
        if not own or len(value) > 200 or not value.isprintable():
            raise BadRow(self._id.column or "", "wrong_id", "The id must be 1 to 200 printable characters.")
        return value

    def fields(self, cells: list[str]) -> dict[str, Any]:
        """The prospect's fields that the row gives."""
        return {name: cell[text] for name, at, cell in self._fields if (text := cells[at].strip())}

    def result(self, cells: list[str]) -> str | None:
        """How the prospect ended; None while it is open."""
        if self._outcome is None or self._outcome_at is None:
            return None
        value = cells[self._outcome_at].strip()
        if value not in self._results:
            reason = f"The mapping does not say what outcome {shown(value)} is."
            raise BadRow(self._outcome.column, "unknown_outcome", reason)
        return self._results[value]


class _FieldCells(dict[str, Any]):
    """Cell text → checked value, each distinct text read once as long as they are few."""

    def __init__(self, name: str, column: Column) -> None:
        super().__init__()
        self._name = name
        self._column = column.column
        self._format = column.format if isinstance(column, TimeColumn) else None

    def __missing__(self, text: str) -> Any:
        try:
            value = text if self._format is None else _moment(text, self._format)
            checked = _CHECKS[self._name].validate_python(value)
        except ValidationError as error:
            raise BadRow(self._column, f"wrong_{self._name}", f"{shown(text)}: {fault(error)}") from error
        except ValueError as error:
            reason = f"{shown(text)} is not written as {self._format}."
            raise BadRow(self._column, f"wrong_{self._name}", reason) from error
        if len(self) < _REMEMBERED:
            self[text] = checked
        return checked


def _moment(text: str, written: str) -> str:
    """A time as ISO 8601; without a time of the day it stays a bare date, which has a meaning of its own."""
    moment = datetime.strptime(text, written)  # noqa: DTZ007 - UTC where it names no other zone
    if not re.search("%[HIcX]", written):
        return moment.date().isoformat()
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


class AnswerCells(dict[str, Any]):
    """Cell text → answer, each distinct text read once as long as they are few."""

    def __init__(self, item: Item, column: ItemColumn) -> None:
        super().__init__()
        self._item = item
        self._column = column

    def __missing__(self, cell: str) -> Any:
        text = cell.strip()
        try:
            answer = self._read(text)
        except NotAnAnswer as error:
            raise BadRow(self._column.column, error.code, f"{shown(text)}: {error}") from error
        if len(self) < _REMEMBERED:
            self[cell] = answer
        return answer

    def _read(self, text: str) -> Any:
        if not text:
            return None
        table = self._column.answers
        if not table:
            return read_answer(self._item, text)
        if text in table:
            return read_answer(self._item, table[text])
        if self._item.kind == "number":
            return read_answer(self._item, text)
        msg = f"the mapping of '{self._item.key}' does not list this value."
        raise NotAnAnswer("wrong_choice", msg)


def _item_of(sheet: Sheet, key: str, column: ItemColumn) -> Item:
    item = sheet.items.get(key)
    if item is None:
        msg = f"Check sheet '{sheet.key}' has no item '{key}'."
        raise UnreadableFile(msg)
    if item.kind != column.kind:
        msg = f"Item '{key}' is a {item.kind} item on check sheet '{sheet.key}', the mapping says {column.kind}."
        raise UnreadableFile(msg)
    for value, answer in column.answers.items():
        try:
            read_answer(item, answer)
        except NotAnAnswer as error:
            msg = f"The mapping of '{key}' turns '{value}' into {answer!r}: {error}"
            raise UnreadableFile(msg) from error
    return item
