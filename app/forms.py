"""Forms: read, protected against other sites, and shown again with what is wrong."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from app import cookies
from app.errors import FieldProblem, Forbidden, Unprocessable

TOKEN_FIELD = "form_token"  # noqa: S105 - a field's name
_MOST_FIELDS = 5_000  # a check sheet may have 300 items, each a dozen fields
_FROM_ELSEWHERE = "This form was not sent from a page of Winnow, so nothing was done."
_OUT_OF_DATE = (
    "This form was opened before you signed in or out, so nothing was done. Go back, load the page again and repeat it."
)
_SENTENCES = {
    "missing": "Please fill this in.",
    "string_too_short": "Please fill this in.",
    "string_too_long": "That is too long.",
    "too_long": "Those are too many.",
    "decimal_parsing": "Please write a number, as in 1250.50.",
    "decimal_max_places": "At most two decimals, please.",
    "decimal_max_digits": "That number is too large.",
    "decimal_whole_digits": "That number is too large.",
    "greater_than_equal": "That is too little.",
    "less_than_equal": "That is too much.",
    "datetime_from_date_parsing": "Please write a date, as in 2026-03-02.",
    "datetime_parsing": "Please write a date, as in 2026-03-02.",
    "timezone_aware": "Please write a date, as in 2026-03-02.",
    "literal_error": "Please choose one.",
    "string_pattern_mismatch": "Please write it as the hint says.",
}

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Form:
    """What was typed, and what is wrong with it: sentences by field, those of no one field under ''."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """What is wrong with a field; nothing where it is right."""
        return self.errors.get(name, "")

    def filled_in(self) -> "Form":
        """The same form without the fields nobody filled in."""
        return Form({name: value.strip() for name, value in self.values.items() if value.strip()}, self.errors)

    def refused(self, refusal: Unprocessable) -> "Form":
        """The same form with a sentence at every field at fault."""
        errors: dict[str, str] = {}
        for problem in refusal.errors:
            errors.setdefault(problem.pointer.removeprefix("/").partition("/")[0], problem.detail)
        return Form(self.values, errors)

    def read_as(self, model: type[Model]) -> Model:
        """The fields the model knows, checked; 422 with a sentence for each that is wrong."""
        try:
            return model.model_validate({name: self.values[name] for name in model.model_fields if name in self.values})
        except ValidationError as error:
            raise Unprocessable([_as_sentence(fault) for fault in error.errors()]) from error


def _as_sentence(fault: Any) -> FieldProblem:
    said = str(fault["msg"]).removeprefix("Value error, ")
    sentence = _SENTENCES.get(fault["type"], f"{said[:1].upper()}{said[1:]}.")
    field = fault["loc"][0] if fault["loc"] else ""
    return FieldProblem(pointer=f"/{field}", code=fault["type"], detail=sentence)


def form_token(request: Request) -> str | None:
    """What a form of this browser must send along; nothing where it has no cookie yet."""
    cookie = cookies.read(request, "session") or cookies.read(request, "form")
    return cookies.keyed(request, "form", cookie) if cookie else None


async def read_form(request: Request) -> Form:
    """The form that was sent; 403 unless a page of ours sent it."""
    refuse_other_sites(request)
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as sent:
        return check_form(request, {name: value for name, value in sent.items() if isinstance(value, str)})


def check_form(request: Request, values: dict[str, str]) -> Form:
    """The fields, if they came with the token of a form this browser was shown."""
    expected = form_token(request)
    given = values.pop(TOKEN_FIELD, "")
    if expected is None or not hmac.compare_digest(expected.encode(), given.encode()):
        raise Forbidden(_OUT_OF_DATE, code="form_out_of_date")
    return Form(values)


def refuse_other_sites(request: Request) -> None:
    """Browsers say where a request comes from; the token alone stands where one says nothing."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in {"same-origin", "none"} or (origin is not None and urlsplit(origin).netloc != request.url.netloc):
        raise Forbidden(_FROM_ELSEWHERE, code="form_from_elsewhere")


Posted = Annotated[Form, Depends(read_form)]
