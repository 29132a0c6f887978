"""The application, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app import health, pages, static_files
from app.accounts import pages as accounts_pages
from app.accounts.sign_in import Doorkeeper, Limits
from app.accounts.throttling import RequestLimit, Throttle
from app.checksheets import api as checksheets
from app.checksheets import pages as checksheets_pages
from app.db import Database
from app.dossier import pages as dossier_pages
from app.errors import Problem, install_handlers
from app.exchange import api as exchange
from app.exchange import export_api as exports
from app.exchange import export_pages
from app.exchange import pages as exchange_pages
from app.filling import pages as filling_pages
from app.firstday import pages as firstday_pages
from app.forecasts import api as forecasts
from app.handlers import ROUTINES, WAITING
from app.home import pages as home_pages
from app.hooks import api as hooks
from app.hooks import pages as hooks_pages
from app.jobs import api as jobs
from app.jobs.worker import Foreman
from app.joining import api as joining
from app.lists import pages as lists_pages
from app.lists import prospect_pages
from app.logs import configure_logs
from app.middleware import Around, LimitedBody, Metrics
from app.openapi.document import install_documents
from app.outgoing import Rules
from app.panel import api as panel
from app.panel import pages as panel_pages
from app.paths import EscapedSlashes
from app.privacy import api as privacy
from app.prospects import api as prospects
from app.reports import routes as reports
from app.scorecards import api as scorecards
from app.scorecards import pages as scorecards_pages
from app.scoring import api as scoring
from app.settings import Settings
from app.team import pages as team_pages
from app.training import api as training
from app.training import pages as training_pages
from app.training import sheet_pages
from app.uploads import PATHS as UPLOADS
from app.version import VERSION
from app.webhooks import api as webhooks
from app.webhooks import pages as webhooks_pages

DESCRIPTION = """Prospect qualification: check-sheet observations in, a scorecard a person can add up and quality scores
with reasons out. Send `Authorization: Bearer <key>` with every call. Every error is `application/problem+json` with a
stable `code`."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application from settings; nothing reads the environment later."""
    settings = settings or Settings()
    configure_logs(settings.log_level)
    database = Database(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        foreman = Foreman(database, settings, WAITING, ROUTINES) if settings.jobs == "child" else None
        if foreman:
            foreman.start()
        yield
        if foreman:
            foreman.close()
        database.engine.dispose()

    errors: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem} for status in (400, 401, 403, 404, 413, 422, 429, 503)
    }
    app = FastAPIOffline(  # the interactive docs come from here, not from the internet
        redoc_url=None,
        title="Winnow",
        version=VERSION,
        description=DESCRIPTION,
        servers=[{"url": settings.base_url}] if settings.base_url else None,
        lifespan=lifespan,
        redirect_slashes=False,  # a path with a step too many is no path of ours
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.database = database
    app.state.secret = settings.secret_key.get_secret_value()
    app.state.base_url = settings.base_url
    app.state.panel_origins = settings.panel_origins
    app.state.hubspot_secret = settings.hubspot_secret.get_secret_value()
    app.state.webhook_rules = Rules.of(settings.webhook_networks)
    app.state.keeper = make_keeper(settings)
    app.state.metrics = Metrics()
    app.state.request_limit = RequestLimit(settings.rate_limits_url.get_secret_value(), settings.requests_per_minute)
    app.state.running = set()  # calls with an idempotency key that are under way
    install_handlers(app, pages)
    features = (
        prospects,
        privacy,
        joining,
        checksheets,
        scorecards,
        scoring,
        training,
        forecasts,
        panel,
        exchange,
        exports,
        jobs,
        webhooks,
    )
    for feature in features:
        app.include_router(feature.router, responses=errors)
    app.include_router(hooks.router, responses=errors)
    app.include_router(hooks.open_router, responses=errors)
    app.include_router(forecasts.batches, responses=errors)
    app.include_router(reports.api, responses=errors)
    first_day = (
        firstday_pages,
        sheet_pages,
        checksheets_pages,
        exchange_pages,
        export_pages,
        training_pages,
        scorecards_pages,
    )
    daily = (home_pages, lists_pages, prospect_pages, filling_pages, dossier_pages, panel_pages)
    for frame in (*daily, *first_day, team_pages, webhooks_pages, hooks_pages, accounts_pages, static_files, health):
        app.include_router(frame.router)
    app.include_router(reports.pages)
    install_documents(app)
    app.add_middleware(EscapedSlashes)
    app.add_middleware(
        LimitedBody, most=settings.max_body_bytes, most_at=dict.fromkeys(UPLOADS, settings.max_upload_bytes)
    )
    app.add_middleware(Around, metrics=app.state.metrics)
    return app


def make_keeper(settings: Settings) -> Doorkeeper:
    """Whoever lets people in, by these settings; nobody has failed yet."""
    limits = Limits(idle=timedelta(hours=settings.session_idle_hours), longest=timedelta(days=settings.session_days))
    throttle = Throttle(settings.rate_limits_url.get_secret_value())
    return Doorkeeper(secret=settings.secret_key.get_secret_value(), limits=limits, throttle=throttle)
