"""The stylesheet, the script and the icon: each under an address that names its content, so it may be kept for ever."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from app.errors import NotFound

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    name: str
    body: bytes
    zipped: bytes
    media_type: str


@cache
def _by_file() -> dict[str, StaticFile]:
    found = {}
    for entry in files("app").joinpath("static").iterdir():
        body = entry.read_bytes()
        stem, _, kind = entry.name.rpartition(".")
        name = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{kind}"
        media_type = mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
        found[entry.name] = StaticFile(name, body, gzip.compress(body, mtime=0), media_type)
    return found


@cache
def _by_name() -> dict[str, StaticFile]:
    return {file.name: file for file in _by_file().values()}


def static_path(file: str) -> str:
    """Where a browser finds a file of app/static."""
    return f"/static/{_by_file()[file].name}"


@router.get("/static/{name}", name="static")
async def static(request: Request, name: str) -> Response:
    """One file, which never changes under this address; zipped, which pages with their tokens never are."""
    file = _by_name().get(name)
    if file is None:
        raise NotFound("There is no such file; load the page again.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(file.body, media_type=file.media_type, headers=headers)
    return Response(file.zipped, media_type=file.media_type, headers=headers | {"Content-Encoding": "gzip"})
