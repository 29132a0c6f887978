"""Mapping files: how the columns of somebody's table become prospects, answers and outcomes."""

import re
from codecs import BOM_UTF8
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from app.checksheets.answers import NotAnAnswer, Sheet, read_answer
from app.checksheets.schemas import Item, SheetInput
from app.exchange.columns import (
    MILLISECONDS,
    Column,
    EffortColumns,
    ForecastColumns,
    Id,
    ItemColumn,
    Named,
    NumberColumn,
    OutcomeColumn,
    OutcomeRules,
    TimeColumn,
    pattern,
    plain,
)
from app.exchange.files import BadRow, Table, UnreadableFile, shown
from app.fields import (
    Amount,
    Currency,
    Day,
    DecidedMoment,
    Input,
    Key,
    Moment,
    Name,
    PastMoment,
    Probability,
    SignedAmount,
    Text,
)
from app.forecasts.schemas import Category
from app.prospects.schemas import EffortKind, Hours

_REMEMBERED = 10_000


Rows = Literal["prospects", "observations", "outcomes", "forecasts", "effort"]


class SheetHead(Input):
    """The check sheet the rows belong to; described further, it is made when it is not there."""

    key: Key
    name: Name | None = None
    expected_close_ratio: Annotated[float, Field(gt=0, lt=1)] | None = None


class Mapping(Input):
    """How to read one table."""

    check_sheet: SheetHead
    rows: Rows = Field(default="prospects", description="What each row is: a prospect, or one thing said of one.")
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
    expected_close: TimeColumn | None = None
    evidence: Column | None = None
    brief_looks_for: Column | None = None
    brief_what_fits: Column | None = None
    brief_trust: Column | None = None
    waiting_for: Column | None = None
    look_again_at: TimeColumn | None = None
    outcome: OutcomeColumn | OutcomeRules | None = None
    forecast: ForecastColumns | None = None
    effort: EffortColumns | None = None
    outcome_amount: Column | None = None
    margin: Column | None = None
    reason: Column | None = None
    reconstructed: bool | Column = False
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


_KINDS: dict[str, dict[str, Any]] = {
    "": {
        "name": Name,
        "owner": Name,
        "account": Name,
        "source": Name,
        "stage": Key,
        "amount": Amount,
        "currency": Currency,
        "arrived_at": PastMoment,
        "expected_close": Day,
        "brief_looks_for": Text,
        "brief_what_fits": Text,
        "brief_trust": Text,
        "waiting_for": Text,
        "look_again_at": Moment,
        "observed_at": PastMoment,
        "decided_at": DecidedMoment,
        "observer": Name,
        "evidence": Text,
        "reconstructed": bool,
        "outcome_amount": Amount,
        "margin": SignedAmount,
        "reason": Text,
    },
    "forecast": {"probability": Probability, "category": Category, "by": Name, "made_at": PastMoment},
    "effort": {
        "kind": EffortKind,
        "hours": Hours,
        "cost": Amount,
        "currency": Currency,
        "by": Name,
        "spent_at": PastMoment,
        "requested_at": PastMoment,
        "sent_at": PastMoment,
        "done": Name,
    },
}
_CHECKS = {part: {name: TypeAdapter(kind) for name, kind in kinds.items()} for part, kinds in _KINDS.items()}
# Where a CRM keeps one column for two things, it is the one while a deal is open and the other once it is closed.
_BRIEF = ("looks_for", "what_fits", "trust")
_OF_OPEN, _OF_CLOSED = {"expected_close"}, {"decided_at", "outcome_amount", "margin", "reason"}


class AnswersReader:
    """The items of a mapping bound to the columns of one file: cells in, answers out."""

    def __init__(self, items: dict[str, ItemColumn], sheet: Sheet, table: Table) -> None:
        self.columns: list[tuple[str, int, AnswerCells]] = []
        self._labelled: list[tuple[int, int]] = []
        for key, column in items.items():
            at = column.position(table)
            if at is None or (column.optional and key not in sheet.items):
                continue
            self.columns.append((key, at, AnswerCells(_item_of(sheet, key, column), column, table.columns[at])))
            beside = Named(column=column.label_column, optional=True).position(table) if column.label_column else None
            if beside is not None:
                self._labelled.append((at, beside))

    def answers(self, cells: list[str]) -> dict[str, Any]:
        """The answers a row gives; an empty cell is not observed."""
        if self._labelled:
            cells = list(cells)
            for at, beside in self._labelled:
                cells[at] = f"{cells[at].strip()} {cells[beside].strip()}".strip()
        found = {}
        for key, at, answers in self.columns:
            answer = answers[cells[at]]
            if answer is not None:
                found[key] = None if answer is _TAKEN_BACK else answer
        return found


class RowReader(AnswersReader):
    """A whole mapping bound to the columns of one file and the items of one sheet: cells in, values out."""

    def __init__(self, mapping: Mapping, sheet: Sheet, table: Table) -> None:
        super().__init__(mapping.items, sheet, table)
        self._id = mapping.id
        self._id_at = Named(column=mapping.id.column).position(table) if mapping.id.column else None
        fields = _cells(mapping, "", table)
        self._fields = {
            True: [field for field in fields if field[0] not in _OF_OPEN],
            False: [field for field in fields if field[0] not in _OF_CLOSED],
        }
        self._briefs = any(name.startswith("brief_") for name, _, _ in fields)
        self._parts = {part: _cells(getattr(mapping, part), part, table) for part in ("forecast", "effort")}
        entry = mapping.effort.entry if mapping.effort else None
        self._asks_done = any(name == "done" for name, _, _ in self._parts["effort"])
        self._entry_at = entry.position(table) if entry else None
        self._outcome = _Outcomes(mapping.outcome, table) if mapping.outcome else None

    def external_id(self, cells: list[str], number: int) -> str:
        """The external id of a row."""
        own = str(number) if self._id_at is None else cells[self._id_at].strip()
        value = self._id.prefix + own
        if not own or len(value) > 200 or not value.isprintable():
            raise BadRow(str(self._id.column or ""), "wrong_id", "The id must be 1 to 200 printable characters.")
        return value

    def fields(self, cells: list[str]) -> dict[str, Any]:
        """The prospect's fields that the row gives, those of its outcome where it has one."""
        result, reason = self._outcome[cells] if self._outcome is not None else (None, None)
        found = _read(self._fields[result is not None], cells)
        brief = (
            {name: found.pop(f"brief_{name}") for name in _BRIEF if f"brief_{name}" in found} if self._briefs else {}
        )
        if brief:
            found["brief"] = brief
        return found if reason is None else found | {"reason": reason}

    def result(self, cells: list[str]) -> str | None:
        """How the prospect ended; None while it is open."""
        return self._outcome[cells][0] if self._outcome is not None else None

    def forecast(self, cells: list[str]) -> dict[str, Any]:
        """What somebody forecast, as far as the row says; a number says more than a category."""
        found = _read(self._parts["forecast"], cells)
        if "probability" in found:
            found.pop("category", None)
        return found if found.keys() & {"probability", "category"} else {}

    def effort(self, cells: list[str]) -> dict[str, Any]:
        """The work the row tells of, with the id of the activity."""
        found = _read(self._parts["effort"], cells)
        done = found.pop("done", None) if self._asks_done else "yes"
        if "kind" not in found or done is None:
            return {}
        return found | ({"entry": cells[self._entry_at].strip()} if self._entry_at is not None else {})


_Bound = list[tuple[str, list[int], "_FieldCells"]]


def _cells(named: Input | None, part: str, table: Table) -> _Bound:
    """The columns of a part of the mapping, bound to a file."""
    found = []
    for name in _CHECKS[part]:
        column = getattr(named, name, None)
        if not isinstance(column, Column) or column.position(table) is None:
            continue
        there = [table.position(title) for title in column.names if title in table.columns]
        found.append((name, there, _FieldCells(part, name, column, table.columns[there[0]])))
    return found


def _read(bound: _Bound, cells: list[str]) -> dict[str, Any]:
    """What the cells say; of several columns for one thing, the first that says anything."""
    found = {}
    for name, there, cell in bound:
        for at in there:
            if (text := cells[at].strip()) and (value := cell[text]) is not None:
                found[name] = value
                break
    return found


class _Outcomes(dict[tuple[str | None, ...], tuple[str | None, str | None]]):
    """Texts of the columns that tell it → the result and a reason, each once."""

    def __init__(self, told: OutcomeColumn | OutcomeRules, table: Table) -> None:
        super().__init__()
        self._told = told
        if isinstance(told, OutcomeColumn):
            self._at: list[int | None] = [table.position(told.column)]
            return
        names = list(told.columns)
        self._at = [told.columns[name].position(table) for name in names]
        self._rules = [
            ([(names.index(name), pattern(values)) for name, values in rule.when.items()], rule) for rule in told.rules
        ]

    def __getitem__(self, cells: Any) -> tuple[str | None, str | None]:
        texts = tuple(None if at is None else str(cells[at]).strip() for at in self._at)
        return super().__getitem__(texts)

    def __missing__(self, texts: tuple[str | None, ...]) -> tuple[str | None, str | None]:
        found = self._by_column(texts[0] or "") if isinstance(self._told, OutcomeColumn) else self._by_rules(texts)
        if len(self) < _REMEMBERED:
            self[texts] = found
        return found

    def _by_column(self, text: str) -> tuple[str | None, str | None]:
        if not isinstance(self._told, OutcomeColumn) or text not in self._told.results:
            reason = f"The mapping does not say what outcome {shown(text)} is."
            raise BadRow(getattr(self._told, "column", ""), "unknown_outcome", reason)
        return self._told.results[text], None

    def _by_rules(self, texts: tuple[str | None, ...]) -> tuple[str | None, str | None]:
        for conditions, rule in self._rules:
            said = [(texts[at], values) for at, values in conditions]
            if all(text is not None and values.fullmatch(plain(text)) for text, values in said):
                return (None if rule.result == "open" else rule.result), rule.reason
        there = ", ".join(shown(text) for text in texts if text)
        raise BadRow("", "unknown_outcome", f"No rule of the mapping says what outcome {there or 'nothing'} is.")


class _FieldCells(dict[str, Any]):
    """Cell text → checked value, each distinct text read once as long as they are few."""

    def __init__(self, part: str, name: str, column: Column, title: str) -> None:
        super().__init__()
        self._check = _CHECKS[part][name]
        self._name = name
        self._title = title
        self._values = {plain(value): said for value, said in column.values.items()}
        self._formats = column.formats if isinstance(column, TimeColumn) else []
        self._per = column.per if isinstance(column, NumberColumn) else 1

    def __missing__(self, text: str) -> Any:
        value: Any = self._meant(text)
        try:
            if value is not None:
                value = _moment(value, self._formats) if self._formats else value
                value = (
                    value[: len("2026-03-31")] if self._name == "expected_close" else value
                )  # a day, whatever the hour
                value = float(value) / self._per if self._per != 1 else value
                value = self._check.validate_python(value)
        except ValidationError as error:
            raise BadRow(self._title, f"wrong_{self._name}", f"{shown(text)}: {fault(error)}") from error
        except ValueError as error:
            written = f"written as {' or '.join(self._formats)}" if self._formats else "a number"
            raise BadRow(self._title, f"wrong_{self._name}", f"{shown(text)} is not {written}.") from error
        if len(self) < _REMEMBERED:
            self[text] = value
        return value

    def _meant(self, text: str) -> str | None:
        if not self._values:
            return text
        said = self._values.get(plain(text), self._values.get("*", ""))
        if said == "":
            reason = f"The mapping does not say what {shown(text)} means."
            raise BadRow(self._title, f"wrong_{self._name}", reason)
        return text if said == "*" else said


def _moment(text: str, formats: list[str]) -> str:
    """A time as ISO 8601; without a time of the day it stays a bare date, which has a meaning of its own."""
    for written in formats:
        try:
            if written == MILLISECONDS:
                return datetime.fromtimestamp(int(text) / 1000, UTC).isoformat()
            moment = datetime.strptime(text, written)  # noqa: DTZ007 - UTC where it names no other zone
        except (ValueError, OverflowError, OSError):
            continue
        if not re.search("%[HIcX]", written):
            return moment.date().isoformat()
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    datetime.fromisoformat(text)  # as workbooks and Parquet files have it, whatever CSV has
    return text


_TAKEN_BACK = object()


class AnswerCells(dict[str, Any]):
    """Cell text → answer, each distinct text read once as long as they are few."""

    def __init__(self, item: Item, column: ItemColumn, title: str) -> None:
        super().__init__()
        self._item = item
        self._title = title
        self._table = column.answers
        self._taken_back = column.taken_back

    def __missing__(self, cell: str) -> Any:
        text = cell.strip()
        try:
            answer = self._read(text)
        except NotAnAnswer as error:
            raise BadRow(self._title, error.code, f"{shown(text)}: {error}") from error
        if len(self) < _REMEMBERED:
            self[cell] = answer
        return answer

    def _read(self, text: str) -> Any:
        if not text:
            return None
        if text == self._taken_back:
            return _TAKEN_BACK
        table = self._table
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
