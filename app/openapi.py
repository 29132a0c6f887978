"""The schema callers generate clients from, said as it is: errors are problems, not plain JSON."""

from typing import Any

from fastapi import FastAPI

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


def install_schema(app: FastAPI) -> None:
    """Describe every error under the media type it leaves in."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = described()
            for path, calls in schema["paths"].items():
                for method, call in calls.items():
                    if path.startswith("/v1/") and method.upper() in UNSAFE:
                        _take_key(call, schema["components"]["schemas"])
                    _name_problems(call["responses"])
        return described()

    app.openapi = openapi  # type: ignore[method-assign]


def _take_key(call: dict[str, Any], components: dict[str, Any]) -> None:
    """Every unsafe call takes a key, by header or in its body."""
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


def _name_problems(responses: dict[str, Any]) -> None:
    for response in responses.values():
        content = response.get("content", {})
        if content.get("application/json", {}).get("schema") == _PROBLEM:
            content["application/problem+json"] = content.pop("application/json")
