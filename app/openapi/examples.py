"""A whole example for every body, put together from the examples of its fields."""

from typing import Any

from app.openapi.glossary import BODIES, EXAMPLES
from app.openapi.walking import Schema, resolve

_BY_FORMAT = {"date-time": "2026-03-02T09:00:00Z", "date": "2026-03-02", "binary": "…"}
_BY_TYPE: dict[str, Any] = {"string": "text", "integer": 1, "number": 0.5, "boolean": False, "null": None}
_DEEPEST = 6


def example_of(document: dict[str, Any], schema: Schema, *, sent: bool, name: str = "", depth: int = 0) -> Any:
    """An example of a schema; of a body that is `sent`, only what has to be there or is worth showing."""
    named = schema.get("$ref", "").rpartition("/")[2]
    if named in BODIES:
        return BODIES[named]
    for source in (schema, resolve(document, schema)):
        if source.get("examples"):
            return source["examples"][0]
    schema = resolve(document, schema)
    either: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    choices = [choice for choice in either if choice.get("type") != "null"]
    if choices:
        # What may be null and has no example of its own is usually null.
        unknown = len(choices) < len(either) and name not in EXAMPLES and "$ref" not in choices[0]
        return None if unknown or depth > _DEEPEST else _example(document, choices[0], sent, name, depth)
    return _example(document, schema, sent, name, depth)


def _example(document: dict[str, Any], schema: Schema, sent: bool, name: str, depth: int) -> Any:
    if "$ref" in schema:
        return example_of(document, schema, sent=sent, name=name, depth=depth)
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if name in EXAMPLES and _fits(EXAMPLES[name], kind):
        return EXAMPLES[name]
    if kind == "object" or "properties" in schema:
        return _object(document, schema, sent, depth)
    if kind == "array":
        return _list(document, schema, sent, name, depth)
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE.get(kind or ""))


def _fits(example: Any, kind: str | None) -> bool:
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}
    return kind is None or isinstance(example, kinds.get(kind, object))  # type: ignore[arg-type]


def _object(document: dict[str, Any], schema: Schema, sent: bool, depth: int) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        name: example_of(document, inner, sent=sent, name=name, depth=depth + 1)
        for name, inner in schema.get("properties", {}).items()
        if not sent or name in required or "examples" in inner
    }


def _list(document: dict[str, Any], schema: Schema, sent: bool, name: str, depth: int) -> list[Any]:
    if depth > _DEEPEST or not schema.get("items"):
        return []
    return [example_of(document, schema["items"], sent=sent, name=name.removesuffix("s"), depth=depth + 1)]
