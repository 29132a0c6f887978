"""A card in the forms people and other programs take it in, one file a form."""

from collections.abc import Callable
from typing import NamedTuple

from app.scorecards.exports import csv_file, json_file, markdown, salesforce, spreadsheet, sql
from app.scorecards.exports.reading import Exported


class Form(NamedTuple):
    """How a form is written, and what it is sent as."""

    write: Callable[[Exported], str]
    media_type: str


FORMATS = {
    "json": Form(json_file.write, "application/json"),
    "csv": Form(csv_file.write, "text/csv"),
    "markdown": Form(markdown.write, "text/markdown"),
    "sql": Form(sql.write, "application/sql"),
    "formula": Form(spreadsheet.write, "text/plain"),
    "formula-salesforce": Form(salesforce.write, "text/plain"),
}
