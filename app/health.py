"""Is it alive, can it serve, and how is it doing."""

from fastapi import APIRouter, Request, Response
from prometheus_client import generate_latest
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.db import DatabaseDep
from app.errors import AppError, Problem
from app.migrating import pending_migrations

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The state of the service."""

    status: str


class NotReady(AppError):
    """The service runs and cannot serve yet."""

    status, code = 503, "not_ready"


@router.get("/health/live", response_model=Health)
async def live() -> Health:
    """Whether the process answers; touches nothing else."""
    return Health(status="alive")


@router.get("/health/ready", response_model=Health, responses={503: {"model": Problem}})
def ready(database: DatabaseDep) -> Health:
    """Whether the database answers and its schema is ours."""
    try:
        pending = pending_migrations(database.engine)
    except SQLAlchemyError as error:
        not_ready = NotReady("The database does not answer.")
        not_ready.headers = {"Retry-After": "5"}
        raise not_ready from error
    if pending:
        not_ready = NotReady("The database needs `winnow migrate`.")
        not_ready.headers = {"Retry-After": "30"}
        raise not_ready
    return Health(status="ready")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type="text/plain; version=0.0.4")
