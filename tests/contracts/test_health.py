"""Alive, ready, and counted."""

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings


@pytest.fixture
def anyone(app):
    """A client without a key."""
    return TestClient(app, raise_server_exceptions=False)


def test_it_is_alive_and_ready(anyone):
    assert anyone.get("/health/live").json() == {"status": "alive"}
    assert anyone.get("/health/ready").json() == {"status": "ready"}


def test_it_is_not_ready_before_its_tables_are_there(empty_url):
    app = create_app(Settings(database_url=empty_url, log_level="error"))
    answer = TestClient(app).get("/health/ready")
    app.state.database.engine.dispose()
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "not_ready", "30")


def test_it_is_not_ready_on_another_schema(anyone, database):
    with database.engine.begin() as connection:
        was = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    answer = anyone.get("/health/ready")
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :was"), {"was": was})
    assert answer.status_code == 503


def test_without_its_database_it_lives_and_is_not_ready(tmp_path):
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'no' / 'such.db'}", log_level="error"))
    with TestClient(app) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "not_ready", "5")


def test_metrics_count_by_route_and_hold_no_id(bids_api):
    """Paths hold customers' ids, so their pattern is counted."""
    bids_api.get("/v1/prospects/canary-42")
    figures = bids_api.get("/metrics").text
    assert 'winnow_requests_total{method="GET",route="/v1/prospects/{external_id}",status="404"}' in figures
    assert "canary" not in figures
