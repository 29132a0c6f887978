"""Many entries in one call: each succeeds or fails by itself, in order, or with `atomic` all of them do."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Annotated, Any, TypeVar

from pydantic import AliasChoices, BaseModel, Field, ValidationError, WrapValidator, create_model
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from app.db import read_once
from app.errors import AppError, Conflict, Problem, problem_body, validation_problem
from app.fields import Input
from app.prospects.holding import hold_prospects
from app.prospects.schemas import ExternalId
from app.responses import FastJSON

MOST = 1000
EntryId = Annotated[
    ExternalId,
    Field(
        validation_alias=AliasChoices("external_id", "prospect"),
        description="Your own id of the prospect; as `prospect` it is taken too.",
        examples=["crm-1042"],
    ),
]
Entry = TypeVar("Entry", bound=BaseModel)
Done = tuple[int, Any]  # an entry's status and body


def _unread(value: Any, _read: Any) -> Any:
    """Leave the entries as they came; each is read by itself, so that a wrong one spoils none beside it."""
    if not isinstance(value, list):
        raise PydanticCustomError("list_type", "must be a list")
    if len(value) > MOST:
        raise PydanticCustomError("too_long", "takes at most {max_length} entries", {"max_length": MOST})
    return value


UNREAD = WrapValidator(_unread)
ENTRIES = Field(max_length=MOST, description="Each as the single call takes it.")


class Batch(Input):
    """Up to a thousand entries."""

    items: Sequence[Any]
    atomic: bool = Field(default=False, description="One refused entry refuses all, and nothing is stored.")


class BatchResult(BaseModel):
    """One entry of a batch: its body, or its problem."""

    index: int = Field(description="The entry's place in what was sent, from 0.", examples=[0])
    status: int = Field(description="The status its single call would have had.", examples=[200])
    problem: Problem | None = Field(default=None, description="What is wrong with it, where it was refused.")


class BatchReply(BaseModel):
    """The results in the order of the entries."""

    request_id: str


def many(body: type[BaseModel]) -> dict[str, Any]:
    """How a route that takes many entries is described."""
    told: Any = Field(default=None, description="What its single call would have answered.")
    optional: Any = body | None
    result: Any = create_model(f"{body.__name__}BatchResult", __base__=BatchResult, body=(optional, told))
    each = Field(description="What became of each entry, in the order sent.")
    reply = create_model(f"{body.__name__}Batch", __base__=BatchReply, items=(list[result], each))
    replied = {207: {"model": reply, "description": "Each by itself, in order"}}
    return {"response_class": FastJSON, "status_code": 207, "responses": replied}


def carry_out(
    given: Batch, form: type[Entry], do: Callable[[Entry], Done], *, request_id: str, session: Session | None = None
) -> dict[str, Any]:
    """Do each entry, in a savepoint of its own where a session is written to; the reply says what became of each."""
    entries = [_read(form, raw) for raw in given.items]
    if session:
        read_once(session)
        named: list[Any] = [entry for entry in entries if not isinstance(entry, AppError)]
        hold_prospects(session, [entry.external_id for entry in named])
    savepoint = session.begin_nested if session else nullcontext
    with savepoint() as whole:
        results = [_one(savepoint, entry, do) for entry in entries]
        refused = given.atomic and any(isinstance(result, AppError) for result in results)
        if refused and whole is not None:
            whole.rollback()
    if refused:
        another = Conflict("Another entry of this atomic batch was refused.", code="batch_refused")
        results = [result if isinstance(result, AppError) else another for result in results]
    return {
        "items": [_told(place, result, request_id) for place, result in enumerate(results)],
        "request_id": request_id,
    }


def _read(form: type[Entry], raw: Any) -> Entry | AppError:
    try:
        return form.model_validate(raw)
    except ValidationError as error:
        return validation_problem(error)


def _one(savepoint: Any, entry: Entry | AppError, do: Callable[[Entry], Done]) -> Done | AppError:
    if isinstance(entry, AppError):
        return entry
    try:
        with savepoint():
            return do(entry)
    except ValidationError as error:  # of what the entry comes to, which its form alone does not tell
        return validation_problem(error)
    except AppError as error:
        if error.status >= 500:  # the moment's fault, not the entry's
            raise
        return error


def _told(place: int, result: Done | AppError, request_id: str) -> dict[str, Any]:
    if isinstance(result, AppError):
        return {"index": place, "status": result.status, "problem": problem_body(result, request_id)}
    status, body = result
    return {"index": place, "status": status, "body": body}
