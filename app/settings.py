"""What an operator may set, read once from the environment and passed on."""

import ipaddress
import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only"  # noqa: S105 - refused wherever others can reach the service
# A site as a browser names it; unencrypted only on this machine, or anybody on the way could frame what they like.
_HOST = r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?"
_ORIGIN = re.compile(rf"https://{_HOST}|https?://(localhost|127\.0\.0\.1)(:\d{{1,5}})?")


def _in_words(value: Any) -> Any:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _each_a_site(value: tuple[str, ...]) -> tuple[str, ...]:
    for origin in value:
        if not _ORIGIN.fullmatch(origin):
            msg = f"{origin!r} is not a site as in https://app.hubspot.com: https, a host, and nothing after it"
            raise ValueError(msg)
    return value


def _each_a_network(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(one)) for one in value)


Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_in_words), AfterValidator(_each_a_network)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_in_words), AfterValidator(_each_a_site)]


class Settings(BaseSettings):
    """Every setting is an environment variable with the prefix WINNOW_."""

    model_config = SettingsConfigDict(env_prefix="WINNOW_", frozen=True)

    environment: Literal["development", "production"] = Field(
        default="development", description="`production` refuses the default secret and a missing one."
    )
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///winnow.db"),
        description="Where everything is kept: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(DEVELOPMENT_SECRET),
        description="What API keys are hashed with: 32 characters or more, kept for as long as the keys are to work.",
    )
    host: str = Field(default="127.0.0.1", description="The address `winnow serve` listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port `winnow serve` listens on.")
    max_body_bytes: int = Field(
        default=5_000_000, ge=1_000, description="The largest request body taken, in bytes as they arrive."
    )
    max_upload_bytes: int = Field(
        default=200_000_000, ge=1_000, description="The largest file taken for an import, in bytes as they arrive."
    )
    jobs: Literal["child", "elsewhere"] = Field(
        default="child",
        description="Who does imports, trainings and deliveries: `child` = a process this server starts when there are "
        "any; `elsewhere` = one or more `winnow worker` processes.",
    )
    pool_size: int = Field(default=50, ge=1, description="The most database connections one process opens.")
    lock_wait_seconds: float = Field(
        default=30.0, gt=0, description="How long a write waits for its turn before the caller is told to try again."
    )
    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#]+$",
        description="Where people reach the service, as in `https://winnow.example.com`; links handed over begin so.",
    )
    session_idle_hours: int = Field(
        default=72, ge=1, le=8760, description="After how many hours without a visit a person has to sign in again."
    )
    session_days: int = Field(
        default=30, ge=1, le=365, description="After how many days a person has to sign in again, visits or not."
    )
    panel_origins: Origins = Field(
        default=(),
        description="The sites that may show the score panel in a frame, with blanks between: "
        "`https://app.hubspot.com https://*.lightning.force.com`. None, unless named.",
    )
    requests_per_minute: int = Field(
        default=6_000, ge=1, description="How many calls a minute one API key may make; beyond that it is told to wait."
    )
    webhook_networks: Networks = Field(
        default=(),
        description="The networks that events may be sent to although they are not public, unencrypted too, with "
        "blanks between: `127.0.0.0/8 10.20.0.0/16`. None, unless named.",
    )
    hubspot_secret: SecretStr = Field(
        default=SecretStr(""),
        description="The client secret of your HubSpot app, by which hooks tell that a call is HubSpot's.",
    )
    rate_limits_url: SecretStr = Field(
        default=SecretStr("memory://"),
        description="Where calls and failed sign-ins are counted: `memory://`, or `redis://…` (with redis installed).",
    )
    retention_months: int | None = Field(
        default=None,
        ge=1,
        description="After how many months without a word `winnow forget` erases who a prospect is; none: never.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important message that is logged."
    )

    def plain_json(self) -> str:
        """Every setting with its secrets, for a process of our own."""
        shown = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in self}
        return json.dumps(shown)

    @model_validator(mode="after")
    def refuse_default_secret(self) -> Self:
        """A key hashed with a secret everyone can read is no secret."""
        exposed = self.environment == "production" or self.host not in {"127.0.0.1", "localhost", "::1"}
        if exposed and len(self.secret_key.get_secret_value()) < 32:
            msg = "Set WINNOW_SECRET_KEY to 32 random characters or more before serving others than this machine."
            raise ValueError(msg)
        return self
