"""The document for readers of OpenAPI 2.0, with the extensions by which Power Platform shows calls to makers."""

from typing import Any
from urllib.parse import urlsplit

from app.openapi.walking import Schema, change_schemas, operations, resolve, within

_JSON = "application/json"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
# The calls a flow is made of; the others stand behind them.
_FIRST = {"put_prospect", "record_observation", "put_outcome", "lock_forecast", "read_score"}
_SELDOM = {"cursor", "limit", "if-match", "idempotency-key"}
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems")
_OF_A_PARAMETER = ("type", "format", "enum", "default", "pattern", "items", "maxItems", *_LIMITS)


def to_2_0(document: dict[str, Any]) -> dict[str, Any]:
    """The same calls in OpenAPI 2.0, from a document in 3.0."""
    older: dict[str, Any] = change_schemas(document, _older)
    paths: dict[str, Any] = {}
    for path, method, call in operations(older):
        paths.setdefault(path, {})[method] = _call(older, call)
    return {
        "swagger": "2.0",
        "info": document["info"],
        **_address(document),
        "consumes": [_JSON],
        "produces": [_JSON],
        "securityDefinitions": _keys(document),
        "paths": paths,
        "definitions": older["components"]["schemas"],
    }


def in_words(name: str) -> str:
    """What a maker reads above a field: `expected_close` becomes Expected close."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def _older(schema: Schema) -> Schema:
    said = within(schema, _older)
    if "$ref" in str(said.get("allOf", "")) and len(said["allOf"]) == 1:  # beside a reference nothing is read
        said = said["allOf"][0]
    if "$ref" in said:
        return {"$ref": said["$ref"].replace("#/components/schemas/", "#/definitions/")}
    if said.pop("nullable", False):
        said["x-nullable"] = True
    for either in ("anyOf", "oneOf"):
        if either in said:
            kinds = [str(choice.get("type", "an object")) for choice in said.pop(either)]
            said["description"] = f"{said.get('description', '')} Either {' or '.join(kinds)}.".strip()
    for name, inner in said.get("properties", {}).items():
        if "$ref" not in inner:
            inner["x-ms-summary"] = in_words(name)
    return said


def _address(document: dict[str, Any]) -> dict[str, Any]:
    """Where the service is reached; left out it is where the document came from."""
    for server in document.get("servers", ()):
        parts = urlsplit(server["url"])
        return {"host": parts.netloc, "basePath": parts.path or "/", "schemes": [parts.scheme]}
    return {}


def _keys(document: dict[str, Any]) -> dict[str, Any]:
    """A bearer key is a header to a reader of 2.0."""
    return {
        name: {"type": "apiKey", "in": "header", "name": "Authorization", "description": f"Bearer and {said}"}
        for name, said in (
            (name, scheme.get("description", "the key."))
            for name, scheme in document["components"].get("securitySchemes", {}).items()
        )
    }


def _call(document: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    same = ("operationId", "summary", "description", "tags", "security", "deprecated")
    older = {name: call[name] for name in same if name in call}
    takes, body = _body(document, call)
    media = sorted({kind for answer in call["responses"].values() for kind in answer.get("content", ())})
    older["parameters"] = [_parameter(given) for given in call.get("parameters", ())] + body
    older["responses"] = {status: _answer(answer) for status, answer in call["responses"].items()}
    if takes != _JSON:
        older["consumes"] = [takes]
    if media:
        older["produces"] = media
    return older | _shown(call)


def _shown(call: dict[str, Any]) -> dict[str, str]:
    """How far forward Power Platform puts a call."""
    if "health" in call.get("tags", ()):
        return {"x-ms-visibility": "internal"}
    if call["operationId"] in _FIRST:
        return {"x-ms-visibility": "important"}
    good = [answer for status, answer in call["responses"].items() if status.startswith("2")]
    return {} if any(_JSON in answer.get("content", ()) for answer in good) else {"x-ms-visibility": "advanced"}


def _parameter(given: dict[str, Any]) -> dict[str, Any]:
    older: dict[str, Any] = {
        key: said for key, said in given.items() if key in {"name", "in", "required", "description"}
    }
    older |= _plain(given["schema"]) | {"x-ms-summary": in_words(given["name"])}
    if older.get("required"):
        older["x-ms-visibility"] = "important"
    elif given["name"].lower() in _SELDOM:
        older["x-ms-visibility"] = "advanced"
    return older


def _plain(schema: Schema) -> dict[str, Any]:
    """What 2.0 lets a parameter say of its values."""
    said = {name: schema[name] for name in _OF_A_PARAMETER if name in schema}
    return {"type": "string"} | said | ({"collectionFormat": "multi"} if said.get("type") == "array" else {})


def _body(document: dict[str, Any], call: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The media type a call takes, and its body as parameters."""
    sent = call.get("requestBody", {})
    content = sent.get("content", {})
    if not content:
        return _JSON, []
    if _JSON in content:
        schema = dict(content[_JSON]["schema"])
        said = {"description": sent["description"]} if "description" in sent else {}
        body = {"name": "body", "in": "body", "required": sent.get("required", False), "schema": schema} | said
        return _JSON, [body]
    kind = next((form for form in _FORMS if form in content), next(iter(content)))
    if kind not in _FORMS:
        return kind, [{"name": "body", "in": "body", "required": True, "schema": content[kind]["schema"]}]
    schema = content[kind]["schema"]
    if "$ref" in schema:
        schema = resolve({"components": document["components"]}, schema)
    return kind, [_field(name, said, name in schema.get("required", ())) for name, said in schema["properties"].items()]


def _field(name: str, said: Schema, required: bool) -> dict[str, Any]:
    plain = {"type": "file"} if said.get("format") == "binary" else _plain(said)
    field = {"name": name, "in": "formData", "required": required, "x-ms-summary": in_words(name)}
    return field | ({"description": said["description"]} if "description" in said else {}) | plain


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    older: dict[str, Any] = {"description": answer["description"]}
    for media, content in answer.get("content", {}).items():
        older["schema"] = content.get("schema", {"type": "string"})
        if "example" in content:
            older["examples"] = {media: content["example"]}
    for name, header in answer.get("headers", {}).items():
        older.setdefault("headers", {})[name] = {"description": header.get("description", "")} | _plain(
            header.get("schema", {})
        )
    return older
