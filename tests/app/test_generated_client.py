"""A client that another's tool generates from the document does a team's day over a real server."""

import importlib
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
import openapi_python_client as generator
import pytest
from openapi_python_client.config import Config, ConfigFile, MetaType

from tests.builders import sheet

# Media the generator knows no reader for are bytes to it.
BYTES = dict.fromkeys(("image/png", "image/svg+xml", "text/csv", "text/plain"), "application/octet-stream")


@pytest.fixture(scope="session")
def generated(routed_app, tmp_path_factory) -> Iterator[str]:
    """The name of a package generated from /openapi.json, gone with the test run."""
    folder = tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_bytes(msgspec.json.encode(routed_app.openapi()))
    config = Config.from_sources(
        ConfigFile(post_hooks=[], content_type_overrides=BYTES),
        MetaType.NONE,
        document,
        "utf-8",
        overwrite=False,
        output_path=folder / "winnow_client",
    )
    assert generator.generate(config=config) == []
    sys.path.insert(0, str(folder))
    yield "winnow_client"
    sys.path.remove(str(folder))


@pytest.fixture
def call(generated, database_url, serve, make_key):
    """Call an operation by its name: `call("prospects", "put_prospect", "crm-1", body=("UpsertInput", {…}))`."""
    client = importlib.import_module(generated).AuthenticatedClient(base_url=serve(database_url), token=make_key())
    models = importlib.import_module(f"{generated}.models")

    def make(tag: str, operation: str, *words: str, body: tuple[str, dict[str, Any]] | None = None) -> Any:
        given = {}
        if body is not None:
            given["body"] = getattr(models, body[0]).from_dict(body[1])
        module = importlib.import_module(f"{generated}.api.{tag}.{operation}")
        return module.sync_detailed(*words, client=client, **given)

    with client:
        yield make


def test_promise_01_a_generated_client_does_a_teams_day(call):
    """Sheet, prospect with answers, forecast, score, batch, outcome: typed both ways, nothing by hand."""
    assert call("check_sheets", "put_sheet", "bids", body=("SheetInput", sheet())).status_code == HTTPStatus.CREATED

    upsert = {"name": "Inline gauge", "owner": "ada", "amount": "60000.00", "answers": {"budget": True, "size": 40}}
    put = call("scores", "put_prospect", "crm/1042 ä", body=("UpsertInput", upsert))
    assert (put.status_code, put.parsed.external_id, put.parsed.warnings) == (HTTPStatus.CREATED, "crm/1042 ä", [])

    forecast = call("forecasts", "lock_forecast", "crm/1042 ä", body=("ForecastInput", {"probability": 0.75})).parsed
    score = call("scores", "read_score", "crm/1042 ä").parsed
    assert forecast.score.points == score.points == score.base_points + sum(reason.points for reason in score.reasons)

    entries = {"items": [{"prospect": "crm/1042 ä"}, {"prospect": "nobody"}]}
    batch = call("scores", "score_batch", body=("ScoreBatch", entries)).parsed
    scored, missing = batch.items
    assert (scored.status, scored.body.score) == (200, score.score)
    assert (missing.status, missing.problem.code) == (404, "no_such_prospect")

    closed = call("scores", "put_outcome", "crm/1042 ä", body=("OutcomeInput", {"result": "won"})).parsed
    assert (closed.state, closed.applied, closed.outcome.result) == ("won", True, "won")
    assert call("scores", "read_score", "nobody").parsed.code == "no_such_prospect"
