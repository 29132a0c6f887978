"""Importing by machine: a file and its mapping in, how far it is and the bad rows out."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app.accounts.auth import Importer, ImportWriter
from app.db import Reading, Writing, begin
from app.errors import Problem, Unprocessable
from app.exchange import queries, service
from app.exchange.presets import PRESETS
from app.exchange.schemas import ImportBody, PreviewBody
from app.strict_json import StrictRoute
from app.uploads import Uploaded

router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=StrictRoute)
ImportId = Annotated[str, Path(pattern=r"^im_[0-9a-z]{1,60}$", examples=["im_0187f2a4c0de"])]
_BEGUN: dict[int | str, dict[str, Any]] = {409: {"model": Problem}}
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "A table with a header: CSV (UTF-8, gzipped or not), XLSX or Parquet.",
                    },
                    "mapping": {
                        "type": "string",
                        "description": "The mapping as JSON, as `winnow import --map` takes it.",
                    },
                    "preset": {
                        "type": "string",
                        "enum": list(PRESETS),
                        "description": "In place of a mapping: whose export the file is.",
                    },
                    "check_sheet": {
                        "type": "string",
                        "description": "With a preset: the check sheet's key; may be left out while only one exists.",
                    },
                    "start": {
                        "type": "string",
                        "enum": ["true", "false"],
                        "description": "`false`: keep the file as a draft for a day, to look at its preview first.",
                    },
                },
            }
        }
    },
}


@router.post(
    "",
    response_model=ImportBody,
    status_code=202,
    responses={422: {"model": Problem}},
    openapi_extra={"requestBody": _BODY},
)
def create_import(session: Writing, caller: ImportWriter, sent: Uploaded, request: Request) -> ImportBody:
    """Take a file to be imported; importing the same file again changes nothing.

    Good rows land, bad rows come back with line and reason, and the file is erased when it is done with.
    """
    mapping, preset = sent.fields.get("mapping"), sent.fields.get("preset")
    if (mapping is None) == (preset is None):
        raise Unprocessable.field(
            "/mapping", "missing", "Send either a mapping as the form field 'mapping', or the name of a 'preset'."
        )
    rows = service.look_at(sent.file)
    now = begin(session)
    run = service.receive(session, caller=caller, file=sent.file, filename=sent.filename, rows=rows, now=now)
    if mapping is not None:
        run.mapping = service.read_mapping(mapping)
    else:
        service.use_preset(session, run, preset=preset or "", check_sheet=sent.fields.get("check_sheet"))
    if _starts(sent.fields.get("start", "true")):
        service.start(session, caller=caller, run=run, now=now)
    return queries.describe_import(session, run).model_copy(update={"request_id": request.state.request_id})


def _starts(said: str) -> bool:
    if said not in {"true", "false"}:
        raise Unprocessable.field("/start", "not_yes_no", "'start' must be true or false.")
    return said == "true"


@router.get("/{import_id}/preview", response_model=PreviewBody, responses=_BEGUN)
def preview_import(session: Reading, caller: Importer, import_id: ImportId, request: Request) -> PreviewBody:
    """Look at what a draft would do with the first rows of its file; nothing is stored."""
    found = queries.preview_draft(session, queries.find_import(session, import_id))
    return PreviewBody.model_validate({**asdict(found), "request_id": request.state.request_id})


@router.post("/{import_id}/start", response_model=ImportBody, status_code=202)
def start_import(session: Writing, caller: ImportWriter, import_id: ImportId, request: Request) -> ImportBody:
    """Begin with a draft; one that has begun goes on as it does."""
    run = queries.find_import(session, import_id)
    service.start(session, caller=caller, run=run, now=begin(session))
    return queries.describe_import(session, run).model_copy(update={"request_id": request.state.request_id})


@router.get("/{import_id}", response_model=ImportBody)
def read_import(session: Reading, caller: Importer, import_id: ImportId, request: Request) -> ImportBody:
    """Read how far an import is, and what became of its rows."""
    found = queries.describe_import(session, queries.find_import(session, import_id))
    return found.model_copy(update={"request_id": request.state.request_id})


@router.get(
    "/{import_id}/errors.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def read_errors(session: Reading, caller: Importer, import_id: ImportId) -> Response:
    """Read the rows that did not land, with line and reason."""
    rows = queries.bad_rows(session, queries.find_import(session, import_id))
    return Response(queries.errors_csv(rows), media_type="text/csv; charset=utf-8")
