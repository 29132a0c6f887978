"""The schema callers generate clients from, said as it is: errors are problems, not plain JSON."""

from typing import Any

from fastapi import FastAPI

_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def install_schema(app: FastAPI) -> None:
    """Describe every error under the media type it leaves in."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            for calls in described()["paths"].values():
                for call in calls.values():
                    _name_problems(call["responses"])
        return described()

    app.openapi = openapi  # type: ignore[method-assign]


def _name_problems(responses: dict[str, Any]) -> None:
    for response in responses.values():
        content = response.get("content", {})
        if content.get("application/json", {}).get("schema") == _PROBLEM:
            content["application/problem+json"] = content.pop("application/json")
