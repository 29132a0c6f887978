"""Forms with a file: read only for those who may send one, kept off memory, and as large as the settings allow."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import IO, Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from app.errors import Unprocessable
from app.forms import Form, check_form, refuse_other_sites

_MOST_FILES = 10  # read to be told that it is one too many
PATHS = ("/v1/imports", "/import")  # where bodies may be as large as a file


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent, with the fields beside it."""

    fields: Mapping[str, str]
    file: IO[bytes]
    filename: str


async def read_upload(request: Request) -> AsyncIterator[Upload]:
    """The one file of a form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Unprocessable.field("/file", "missing", "Send the file as multipart/form-data, in the field 'file'.")
    async with request.form(max_files=_MOST_FILES, max_fields=20) as sent:
        request.state.form = sent
        yield _upload(sent)


def _upload(sent: FormData) -> Upload:
    if sum(isinstance(value, UploadFile) for _, value in sent.multi_items()) > 1:
        raise Unprocessable.field("/file", "one_file", "Send one file at a time: each is an import of its own.")
    file = sent.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Unprocessable.field("/file", "missing", "Choose a file first.")
    fields = {name: value for name, value in sent.items() if isinstance(value, str)}
    return Upload(fields, file.file, file.filename)


async def read_posted_upload(request: Request) -> AsyncIterator[tuple[Form, Upload | None]]:
    """The same of a page's form, protected as all forms are; None where no file was chosen."""
    refuse_other_sites(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield check_form(request, {name: str(value) for name, value in (await request.form()).items()}), None
        return
    async with request.form(max_files=_MOST_FILES, max_fields=20) as sent:
        form = check_form(request, {name: value for name, value in sent.items() if isinstance(value, str)})
        file = sent.get("file")
        chosen = isinstance(file, UploadFile) and file.filename
        yield form, _upload(sent) if chosen else None


Uploaded = Annotated[Upload, Depends(read_upload)]
PostedUpload = Annotated[tuple[Form, Upload | None], Depends(read_posted_upload)]
