"""The document callers generate clients from, in the three versions their tools need, made once."""

import functools
from typing import Any

import msgspec
from fastapi import FastAPI, Response

from app.openapi.examples import example_of
from app.openapi.glossary import WORDS
from app.openapi.version_2_0 import to_2_0
from app.openapi.version_3_0 import to_3_0
from app.openapi.walking import operations
from app.repeating.route import FIELD, HEADER, LONGEST, UNSAFE

_KEY = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST,
    "pattern": "^[ -~]+$",
    "description": "A key of your own for this call: sent again within 72 hours, it is answered as it was the first "
    "time and has no second effect. The header and the body's field do the same; send one of them.",
    "examples": ["5f1c2c0e-crm-1042"],
}
_REPEATED = {
    "409": "still_running: the same call is being worked on; or in conflict with what is there",
    "410": "answer_erased: the call was done, and whom its answer was about has been erased",
}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def install_documents(app: FastAPI) -> None:
    """Describe every call wholly, and serve the description in the older versions beside /openapi.json."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(described())
        return described()

    app.openapi = openapi  # type: ignore[method-assign]

    @functools.cache
    def written(version: str) -> bytes:
        older = to_3_0(openapi())
        return msgspec.json.encode(older if version == "3.0" else to_2_0(older))

    @app.get("/openapi-3.0.json", include_in_schema=False)
    def read_openapi_3_0() -> Response:
        return Response(written("3.0"), media_type="application/json")

    @app.get("/openapi-2.0.json", include_in_schema=False)
    def read_openapi_2_0() -> Response:
        return Response(written("2.0"), media_type="application/json")


def complete(document: dict[str, Any]) -> None:
    """Say what the routes leave unsaid: the media type of problems, what a word means, a whole example of each body."""
    for name, schema in document["components"]["schemas"].items():
        for field, said in schema.get("properties", {}).items():
            _explain(said, f"{name}.{field}", field)
    for path, method, call in operations(document):
        for parameter in call.get("parameters", ()):
            _explain(parameter, f"{call['operationId']}.{parameter['name']}", parameter["name"])
        for body in (call.get("requestBody", {}), *call["responses"].values()):
            _show(document, body, sent=body is call.get("requestBody"))
        # What takes no API key takes none of these: they belong to whoever calls.
        if path.startswith("/v1/") and method.upper() in UNSAFE and call.get("security"):
            _take_key(call, document["components"]["schemas"])
        for answer in call["responses"].values():
            _name_problem(answer)


def _take_key(call: dict[str, Any], components: dict[str, Any]) -> None:
    """Every unsafe call takes a key, by header or in its body; no example shows one, or it would be copied."""
    header = {key: value for key, value in _KEY.items() if key != "description"}
    parameter = {"name": HEADER, "in": "header", "required": False, "schema": header}
    call.setdefault("parameters", []).append(parameter | {"description": _KEY["description"]})
    for status, description in _REPEATED.items():
        there = call["responses"].setdefault(status, {"content": {"application/json": {"schema": _PROBLEM}}})
        there.setdefault("description", description)
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for way in body.get("anyOf", [body]):
        if "$ref" in way:
            components[way["$ref"].rpartition("/")[2]]["properties"][FIELD] = _KEY


def _explain(said: dict[str, Any], *names: str) -> None:
    for name in names:
        if "description" not in said and name in WORDS:
            said["description"] = WORDS[name]


def _name_problem(body: dict[str, Any]) -> None:
    content = body.get("content", {})
    if content.get("application/json", {}).get("schema") == _PROBLEM:
        content["application/problem+json"] = content.pop("application/json")


def _show(document: dict[str, Any], body: dict[str, Any], *, sent: bool) -> None:
    for media, content in body.get("content", {}).items():
        if (
            media == "application/json"
            and content["schema"] != _PROBLEM
            and not content.keys() & {"example", "examples"}
        ):
            content["example"] = example_of(document, content["schema"], sent=sent)
