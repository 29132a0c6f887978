"""What is posted, as records of named texts, whether it came as JSON or as a form."""

from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec
from pydantic import Field, model_validator
from starlette.exceptions import HTTPException

from app.checksheets.answers import Sheet
from app.exchange.columns import Named
from app.exchange.files import Table, shown
from app.exchange.mapping import Mapping, RowReader
from app.strict_json import read_json

MOST_RECORDS = 1_000
_MOST_VALUES, _LONGEST_PATH = 5_000, 1_000


class NotRead(Exception):
    """What came in cannot be read, in a sentence."""


class HookMapping(Mapping):
    """How to read what is posted: a mapping whose columns are the paths of values, as in `data.title`."""

    only: dict[str, list[str]] = Field(
        default={}, description="Path → values: what says otherwise is not meant for Winnow, and ignored."
    )
    void_when: dict[str, list[str]] = Field(
        default={}, description="Path → values that say the record was deleted, so that the prospect is void."
    )

    def columns(self) -> list[str]:
        """Every path the mapping names."""
        told = [getattr(self, name) for name in type(self).model_fields]
        named = [path for one in told if isinstance(one, Named) for path in one.names]
        labels = [path for item in self.items.values() for path in item.label_names]
        return list(dict.fromkeys([*named, *self.id.names, *sorted(self.answered()), *labels]))

    def answered(self) -> set[str]:
        """The paths where `false` is an answer; anywhere else it is how some programs write that there is nothing."""
        return {path for item in self.items.values() for path in item.names} | set(self.outcome_paths())

    def outcome_paths(self) -> list[str]:
        """The paths that say how a prospect ended."""
        return self.outcome.names if self.outcome else []

    @model_validator(mode="after")
    def prospects_alone(self) -> Self:
        """A hook takes prospects with their answers and outcomes; forecasts and effort come in by the API or a file."""
        if self.rows != "prospects" or self.forecast or self.effort:
            msg = "a hook takes prospects, answers and outcomes: leave out rows, forecast and effort"
            raise ValueError(msg)
        return self


def split(body: bytes) -> list[str]:
    """The records of a body as text: several where it is a list of them, the whole where it cannot be told."""
    text = body.decode("utf-8", "replace").replace("\0", "\ufffd")
    if text.lstrip()[:1] == "[":
        try:
            found = read_json(text.encode())
        except HTTPException:
            return [text]
        if 0 < len(found) <= MOST_RECORDS and all(isinstance(one, dict) for one in found):
            return [msgspec.json.encode(one).decode() for one in found]
    return [text]


def read_record(text: str) -> dict[str, str]:
    """Every value by its path, as text; `false` stays so, for the mapping to say what it means."""
    if text.lstrip()[:1] == "{":
        try:
            return _few(_flat(read_json(text.encode()), ""))
        except HTTPException as error:
            raise NotRead(error.detail) from error
    if text.lstrip()[:1] == "[":
        raise NotRead(_why_no_list(text))
    try:
        found = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST_VALUES)
    except ValueError as error:
        msg = "It is neither a JSON object nor a form."
        raise NotRead(msg) from error
    return dict(found)


def _why_no_list(text: str) -> str:
    """Why a list was not taken apart."""
    try:
        found = read_json(text.encode())
    except HTTPException as error:
        return str(error.detail)
    if len(found) > MOST_RECORDS:
        return f"It is a list of {len(found):,} records; a call takes at most {MOST_RECORDS:,}, so send them in parts."
    return "It is an empty list." if not found else "It is a list that holds something other than records."


def _few(values: Iterator[tuple[str, str]]) -> dict[str, str]:
    """The values by their paths; a body may repeat a long path at so many values that no memory would hold them."""
    few: dict[str, str] = {}
    for path, value in values:
        if len(few) == _MOST_VALUES or len(path) > _LONGEST_PATH:
            msg = (
                f"It has more than {_MOST_VALUES} values, or one whose path is longer than {_LONGEST_PATH} characters."
            )
            raise NotRead(msg)
        if path:
            few[path] = value
    return few


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(inner, f"{path}.{step}" if path else str(step))
    elif value is None:
        yield path, ""
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    else:
        yield path, str(value)


class RecordReader(RowReader):
    """A mapping bound to the items of a sheet: a record in, cells out, for the reader of files to read."""

    def __init__(self, mapping: HookMapping, sheet: Sheet) -> None:
        self.paths = mapping.columns()
        super().__init__(mapping, sheet, Table(self.paths, ",", iter(())))
        self._answered = mapping.answered()
        self._ended = mapping.outcome_paths()

    def cells(self, record: dict[str, str]) -> list[str]:
        """The values the mapping names, in its order; what is not there is blank."""
        return [self._cell(path, record.get(path, "")) for path in self.paths]

    def says_open(self, cells: list[str]) -> bool:
        """Whether a word says that the prospect is open, where a blank says nothing."""
        said = any(cells[self.paths.index(path)].strip() for path in self._ended)
        return said and self.result(cells) is None

    def _cell(self, path: str, text: str) -> str:
        return "" if text == "false" and path not in self._answered else text


def says_otherwise(record: dict[str, str], told: dict[str, list[str]]) -> str | None:
    """The first of these paths at which a record has none of the values, as a sentence; None where it has them all."""
    for path, values in told.items():
        if record.get(path, "") not in values:
            there = shown(record[path]) if path in record else "not there"
            return f"{shown(path)} is {there}, not {' or '.join(map(shown, values))}."
    return None
