"""The types of request and answer fields that several features share: moments, money, names."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from app.db import utcnow

CLOCK_SKEW = timedelta(minutes=5)


def _read_day(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and len(value) == len("2026-03-02") and value[4] == "-"):
        return value
    msg = "a day is text as in 2026-03-02"
    raise ValueError(msg)


Day = Annotated[date, BeforeValidator(_read_day)]


class Input(BaseModel):
    """A request body: a field we do not know is a mistake of the caller's, and said."""

    model_config = ConfigDict(extra="forbid")


def _bare_date(at: time) -> BeforeValidator:
    """A date without a time stands for a moment of that day."""

    def read(value: Any) -> Any:
        # Pydantic would take a number, as text too, for seconds since 1970.
        if isinstance(value, int | float) or (isinstance(value, str) and value[4:5] != "-"):
            msg = "a time is text as in 2026-03-02T09:00:00Z"
            raise ValueError(msg)
        if isinstance(value, str) and len(value) == len("2026-03-02"):
            return f"{value}T{at.isoformat()}Z"
        return value

    return BeforeValidator(read)


def _not_ahead(value: datetime) -> datetime:
    if value > utcnow() + CLOCK_SKEW:
        msg = "this time lies in the future"
        raise ValueError(msg)
    return value.astimezone(UTC)


def _not_after_today(value: datetime) -> datetime:
    """A bare date of today means the end of today, which has not come yet and is meant all the same."""
    now = utcnow()
    if value > now + CLOCK_SKEW and value != datetime.combine(now.date(), time(23, 59, 59), UTC):
        msg = "this time lies in the future"
        raise ValueError(msg)
    return value.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def rfc3339(value: datetime) -> str:
    """A moment as every answer writes it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


_WRITE_TIME = PlainSerializer(rfc3339, return_type=str)
_TIME_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-02T09:00:00Z"]})
# Years outside 1900–2999 are slips of the keyboard, and PostgreSQL and Python disagree about some of them.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 31, tzinfo=UTC)
_RANGE = Field(ge=_EARLIEST, le=_LATEST)

Moment = Annotated[AwareDatetime, _bare_date(time(0)), _RANGE, AfterValidator(_in_utc), _WRITE_TIME, _TIME_SCHEMA]
LastMoment = Annotated[
    AwareDatetime, _bare_date(time(23, 59, 59)), _RANGE, AfterValidator(_in_utc), _WRITE_TIME, _TIME_SCHEMA
]
PastMoment = Annotated[
    AwareDatetime, _bare_date(time(0)), _RANGE, AfterValidator(_not_ahead), _WRITE_TIME, _TIME_SCHEMA
]
DecidedMoment = Annotated[
    AwareDatetime, _bare_date(time(23, 59, 59)), _RANGE, AfterValidator(_not_after_today), _WRITE_TIME, _TIME_SCHEMA
]


def _text(length: int, *, least: int = 1) -> Any:
    return StringConstraints(min_length=least, max_length=length)


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _clean(value: str) -> str:
    if _CONTROL.search(value):
        msg = "control characters are not text"
        raise ValueError(msg)
    return value


Name = Annotated[str, _text(200), AfterValidator(_clean)]
Text = Annotated[str, _text(4000), AfterValidator(_clean)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _read_money(value: Any) -> Any:
    if isinstance(value, bool | float):
        msg = 'money is decimal text, as in "42540.00"'
        raise ValueError(msg)
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_read_money),
    Field(ge=0, max_digits=15, decimal_places=2, allow_inf_nan=False),
    PlainSerializer(lambda value: f"{value:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,13}(\.\d{1,2})?$", "examples": ["60000.00"]}),
]
SignedAmount = Annotated[
    Decimal,
    BeforeValidator(_read_money),
    Field(max_digits=15, decimal_places=2, allow_inf_nan=False),
    PlainSerializer(lambda value: f"{value:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,13}(\.\d{1,2})?$", "examples": ["18000.00"]}),
]
