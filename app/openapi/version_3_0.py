"""The document for readers of OpenAPI 3.0: what 3.1 took over from JSON Schema is said in the older words."""

from typing import Any

from app.openapi.walking import Schema, change_schemas, within

# What 3.0 has no word for, and what a title says that the name does not.
_UNKNOWN = ("title", "propertyNames", "$schema", "$comment", "contentEncoding", "patternProperties")


def to_3_0(document: dict[str, Any]) -> dict[str, Any]:
    """The same calls in OpenAPI 3.0.3."""
    older = {name: part for name, part in document.items() if name not in {"jsonSchemaDialect", "webhooks"}}
    changed: dict[str, Any] = change_schemas(older, _older)
    return changed | {"openapi": "3.0.3"}


def _older(schema: Schema) -> Schema:
    said = {key: value for key, value in within(schema, _older).items() if key not in _UNKNOWN}
    _without_null(said)
    _older_words(said)
    for either in ("anyOf", "oneOf"):
        if len(said.get(either, ())) == 1:
            said = {**said.pop(either)[0], **said}
    if "$ref" in said and len(said) > 1:  # beside a reference nothing is read
        said = {"allOf": [{"$ref": said.pop("$ref")}], **said}
    return said


def _without_null(said: Schema) -> None:
    """Null is no type: it is said of the other types that they may be null."""
    nullable = False
    if isinstance(said.get("type"), list):
        kinds = [kind for kind in said["type"] if kind != "null"]
        nullable = len(kinds) < len(said["type"])
        del said["type"]
        said |= {"type": kinds[0]} if len(kinds) == 1 else {"anyOf": [{"type": kind} for kind in kinds]}
    elif said.get("type") == "null":
        nullable = True
        del said["type"]
    for either in ("anyOf", "oneOf"):
        if either in said:
            kept = [choice for choice in said[either] if choice != {"nullable": True}]
            nullable = nullable or len(kept) < len(said[either])
            said[either] = kept
    if None in said.get("enum", ()):
        nullable, said["enum"] = True, [value for value in said["enum"] if value is not None]
    if said.get("default", 0) is None:
        del said["default"]
    if nullable:
        said["nullable"] = True


def _older_words(said: Schema) -> None:
    if "const" in said:
        said["enum"] = [said.pop("const")]
    if "examples" in said:
        said["example"] = said.pop("examples")[0]
    if "contentMediaType" in said:
        del said["contentMediaType"]
        said["format"] = "binary"
    if "prefixItems" in said:
        said["items"] = {"anyOf": said.pop("prefixItems")}
    for limit in ("Minimum", "Maximum"):
        bound = said.get(f"exclusive{limit}")
        if bound is not None and not isinstance(bound, bool):
            said |= {limit.lower(): bound, f"exclusive{limit}": True}
