"""Errors a caller can act on, and the one shape they all leave in.

AppError
├── Unauthorized 401 · Forbidden 403 · NotFound 404
├── Conflict 409 (NoCardYet) · PreconditionFailed 412
├── Unprocessable 422: names the fields
└── TooManyAttempts, TooManyRequests 429 · Busy, Unavailable 503
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from app.faults import in_words
from app.headers import secure

log = structlog.get_logger()

TITLES = {
    400: "The request could not be read",
    401: "No valid key",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed here",
    409: "In conflict with what is there",
    410: "No longer there",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Not a media type this call takes",
    422: "Not accepted",
    429: "Too many attempts",
    500: "Our fault",
    503: "Busy",
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="JSON pointer to the field, as in /answers/budget.", examples=["/answers/budget"])
    code: str = Field(description="A stable word for what is wrong.", examples=["unknown_item"])
    detail: str = Field(description="The same as a sentence.", examples=["The check sheet has no item 'budgte'."])


class Problem(BaseModel):
    """The body of every error, as application/problem+json (RFC 9457)."""

    type: str = Field(description="An address that names the kind of problem.", examples=["/problems/not_found"])
    title: str = Field(description="The kind of problem in a few words.", examples=["Not found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What happened and what to do.", examples=["There is no prospect 'crm-1042'."])
    code: str = Field(description="A stable word to branch on.", examples=["not_found"])
    request_id: str = Field(description="Quote this when asking for help.", examples=["req_0187f2a4c0de"])
    errors: list[FieldProblem] = Field(default=[], description="The fields at fault, where there are any.")


class AppError(Exception):
    """An error with a status, a stable code and a sentence for the caller."""

    status = 500
    code = "internal"

    def __init__(self, detail: str, *, code: str | None = None, errors: list[FieldProblem] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.errors = errors or []
        self.headers: dict[str, str] = {}


class Unauthorized(AppError):
    """No key, or one that is not valid."""

    status, code = 401, "unauthorized"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.headers = {"WWW-Authenticate": "Bearer"}


class Forbidden(AppError):
    """A valid key that may not do this."""

    status, code = 403, "forbidden"


class NotFound(AppError):
    """Nothing there, or nothing this caller may see."""

    status, code = 404, "not_found"


class Conflict(AppError):
    """The request is sound, but not against what is stored."""

    status, code = 409, "conflict"


class NoCardYet(Conflict):
    """A check sheet without beliefs and without outcomes has no scorecard."""

    code = "no_card_yet"

    def __init__(self, check_sheet: str | None, *, then: bool = False) -> None:
        if check_sheet is None:
            super().__init__("The prospect is on no check sheet yet: name one with `check_sheet` when you put it.")
        elif then:
            super().__init__(f"Check sheet '{check_sheet}' had no scorecard at that time.")
        else:
            super().__init__(
                f"Check sheet '{check_sheet}' has no scorecard yet: give its items a direction and an importance, "
                "or record at least one won and one lost prospect and train."
            )


class PreconditionFailed(AppError):
    """If-Match named an older state."""

    status, code = 412, "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__("The prospect has changed since you read it; read it again and repeat your change.")


class Unprocessable(AppError):
    """Input that was understood and is wrong; every field at fault is named."""

    status, code = 422, "invalid"

    def __init__(self, errors: list[FieldProblem], *, code: str | None = None) -> None:
        super().__init__(" ".join(error.detail for error in errors[:5]), code=code, errors=errors)

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> "Unprocessable":
        """The usual case: one field is wrong, and its code is the error's."""
        return cls([FieldProblem(pointer=pointer, code=code, detail=detail)], code=code)


class TooManyAttempts(AppError):
    """Somebody guesses; nobody is locked out for it."""

    status, code = 429, "too_many_attempts"

    def __init__(self, *, seconds: int) -> None:
        wait = "a minute" if seconds <= 60 else f"{-(-seconds // 60)} minutes"
        super().__init__(f"Too many sign-ins failed. Wait {wait}, then try again; your password still works.")
        self.headers = {"Retry-After": str(seconds)}


class TooManyRequests(AppError):
    """A key that calls more often than it may; nothing was done."""

    status, code = 429, "too_many_requests"

    def __init__(self, *, a_minute: int, seconds: int) -> None:
        super().__init__(f"A key may make {a_minute} requests a minute; go on in {seconds} s.")
        self.headers = {"Retry-After": str(seconds)}


class Unavailable(AppError):
    """The database does not answer, or answers that it cannot."""

    status, code = 503, "unavailable"

    def __init__(self) -> None:
        super().__init__("The database does not answer; nothing was stored. Try again in some seconds.")
        self.headers = {"Retry-After": "5"}


class Busy(AppError):
    """Others are writing; nothing was stored."""

    status, code = 503, "busy"

    def __init__(self) -> None:
        super().__init__("Too many writes are waiting; nothing was stored. Try again in a second.")
        self.headers = {"Retry-After": "1"}


def problem_body(error: AppError, request_id: str) -> dict[str, Any]:
    """The body of a problem, also used for one entry of a batch."""
    return {
        "type": f"/problems/{error.code}",
        "title": TITLES.get(error.status, "Problem"),
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        "errors": [field.model_dump() for field in error.errors],
    }


def problem_response(request: Request, error: AppError) -> Response:
    """The one shape in which errors leave."""
    body = problem_body(error, request.scope.get("state", {}).get("request_id", ""))
    return Response(
        msgspec.json.encode(body),
        status_code=error.status,
        headers=error.headers,
        media_type="application/problem+json",
    )


def escaped(step: str) -> str:
    """One step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def _pointer(location: tuple[Any, ...]) -> str:
    """A JSON pointer from FastAPI's location; parameters keep their kind as the first step."""
    steps = location[1:] if location and location[0] == "body" else location
    return "".join(f"/{escaped(str(step))}" for step in steps)


def _from_validation(error: RequestValidationError) -> AppError:
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        unreadable = AppError("The body is not valid JSON.", code="invalid_json")
        unreadable.status = 400
        return unreadable
    return _unprocessable(error.errors())


def validation_problem(error: ValidationError) -> AppError:
    """What is wrong with one entry of a batch, in the shape of a whole body's problem."""
    return _unprocessable([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()])


def _unprocessable(faults: Sequence[Mapping[str, Any]]) -> Unprocessable:
    problems = []
    for alike in _by_field(faults):
        pointer = _pointer(alike[0]["loc"] if len(alike) == 1 else alike[0]["loc"][:-1])
        detail = in_words(alike, pointer)
        problems.append(FieldProblem(pointer=pointer, code=alike[0]["type"], detail=detail))
    return Unprocessable(problems)


_KINDS = {"bool": "bool_type", "float": "float_type", "str": "string_type"}


def _by_field(faults: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Mapping[str, Any]]]:
    """The faults, those together that say of one field that it is none of several kinds: the kind is no field."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for fault in faults:
        *field, last = fault["loc"]
        is_kind = _KINDS.get(str(last)) == fault["type"]
        found.setdefault((*field, "") if is_kind else (*field, last, fault["type"], ""), []).append(fault)
    return list(found.values())


def _from_http(error: HTTPException) -> AppError:
    codes = {400: "invalid_json", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    problem = AppError(str(error.detail), code=codes.get(error.status_code, "refused"))
    problem.status, problem.headers = error.status_code, dict(error.headers or {})
    return problem


def as_problem(error: AppError | HTTPException | RequestValidationError) -> AppError:
    """What a caller is told of an error somebody foresaw."""
    if isinstance(error, RequestValidationError):
        return _from_validation(error)
    return error if isinstance(error, AppError) else _from_http(error)


def _methods_at(request: Request) -> list[str]:
    """The methods that the API describes for a path; the router names those of the first route it finds."""
    described, path = request.app.openapi()["paths"], request.scope["path"]
    templates = [path] if path in described else described
    fits = (one for one in templates if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one)), path))
    return sorted(method.upper() for method in described.get(next(fits, ""), ()))


class ErrorPages(Protocol):
    """How errors are told to people; given to us, because pages stand on errors."""

    def wants_page(self, request: Request) -> bool: ...
    def error_page(self, request: Request, error: AppError, headers: Mapping[str, str]) -> Response: ...


def install_handlers(app: FastAPI, pages: ErrorPages) -> None:
    """Let every error leave as problem+json or as a page, and no unexpected error's text leave at all."""

    def answer(request: Request, error: AppError) -> Response:
        if pages.wants_page(request):
            return pages.error_page(request, error, error.headers)
        return problem_response(request, error)

    @app.exception_handler(AppError)
    @app.exception_handler(RequestValidationError)
    @app.exception_handler(HTTPException)
    def expected(request: Request, error: AppError | RequestValidationError | HTTPException) -> Response:
        problem = as_problem(error)
        if problem.status == 405 and (methods := _methods_at(request)):
            problem.headers = {"Allow": ", ".join(methods)}
        return answer(request, problem)

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    def unavailable(request: Request, error: DBAPIError) -> Response:
        # 503 is what callers repeat by themselves; on 500 some of them switch an integration off.
        log.error("the database does not answer", exc_info=error)
        return answer(request, Unavailable())

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error", exc_info=error)
        unforeseen = AppError("Something went wrong here; it has been logged.")
        # This one leaves outside our middleware, so what that adds to every answer is added here.
        response = answer(request, unforeseen)
        response.headers["X-Request-ID"] = request.scope.get("state", {}).get("request_id", "")
        secure(response.headers, request.scope)
        return response
