"""What an operator may set, and what is refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def without_environment(monkeypatch):
    """What the machine the tests run on has set does not count."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WINNOW_{name.upper()}", raising=False)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_documented(name):
    """README names every setting an operator may set."""
    assert f"WINNOW_{name.upper()}" in README.read_text(encoding="utf-8")


def test_the_defaults_serve_this_machine_only():
    settings = Settings()
    assert (settings.host, settings.environment) == ("127.0.0.1", "development")


@pytest.mark.parametrize(
    "exposed",
    [
        {"environment": "production"},
        {"host": "0.0.0.0"},  # noqa: S104 - that it is refused is the point
        {"host": "192.168.1.4"},
        {"host": "winnow.example"},
        {"host": "::"},
    ],
)
@pytest.mark.parametrize("secret", [None, "", "short", "development-only"])
def test_a_secret_everyone_knows_serves_nobody_else(exposed, secret):
    given = exposed if secret is None else exposed | {"secret_key": secret}
    with pytest.raises(ValidationError, match="WINNOW_SECRET_KEY"):
        Settings(**given)
    assert Settings(**exposed, secret_key="x" * 32)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_the_default_secret_will_do(host):
    assert Settings(host=host).host == host


def test_the_environment_is_read_with_a_prefix(monkeypatch):
    monkeypatch.setenv("WINNOW_PORT", "9000")
    monkeypatch.setenv("PORT", "9001")
    assert Settings().port == 9000


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings().port = 9000


def test_secrets_are_not_shown():
    settings = Settings(secret_key="canary" * 6, database_url="postgresql://u:canary@h/n")
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    "wrong", [{"port": 70_000}, {"environment": "staging"}, {"log_level": "loud"}, {"lock_wait_seconds": 0}]
)
def test_a_setting_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)
