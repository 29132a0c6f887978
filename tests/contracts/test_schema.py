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
PATHS = sorted(DESCRIBED["paths"])
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


@pytest.mark.parametrize("path", PATHS)
def test_promise_02_generated_calls_are_answered_as_described(schema, path):
    """Every check of schemathesis, on every operation, as an admin; `scripts/soak calls` makes up many more."""
    for method, described in DESCRIBED["paths"][path].items():
        make_calls(schema, path, method.upper(), GenerationMode.POSITIVE)
        if {"parameters", "requestBody"} & described.keys():  # a call that takes nothing can be called in no wrong way
            make_calls(schema, path, method.upper(), GenerationMode.NEGATIVE)


def make_calls(schema, path, method, mode):
    """Make up a few calls and look at each answer."""

    @settings(
        max_examples=5,
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
