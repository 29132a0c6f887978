"""What makes every unsafe call of the API repeat-safe: the header `Idempotency-Key` or the field `idempotency_key`."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from app.errors import AppError, Unprocessable, as_problem, problem_response
from app.paths import SLASH
from app.repeating.service import (
    MANY,
    TWIN_SECONDS,
    Answer,
    Answered,
    AnswerErased,
    Call,
    KeyReused,
    Once,
    StillRunning,
)

FIELD, HEADER = "idempotency_key", "Idempotency-Key"
LONGEST = 255
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REPEATED = "Idempotent-Replayed"
_REQUEST_ID = "X-Request-ID"
_PIECE = 1 << 20

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def check_key(in_header: str | None, in_body: Any) -> str | None:
    """The key a call came with, in whichever of the two places; None where it has none."""
    if in_body is not None and not isinstance(in_body, str):
        raise Unprocessable.field(f"/{FIELD}", "invalid_idempotency_key", "An idempotency key is text.")
    # The header's draft standard puts the key in quotes; most callers leave them out.
    quoted = in_header is not None and len(in_header) > 1 and in_header[0] == in_header[-1] == '"'
    in_header = in_header[1:-1] if in_header is not None and quoted else in_header
    if None not in (in_header, in_body) and in_header != in_body:
        sentence = "The header and the body name different idempotency keys; send one of them."
        raise Unprocessable.field(f"/{FIELD}", "idempotency_keys_differ", sentence)
    key = in_body if in_header is None else in_header
    if key is not None and not (0 < len(key) <= LONGEST and key.isprintable()):
        sentence = f"An idempotency key is 1 to {LONGEST} printable characters."
        raise Unprocessable.field(f"/{FIELD}", "invalid_idempotency_key", sentence)
    return key


async def answer_once(request: Request, key: str, handle: Handle) -> Response:
    """Answer a call that has a key: by doing it, or as it was answered before."""
    running: set[tuple[str, str]] = request.app.state.running
    name = (_secret(request), key)
    await _wait_for_twin(running, name)
    running.add(name)
    try:
        return await _answer(request, Once(lambda: _describe(request, key)), handle)
    except Answered as known:
        return _repeated(request, known.answer)
    finally:
        running.discard(name)


async def _wait_for_twin(running: set[tuple[str, str]], name: tuple[str, str]) -> None:
    """Wait for a twin in this process; one in another process is waited for in the database."""
    until = time.monotonic() + TWIN_SECONDS
    while name in running:
        if time.monotonic() > until:
            raise StillRunning
        await asyncio.sleep(0.02)


async def _answer(request: Request, once: Once, handle: Handle) -> Response:
    request.state.watch = once.watch
    try:
        response = await handle(request)
    except (KeyReused, StillRunning, AnswerErased):
        raise
    except (AppError, HTTPException, RequestValidationError) as error:
        problem = as_problem(error)
        if not _is_kept(problem.status):
            raise
        response = problem_response(request, problem)
        await run_in_threadpool(_keep, request, once, response, undo=True)
        return response
    except Answered:
        if once.session is not None:
            await run_in_threadpool(once.session.rollback)
        raise
    if _is_kept(response.status_code):
        await run_in_threadpool(_keep, request, once, response)
    return response


def _is_kept(status: int) -> bool:
    """Whether the answer is one to the call itself, and not to its moment or its key."""
    return status < 500 and status not in {401, 429}


def _keep(request: Request, once: Once, response: Response, *, undo: bool = False) -> None:
    headers = dict(response.headers) | {_REQUEST_ID: request.state.request_id}
    headers.pop("content-length", None)
    answer = Answer(response.status_code, headers, bytes(response.body))
    if once.session is not None:
        if undo:
            once.session.rollback()
        once.keep(once.session, answer)
        return
    with request.app.state.database.writing() as session:
        once.watch(session)
        once.keep(session, answer)


def _repeated(request: Request, answer: Answer) -> Response:
    headers = dict(answer.headers)
    request.state.request_id = headers.pop(_REQUEST_ID)
    return Response(answer.body, answer.status, headers | {_REPEATED: "true"})


def _describe(request: Request, key: str) -> Call | None:
    """The call as it is kept; None while nobody is known to have made it."""
    caller = getattr(request.state, "caller", None)
    asked = _digest(request)
    if caller is None or asked is None:
        return None
    named = request.path_params.get("external_id")
    about = MANY if request.scope["path"].endswith("/batch") else named and named.replace(SLASH, "/").replace("\0", "")
    return Call(caller.id, _secret(request), key, asked, about)


def _secret(request: Request) -> str:
    """The caller's API key, however the header spells what stands before it."""
    return f"Bearer {request.headers.get('authorization', '').partition(' ')[2].strip()}"


def _digest(request: Request) -> str | None:
    """A hash of what is asked: where, and with which content, however it was wrapped; None of what was not read."""
    said = hashlib.sha256(f"{request.method} {request.scope['path']}?{request.url.query}\n".encode())
    form = getattr(request.state, "form", None)
    if form is not None:
        for name, value in form.multi_items():
            said.update(f"{name}\n".encode())
            _add_part(said, value)
    elif request.headers.get("content-type", "").startswith("multipart/"):
        return None
    else:
        content = getattr(request, "_json", None)
        said.update(json.dumps(content, sort_keys=True).encode())
    return said.hexdigest()


def _add_part(said: Any, value: str | UploadFile) -> None:
    if isinstance(value, str):
        said.update(value.encode())
        return
    said.update(f"{value.filename}\n".encode())
    value.file.seek(0)
    while piece := value.file.read(_PIECE):
        said.update(piece)
    value.file.seek(0)
