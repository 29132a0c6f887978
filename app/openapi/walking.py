"""Going through the schemas of a document: where they stand is the same in every version 3."""

from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]
Change = Callable[[Schema], Schema]

_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONES = ("items", "additionalProperties", "not", "propertyNames")
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def within(schema: Schema, change: Change) -> Schema:
    """A schema with those directly inside it changed; a property may have any name, a keyword's too."""
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {name: change(inner) for name, inner in schema["properties"].items()}
    for key in _LISTS:
        if key in schema:
            changed[key] = [change(inner) for inner in schema[key]]
    for key in _ONES:
        if isinstance(schema.get(key), dict):
            changed[key] = change(schema[key])
    return changed


def change_schemas(part: Any, change: Change, *, key: str = "") -> Any:
    """A copy of a document, or of a part of it, with every outermost schema changed."""
    if isinstance(part, list):
        return [change_schemas(inner, change) for inner in part]
    if not isinstance(part, dict) or key in {"example", "examples"}:
        return part
    if key == "schemas":
        return {name: change(inner) for name, inner in part.items()}
    if key == "schema":
        return change(part)
    return {name: change_schemas(inner, change, key=name) for name, inner in part.items()}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every call of a document: path, method, what is said of it."""
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            if method in METHODS:
                yield path, method, call


def resolve(document: dict[str, Any], schema: Schema) -> Schema:
    """The schema a reference names, or the schema itself."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
