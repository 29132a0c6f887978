"""What a check sheet's form sends besides the answers themselves."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from app.fields import Key, Moment, Name
from app.typed import as_number


def _nothing_is_none(value: Any) -> Any:
    return None if value == "" else value


Filled = BeforeValidator(_nothing_is_none)


def _typed_number(value: str) -> float | None:
    return as_number(value) if value.strip() else None


class SavingForm(BaseModel):
    """How and when the answers of a form were given."""

    version: Annotated[int | None, Filled] = Field(default=None, description="The version of the sheet that was shown.")
    seen: Annotated[Moment | None, Filled] = Field(
        default=None, description="When what the page showed was recorded last; what came after that it did not show."
    )
    at: Annotated[Moment | None, Filled] = Field(default=None, description="When the answer was tapped. Default: now.")
    tap: Annotated[Name | None, Filled] = Field(
        default=None, description="The tap's own id: sent again after a lost reply, it is the same tap."
    )


class ForecastForm(BaseModel):
    """A forecast in percent: one of five to tap, or a number."""

    percent: Annotated[float | None, Filled] = Field(default=None, ge=0, le=100)
    number: Annotated[float | None, BeforeValidator(_typed_number)] = Field(default=None, ge=0, le=100)
    by: Annotated[Name | None, Filled] = None
    once: Annotated[Name | None, Filled] = Field(default=None, description="The id of the forecast this form makes.")
    asked: Annotated[Literal["first", "revision"] | None, Filled] = Field(
        default=None, description="Which forecast the form asked for; it never becomes the other."
    )


class SheetForm(BaseModel):
    """Which check sheet a prospect is to be on."""

    check_sheet: Key
