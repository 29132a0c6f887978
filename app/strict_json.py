"""Bodies read strictly: what other readers would understand differently is refused."""

import json
import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.errors import Unprocessable, escaped
from app.repeating.route import FIELD, HEADER, UNSAFE, answer_once, check_key

_JSON = re.compile(r"application/([^;]+\+)?json\b", re.IGNORECASE)


class _Refused(ValueError):
    """A body that is JSON by the letter and ambiguous or unstorable in meaning."""


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        msg = "a name stands twice in one object"
        raise _Refused(msg)
    return found


def _no_constant(name: str) -> Any:
    msg = f"{name} is no JSON number"
    raise _Refused(msg)


def _no_nul(content: Any) -> None:
    if isinstance(content, str) and "\0" in content:
        msg = "a text holds a NUL character"
        raise _Refused(msg)
    for part in content if isinstance(content, list) else ():
        _no_nul(part)
    for name, part in content.items() if isinstance(content, dict) else ():
        _no_nul(name)
        _no_nul(part)


def read_json(body: bytes) -> Any:
    """The content of a body; refuses doubled names, NaN, lone surrogates, NUL and what nests too deep."""
    try:
        content = json.loads(body.decode(), object_pairs_hook=_no_twice, parse_constant=_no_constant)
        if b"\\u" in body:
            # Not escaped, a NUL stays the one character it is, where text that only looks like its escape does not.
            json.dumps(content, ensure_ascii=False).encode()
            _no_nul(content)
    except RecursionError:
        raise HTTPException(400, "The body nests too deep.") from None
    except ValueError as error:
        reason = str(error) if isinstance(error, _Refused) else "it is not valid JSON in UTF-8"
        raise HTTPException(400, f"The body cannot be read: {reason}.") from None
    return content


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    key: Any = None

    async def json(self) -> Any:
        """Read the body once, and the idempotency key out of it."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
            if isinstance(self._json, dict) and self.method in UNSAFE:
                self.key = self._json.pop(FIELD, None)
        return self._json

    async def find_key(self, *, takes_body: bool) -> str | None:
        """The idempotency key of an unsafe call, where it has one."""
        if takes_body and _JSON.match(self.headers.get("content-type", "")) and await self.body():
            await self.json()
        return check_key(self.headers.get(HEADER), self.key)


class StrictRoute(APIRoute):
    """A route of the API: its requests are read strictly, and an unsafe one with a key has one effect."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()
        is_unsafe, takes_body = not UNSAFE.isdisjoint(self.methods or ()), self.body_field is not None

        async def strict(request: Request) -> Response:
            known = set(_query_names(self.dependant))
            for name in request.query_params:
                if name not in known:  # a misspelt filter would show everything
                    pointer = f"/query/{escaped(name)}"
                    raise Unprocessable.field(pointer, "unknown_parameter", f"This call has no parameter '{name}'.")
            strictly = StrictRequest(request.scope, request.receive)
            key = await strictly.find_key(takes_body=takes_body) if is_unsafe else None
            return await (handle(strictly) if key is None else answer_once(strictly, key, handle))

        return strict


def _query_names(dependant: Dependant) -> Iterator[str]:
    """The query parameters of a route, those of what it depends on too."""
    for parameter in dependant.query_params:
        yield parameter.alias
    for inner in dependant.dependencies:
        yield from _query_names(inner)
