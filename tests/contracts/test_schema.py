"""The OpenAPI schema and the service agree: generated calls, right and wrong, find no difference."""

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as generate
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from app.main import create_app
from app.settings import Settings

DESCRIBED = create_app(Settings(database_url="sqlite:///never-opened.db", log_level="error")).openapi()
OPERATIONS = sorted((path, method.upper()) for path, calls in DESCRIBED["paths"].items() for method in calls)
# A call that takes nothing can be called in no wrong way.
CALLS = [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS] + [
    (path, method, GenerationMode.NEGATIVE)
    for path, method in OPERATIONS
    if {"parameters", "requestBody"} & DESCRIBED["paths"][path][method.lower()].keys()
]
CONFIG = SchemathesisConfig.from_path(Path(__file__).with_name("schemathesis.toml"))


@pytest.fixture(scope="module")
def described(routed_app):
    """The schema as the service gives it, which takes longer to read than to try."""
    loaded = schemathesis.openapi.from_dict(routed_app.openapi(), config=CONFIG)
    loaded.app = routed_app
    return loaded


@pytest.fixture
def schema(described, bids_api):
    """The schema of a service with a check sheet, its card, and a few prospects."""
    bids_api.put("/v1/prospects/open", json={"answers": {"budget": True}})
    bids_api.put("/v1/prospects/closed", json={"answers": {"budget": False}, "outcome": {"result": "lost"}})
    described.key = bids_api.headers["Authorization"]
    return described


@pytest.mark.parametrize(("path", "method", "mode"), CALLS)
def test_promise_02_generated_calls_are_answered_as_described(schema, path, method, mode):
    """Every check of schemathesis, on every operation, as an admin."""

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @generate(case=schema[path][method].as_strategy(generation_mode=mode))
    def call(case):
        case.call_and_validate(headers={"Authorization": schema.key})

    call()
