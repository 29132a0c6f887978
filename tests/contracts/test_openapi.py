"""Three documents of the same calls: each valid, each without what its readers choke on, each saying everything."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest
from starlette.testclient import TestClient

from app.openapi.glossary import WORDS
from app.openapi.version_3_0 import to_3_0
from app.openapi.walking import operations, within

VERSIONS = ("3.1", "3.0", "2.0")
LONGEST_DESCRIPTION = 1333  # Salesforce cuts there
APEX = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
JSON = "application/json"
Document = dict[str, Any]


@pytest.fixture(scope="session")
def documents(routed_app) -> dict[str, Document]:
    """What the service serves under each address."""
    client = TestClient(routed_app)
    paths = {"3.1": "/openapi.json", "3.0": "/openapi-3.0.json", "2.0": "/openapi-2.0.json"}
    return {version: client.get(path).json() for version, path in paths.items()}


def schemas_of(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a document with those within it, and where it stands."""

    def all_within(where: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        inner: list[dict[str, Any]] = []
        within(schema, lambda one: inner.append(one) or one)
        yield where, schema
        for one in inner:
            yield from all_within(where, one)

    named = document["definitions"] if "swagger" in document else document["components"]["schemas"]
    for name, schema in named.items():
        yield from all_within(name, schema)
    for _, _, call in operations(document):
        bodies = [call.get("requestBody", {}), *call["responses"].values()]
        contents = [content for body in bodies for content in body.get("content", {}).values()]
        for part in [*call.get("parameters", ()), *contents, *call["responses"].values()]:
            if "schema" in part:
                yield from all_within(call["operationId"], part["schema"])


def say(call: dict[str, Any]) -> tuple[Any, ...]:
    """What a call is, in words common to all three versions; a body is its own parameter in 2.0."""
    given = {(one["name"], one["in"], one.get("required", False)) for one in call.get("parameters", ())}
    plain = {one for one in given if one[1] not in {"body", "formData"}}
    return call["operationId"], call.get("summary"), frozenset(plain), frozenset(call["responses"])


@pytest.mark.parametrize("version", VERSIONS)
def test_promise_01_each_document_is_valid(documents, version):
    """By the specification's own schema, references and path parameters included."""
    document = documents[version]
    assert (document.get("openapi") or document["swagger"]).startswith(version)
    openapi_spec_validator.validate(document)


def test_promise_01_the_three_name_the_same_calls(documents):
    """Paths, methods, ids, parameters and statuses."""
    newest, older, oldest = (
        {(path, method): say(call) for path, method, call in operations(documents[version])} for version in VERSIONS
    )
    assert len(newest) > 60
    assert newest == older == oldest


def test_promise_01_the_three_require_the_same_fields(documents):
    """Of every named schema: the same fields, the same required."""
    newest, older, oldest = (
        {
            name: (set(schema.get("properties", ())), set(schema.get("required", ())))
            for name, schema in (document.get("definitions") or document["components"]["schemas"]).items()
        }
        for document in documents.values()
    )
    assert newest == older == oldest


def test_promise_01_the_three_take_the_same_bodies(documents):
    """A form's fields are parameters of their own in 2.0, another body is one."""
    forms = {
        call["operationId"]: set(content["schema"]["properties"])
        for _, _, call in operations(documents["3.0"])
        for media, content in call.get("requestBody", {}).get("content", {}).items()
        if media == "multipart/form-data"
    }
    oldest = {call["operationId"]: call["parameters"] for _, _, call in operations(documents["2.0"])}
    assert {name: {one["name"] for one in oldest[name] if one["in"] == "formData"} for name in forms} == forms
    bodies = {call["operationId"] for _, _, call in operations(documents["3.1"]) if "requestBody" in call}
    sent = {name for name, given in oldest.items() if any(one["in"] in {"body", "formData"} for one in given)}
    assert sent == bodies


def test_promise_01_the_2_0_document_is_below_1_mb(routed_app):
    """Power Platform refuses a larger file."""
    assert len(TestClient(routed_app).get("/openapi-2.0.json").content) < 1_000_000


def test_promise_01_names_are_apex_names_of_at_most_80_letters(documents):
    """Salesforce makes classes and methods of them: a letter first, no two underscores together, none at the end."""
    calls = [call["operationId"] for _, _, call in operations(documents["3.0"])]
    names = [*calls, *documents["3.0"]["components"]["schemas"]]
    assert [name for name in names if len(name) > 80 or not APEX.fullmatch(name)] == []
    assert len(set(calls)) == len(calls)


def test_promise_01_3_0_knows_no_word_of_3_1(documents):
    """No null types, const, numeric exclusives, tuples, lists of examples or uploads by media type."""
    newer = {"const", "prefixItems", "examples", "contentMediaType", "contentEncoding", "propertyNames", "$defs"}
    found = [
        (where, schema)
        for where, schema in schemas_of(documents["3.0"])
        if newer & schema.keys()
        or schema.get("type") == "null"
        or isinstance(schema.get("type"), list)
        or not all(isinstance(schema.get(f"exclusive{limit}", True), bool) for limit in ("Minimum", "Maximum"))
        or ("$ref" in schema and len(schema) > 1)
    ]
    assert found == []


def test_promise_01_2_0_knows_no_choice_of_types_and_no_null(documents):
    found = [
        where for where, one in schemas_of(documents["2.0"]) if {"oneOf", "anyOf", "nullable", "const"} & one.keys()
    ]
    assert found == []


def test_promise_01_lists_hold_values_or_what_has_a_name(documents):
    """A list of lists, or of objects without a name, cannot be used in a flow."""
    items = [(where, one["items"]) for where, one in schemas_of(documents["3.0"]) if "items" in one]
    assert [(where, one) for where, one in items if one.get("type") == "array" or "properties" in one] == []


def test_promise_01_no_get_takes_a_body(documents):
    """Salesforce refuses the whole document for one."""
    assert [
        path for path, method, call in operations(documents["3.0"]) if method == "get" and "requestBody" in call
    ] == []


def test_promise_01_every_call_says_what_it_does(documents):
    """A name for makers and a description that is not cut."""
    for path, method, call in operations(documents["2.0"]):
        assert call["summary"], (method, path)
        assert 0 < len(call["description"]) <= LONGEST_DESCRIPTION, (method, path)


def test_promise_01_every_field_and_parameter_says_what_it_means(documents):
    """In the schema itself, or by the glossary."""
    fields = [
        f"{where}.{name}"
        for where, schema in schemas_of(documents["3.1"])
        for name, field in schema.get("properties", {}).items()
        if not 0 < len(field.get("description", "")) <= LONGEST_DESCRIPTION
    ]
    given = [
        (call["operationId"], one["name"])
        for _, _, call in operations(documents["3.1"])
        for one in call.get("parameters", ())
        if not one.get("description")
    ]
    assert (fields, given) == ([], [])


def test_promise_01_power_platform_has_a_label_for_whatever_is_typed_in(documents):
    labelled = [one for _, _, call in operations(documents["2.0"]) for one in call["parameters"] if one["in"] != "body"]
    assert [one["name"] for one in labelled if not one.get("x-ms-summary")] == []
    assert {one.get("x-ms-visibility", "none") for one in labelled} == {"important", "advanced", "none"}


@pytest.mark.parametrize("version", VERSIONS[:2])
def test_promise_01_every_body_has_an_example_that_fits(documents, version):
    """In 3.1, whose schemas are JSON Schema, each example is held against its schema."""
    document = documents[version]
    for _, _, call in operations(document):
        for body in (call.get("requestBody", {}), *call["responses"].values()):
            for content in (one for media, one in body.get("content", {}).items() if media == JSON):
                assert "example" in content, call["operationId"]
                if version == "3.1":
                    whole = {**content["schema"], "components": document["components"]}
                    jsonschema.Draft202012Validator(whole).validate(content["example"])


def test_promise_01_the_examples_of_requests_can_be_sent(documents, api):
    """In the order in which a team would: what the document shows is accepted by the service."""
    document = documents["3.1"]
    order = ["put_sheet", "put_prospect", "record_observation", "lock_forecast", "record_stage", "record_effort",
             "put_outcome", "record_experience", "score_what_if", "score_batch"]  # fmt: skip
    calls = {call["operationId"]: (path, method, call) for path, method, call in operations(document)}
    for name in order:
        path, method, call = calls[name]
        address = path.format(key="industrial", external_id="crm-1042")
        answer = api.request(method, address, json=call["requestBody"]["content"][JSON]["example"])
        assert answer.status_code < 300, (name, answer.text)


def test_promise_01_what_answers_with_a_score_says_by_which_card_and_for_which_request(documents):
    """Some callers cannot read headers, so the body carries all."""
    document = documents["3.0"]
    plain = {"read_prospect"}  # a prospect as it stands, which is the same whoever asks and how often
    for _, _, call in operations(document):
        for status, answer in call["responses"].items():
            schema = answer.get("content", {}).get(JSON, {}).get("schema", {})
            fields = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
            there = set(fields.get("properties", ()))
            if status.startswith("2") and "score" in there:
                assert "scorecard" in there, call["operationId"]
            if status.startswith("2") and "score" in there and call["operationId"] not in plain:
                assert "request_id" in there, call["operationId"]
            if status.startswith("2") and {"score", "grade"} <= there and call["operationId"] not in plain:
                assert "warnings" in there, call["operationId"]


def test_the_glossary_explains_no_field_that_is_not_there(documents):
    """A field that went takes its word with it."""
    schemas = documents["3.1"]["components"]["schemas"]
    fields = {name for schema in schemas.values() for name in schema.get("properties", ())}
    given = {one["name"] for _, _, call in operations(documents["3.1"]) for one in call.get("parameters", ())}
    named = {f"{name}.{field}" for name, schema in schemas.items() for field in schema.get("properties", ())}
    assert set(WORDS) - fields - given - named == set()


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        ({"type": ["integer", "null"]}, {"type": "integer", "nullable": True}),
        (
            {"anyOf": [{"$ref": "#/a"}, {"type": "null"}], "description": "x"},
            {"allOf": [{"$ref": "#/a"}], "description": "x", "nullable": True},
        ),
        ({"const": "for"}, {"enum": ["for"]}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"prefixItems": [{"type": "string"}]}, {"items": {"anyOf": [{"type": "string"}]}}),
        ({"examples": [3, 4]}, {"example": 3}),
        ({"contentMediaType": "image/png", "type": "string"}, {"type": "string", "format": "binary"}),
        ({"properties": {"const": {"const": 1}}}, {"properties": {"const": {"enum": [1]}}}),
        ({"default": None, "type": "string"}, {"type": "string"}),
    ],
)
def test_what_3_1_says_anew_3_0_says_in_its_own_words(newer, older):
    """Each construct that breaks a reader of 3.0; a property named like a keyword stays a property."""
    document = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"One": newer}}}
    assert to_3_0(document)["components"]["schemas"]["One"] == older
