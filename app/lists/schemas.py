"""What the pages of the lists are asked, and what their forms send."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from app.fields import Key, Name, Text
from app.typed import Typed, TypedAmount, TypedCurrency, TypedDay

NOBODY = "(nobody)"  # the filter's word for prospects that have no owner
_MOST_WORDS = 8


def _printable(value: object) -> object:
    return "".join(letter for letter in value if letter.isprintable()).strip() if isinstance(value, str) else value


Wanted = Annotated[str, BeforeValidator(_printable), Field(max_length=200)]


class Asked(BaseModel):
    """What a list is asked for in its address; what is empty leaves a field open."""

    q: Wanted = ""
    owner: Wanted = ""
    stage: Wanted = ""
    source: Wanted = ""
    check_sheet: Wanted = ""
    grade: Literal["", "A", "B", "C", "D"] = ""
    result: Literal["", "won", "lost", "void"] = ""
    order: Literal["", "score"] = ""
    cursor: Annotated[str, Field(max_length=1000)] = ""

    @cached_property
    def words(self) -> list[str]:
        """The words searched for."""
        return self.q.lower().split()[:_MOST_WORDS]

    @property
    def filters(self) -> dict[str, str]:
        """What narrows the list, beside the search."""
        return self.model_dump(exclude={"q", "order", "cursor"}, exclude_defaults=True)

    @property
    def query(self) -> dict[str, str]:
        """All of it but the page, to be carried to another list or page."""
        return self.model_dump(exclude={"cursor"}, exclude_defaults=True)


Required = Annotated[Name, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)]


class NewInput(BaseModel):
    """A new prospect as it is typed."""

    external_id: Annotated[str, StringConstraints(pattern=r"^w(-[a-z0-9]{4}){3}$")]
    name: Required
    account: Required
    amount: TypedAmount = None
    currency: TypedCurrency = None
    owner: Annotated[Name | None, Typed] = None
    check_sheet: Annotated[Key | None, Typed] = None


class NurtureInput(BaseModel):
    """What a prospect waits for, and when to look at it again."""

    waiting_for: Annotated[Text | None, Typed] = None
    look_again_on: TypedDay = None


class EditInput(NurtureInput):
    """A prospect's own fields as they are typed; what is left empty is cleared."""

    name: Required
    account: Annotated[Name | None, Typed] = None
    amount: TypedAmount = None
    currency: TypedCurrency = None
    source: Annotated[Name | None, Typed] = None
    expected_close: TypedDay = None
    owner: Annotated[Name | None, Typed] = None
    looks_for: Annotated[Text | None, Typed] = None
    what_fits: Annotated[Text | None, Typed] = None
    trust: Annotated[Text | None, Typed] = None
