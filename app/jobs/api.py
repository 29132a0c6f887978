"""Asking how far a job is."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from app.accounts.auth import Importer
from app.db import Reading
from app.jobs.queries import describe_job
from app.jobs.schemas import JobBody
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=StrictRoute)


@router.get("/{job_id}", response_model=JobBody)
def read_job(
    session: Reading,
    caller: Importer,
    job_id: Annotated[str, Path(pattern=r"^job_[0-9a-z]{1,60}$", examples=["job_0187f2a4c0de"])],
    request: Request,
) -> JobBody:
    """Read how far a job is; `done` of `total`, its result when it has ended."""
    return describe_job(session, job_id).model_copy(update={"request_id": request.state.request_id})
