"""Exporting by machine: everything the caller may see, as tables."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from app.accounts.auth import Reader
from app.db import DatabaseDep
from app.errors import Problem
from app.exchange.answering import answer_with
from app.exchange.exporting import Form, Table
from app.fields import Key

router = APIRouter(prefix="/v1/exports", tags=["exports"])
Crm = Literal["salesforce", "hubspot", "dynamics", "pipedrive", "odoo"]
_CONTENT = {
    "text/csv": {"schema": {"type": "string"}},
    "application/vnd.apache.parquet": {"schema": {"type": "string"}},
}


@router.get("/{table}.{form}", response_class=Response, responses={200: {"content": _CONTENT}, 422: {"model": Problem}})
def export(
    database: DatabaseDep,
    caller: Reader,
    table: Annotated[Table, Path(description="What to take out; a rep gets the rows of its own prospects.")],
    form: Annotated[Form, Path(description="CSV that no spreadsheet runs a formula of, or Parquet.")],
    check_sheet: Annotated[Key | None, Query(description="Only prospects on this sheet. Default: all.")] = None,
    crm: Annotated[
        Crm | None,
        Query(alias="for", description="For `scores`: the open prospects' scores under the names of a CRM's fields."),
    ] = None,
) -> Response:
    """Take everything out, streamed; our own import reads the files again (preset `winnow`).

    Scores that are withheld are left out, and from files for a CRM always: there their reps would see them.
    """
    return answer_with(database, caller=caller, table=table, form=form, check_sheet=check_sheet, crm=crm)
