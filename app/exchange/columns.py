"""The columns a mapping names: what they may be called, and what their values mean."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from app.checksheets.schemas import Choice, Item, Label
from app.db import utcnow
from app.exchange.files import Table
from app.fields import Input, Text

Result = Literal["won", "lost", "void", "open"]
MILLISECONDS = "ms"  # a format of times no strptime has: since the beginning of 1970


def plain(text: str) -> str:
    """A value as it is compared: in any case, without the blanks around it."""
    return text.strip().casefold()


class Named(Input):
    """A column of the file; of several names the first that is there counts."""

    column: str | list[str]
    optional: bool = Field(default=False, description="A file without it is taken all the same.")

    @property
    def names(self) -> list[str]:
        """What the column may be called."""
        return [self.column] if isinstance(self.column, str) else self.column

    def position(self, table: Table) -> int | None:
        """Where the column stands in a file; None where it may be absent, and is."""
        name = next((name for name in self.names if name in table.columns), None)
        if name is None and self.optional:
            return None
        return table.position(name or self.names[0])


class Column(Named):
    """A column, with what its values mean where they do not speak for themselves."""

    values: dict[str, str | None] = Field(
        default={}, description="Value → what it says, in any case; null = nothing. A value left out is a bad row."
    )


class NumberColumn(Column):
    """A column of numbers, and of how many of its units one of ours is made."""

    per: Annotated[float, Field(gt=0)] = Field(default=1, description="100 for percent, 60 for minutes as hours.")


class TimeColumn(Column):
    """A column of times, and how they are written."""

    format: str | list[str] | None = Field(
        default=None,
        description="As in strptime, `%d.%m.%Y`, in UTC; `ms` = milliseconds since 1970; or several to try; "
        "default: ISO 8601.",
    )

    @property
    def formats(self) -> list[str]:
        """The ways its times may be written."""
        return [self.format] if isinstance(self.format, str) else self.format or []

    @field_validator("format")
    @classmethod
    def readable(cls, value: str | list[str] | None) -> str | list[str] | None:
        """A format that cannot be read is a mistake of the mapping's, not of every row's."""
        for written in [value] if isinstance(value, str) else value or []:
            datetime.strptime(utcnow().strftime(written), written)  # noqa: DTZ007 - only whether it can be read
        return value


class Id(Input):
    """Where the external id comes from: a column, or the number of the row."""

    column: str | list[str] | None = None
    row: bool = False
    prefix: str = ""

    @property
    def names(self) -> list[str]:
        """What the column may be called; none where the row's number is the id."""
        return [self.column] if isinstance(self.column, str) else self.column or []

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
    def names(self) -> list[str]:
        """The columns it asks."""
        return [self.column]

    @property
    def results(self) -> dict[str, str | None]:
        """Value → result."""
        named = {"won": self.won, "lost": self.lost, "void": self.void}
        table: dict[str, str | None] = {value: result for result, values in named.items() for value in values}
        return table | dict.fromkeys(["", *self.open])


class Rule(Input):
    """What a prospect's outcome is when columns hold certain values."""

    when: dict[str, list[str]] = Field(description="Name of a column → its values, in any case; `*` = anything.")
    result: Result
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="Stands in for the row's own reason."
    )


class OutcomeRules(Input):
    """How an outcome follows from several columns: the first rule that holds; a row that none fits is a bad row."""

    columns: dict[str, Named] = Field(min_length=1)
    rules: list[Rule] = Field(min_length=1)

    @property
    def names(self) -> list[str]:
        """The columns it asks."""
        return [name for column in self.columns.values() for name in column.names]

    @model_validator(mode="after")
    def rules_name_columns(self) -> Self:
        """A rule asks named columns only."""
        for name in {name for rule in self.rules for name in rule.when} - self.columns.keys():
            msg = f"a rule asks '{name}', which is none of the columns"
            raise ValueError(msg)
        return self


def pattern(values: Iterable[str]) -> re.Pattern[str]:
    """Whatever equals one of the values, in which `*` is anything."""
    return re.compile("|".join(map(_wildcards, values)) or "(?!)", re.DOTALL)


def _wildcards(value: str) -> str:
    """A value as a pattern; each part is taken where it comes first, so that no text is gone through over and over."""
    first, *others = map(re.escape, plain(value).split("*"))
    if not others:
        return f"(?:{first})"
    return first + "".join(f"(?>.*?{part})" for part in others[:-1]) + f".*{others[-1]}"


class ForecastColumns(Input):
    """A forecast the CRM kept, brought in as `imported`: of open deals, or with the time it was made."""

    probability: NumberColumn | None = None
    category: Column | None = None
    by: Column | None = None
    made_at: TimeColumn | None = None


class EffortColumns(Input):
    """Work that was spent on a prospect."""

    entry: Named | None = Field(default=None, description="The id of the activity: by it a second import knows it.")
    kind: Column
    hours: NumberColumn | None = None
    cost: Column | None = None
    currency: Column | None = None
    by: Column | None = None
    spent_at: TimeColumn | None = None
    requested_at: TimeColumn | None = None
    sent_at: TimeColumn | None = None
    done: Column | None = Field(default=None, description="Rows it says nothing of are planned, and left out.")


class ItemColumn(Named):
    """An item, its column, and what the column's values mean; the rest describes it for a sheet that is to be made."""

    kind: Literal["yes_no", "choice", "scale", "number"]
    label_column: str | list[str] | None = Field(
        default=None, description="A column with the label of the code beside it: the two are read together, `1 No`."
    )
    answers: dict[str, bool | float | str | None] = Field(
        default={}, description="Value → answer; null = not observed. Without it, values are answers as they stand."
    )
    taken_back: str | None = Field(default=None, description="The value by which an answer was taken back.")
    label: Label | None = None
    definition: Text | None = None
    choices: list[Choice] = Field(default=[])
    unit: Label | None = None
    expected: Literal["for", "against"] | None = None
    importance: int | None = Field(default=None, ge=0, le=3)
    how: Text | None = None
    help: Text | None = None
    rationale: Text | None = None

    @property
    def label_names(self) -> list[str]:
        """What the column of the labels may be called; none where there is none."""
        return [self.label_column] if isinstance(self.label_column, str) else self.label_column or []

    def item(self, key: str) -> Item:
        """The item as a check sheet has it."""
        aside = {"column", "optional", "label_column", "answers", "taken_back", "choices", "label", "definition"}
        fields = self.model_dump(exclude=aside)
        label = self.label or self.names[0]
        definition = self.definition or f"As written in the column {self.names[0]}."
        return Item(key=key, label=label, definition=definition, choices=self._choices(), **fields)

    def _choices(self) -> list[Choice]:
        if self.choices or self.kind not in {"choice", "scale"}:
            return self.choices
        labels: dict[str, str] = {}
        for value, answer in self.answers.items():
            if isinstance(answer, str) and answer != "unknown":
                labels.setdefault(answer, value)
        return [Choice(key=answer, label=label) for answer, label in labels.items()]
