"""Everything taken out again as tables, a few thousand rows at a time, so that neither memory nor a lock grows."""

import csv
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, not_, select, true
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.tables import CheckSheet, Observation
from app.db import Database
from app.errors import Unprocessable
from app.exchange.files import UnreadableFile, replacing, write_table
from app.exchange.presets import ANSWER, TAKEN_BACK
from app.forecasts.tables import Forecast
from app.prospects.queries import visible_to
from app.prospects.tables import OPEN, OutcomeEntry, Prospect
from app.prospects.withholding import awaiting_forecast, sight_of, sight_of_embeds
from app.scorecards.queries import load_card
from app.scoring.tables import ScoreEntry
from app.tabular import no_formula

Table = Literal["prospects", "observations", "outcomes", "forecasts", "scores"]
Form = Literal["csv", "parquet"]
# How each CRM calls the column by which it knows a deal again.
IDS = {"salesforce": "Id", "hubspot": "Record ID", "dynamics": "opportunityid", "pipedrive": "ID", "odoo": ".id"}
_AT_ONCE = 2_000
_REASONS = 3


@dataclass(frozen=True)
class Exported:
    """A table to be written: its columns with their types, and its rows in chunks."""

    columns: dict[str, str]
    chunks: Iterator[list[list[Any]]]


@dataclass(frozen=True)
class _Source:
    """Where a table comes from: its rows in the order of their ids, and those that hold answers."""

    entity: type[Any]
    columns: dict[str, tuple[Any, str]]
    answers: Any = None


_PROSPECT = {
    "external_id": (Prospect.external_id, "VARCHAR"),
    "check_sheet": (Prospect.check_sheet, "VARCHAR"),
}
_SCORE = {"score", "grade", "probability", "scorecard", "data_probability"}
_SOURCES: dict[str, _Source] = {
    "prospects": _Source(
        Prospect,
        {
            **_PROSPECT,
            **{name: (getattr(Prospect, name), "VARCHAR") for name in ("name", "owner", "account", "source")},
            "amount": (Prospect.amount, "DECIMAL(15,2)"),
            "currency": (Prospect.currency, "VARCHAR"),
            "stage": (Prospect.stage, "VARCHAR"),
            "arrived_at": (Prospect.arrived_at, "TIMESTAMP"),
            "expected_close": (Prospect.expected_close, "DATE"),
            **{
                f"brief_{name}": (Prospect.brief[name].as_string(), "VARCHAR")
                for name in ("looks_for", "what_fits", "trust")
            },
            "waiting_for": (Prospect.waiting_for, "VARCHAR"),
            "look_again_at": (Prospect.look_again_at, "TIMESTAMP"),
            "state": (Prospect.state, "VARCHAR"),
            "decided_at": (Prospect.decided_at, "TIMESTAMP"),
            "score": (Prospect.score, "INTEGER"),
            "grade": (Prospect.grade, "VARCHAR"),
            "probability": (Prospect.probability, "DOUBLE"),
            "scorecard": (Prospect.scorecard_id, "VARCHAR"),
            "created_at": (Prospect.created_at, "TIMESTAMP"),
            "updated_at": (Prospect.updated_at, "TIMESTAMP"),
        },
        Prospect.answers,
    ),
    "observations": _Source(
        Observation,
        {
            **_PROSPECT,
            "observed_at": (Observation.observed_at, "TIMESTAMP"),
            "recorded_at": (Observation.recorded_at, "TIMESTAMP"),
            "observer": (Observation.observer, "VARCHAR"),
            "evidence": (Observation.evidence, "VARCHAR"),
            "reconstructed": (Observation.reconstructed, "BOOLEAN"),
            "imported": (Observation.imported, "BOOLEAN"),
        },
        Observation.answers,
    ),
    "outcomes": _Source(
        OutcomeEntry,
        {
            **_PROSPECT,
            "result": (OutcomeEntry.result, "VARCHAR"),
            "decided_at": (OutcomeEntry.decided_at, "TIMESTAMP"),
            "amount": (OutcomeEntry.amount, "DECIMAL(15,2)"),
            "margin": (OutcomeEntry.margin, "DECIMAL(15,2)"),
            "currency": (OutcomeEntry.currency, "VARCHAR"),
            "reason": (OutcomeEntry.reason, "VARCHAR"),
            "recorded_at": (OutcomeEntry.recorded_at, "TIMESTAMP"),
        },
    ),
    "forecasts": _Source(
        Forecast,
        {
            **_PROSPECT,
            "by": (Forecast.owner, "VARCHAR"),
            "kind": (Forecast.kind, "VARCHAR"),
            "probability": (Forecast.probability, "DOUBLE"),
            "category": (Forecast.category, "VARCHAR"),
            "made_at": (Forecast.made_at, "TIMESTAMP"),
            "locked_at": (Forecast.locked_at, "TIMESTAMP"),
            "data_probability": (Forecast.data_probability, "DOUBLE"),
            "scorecard": (Forecast.scorecard_id, "VARCHAR"),
        },
    ),
    "scores": _Source(
        ScoreEntry,
        {
            **_PROSPECT,
            "scored_at": (ScoreEntry.scored_at, "TIMESTAMP"),
            "score": (ScoreEntry.score, "INTEGER"),
            "grade": (ScoreEntry.grade, "VARCHAR"),
            "probability": (ScoreEntry.probability, "DOUBLE"),
            "points": (ScoreEntry.points, "INTEGER"),
            "scorecard": (ScoreEntry.scorecard_id, "VARCHAR"),
            "cause": (ScoreEntry.cause, "VARCHAR"),
        },
    ),
}


def export_table(database: Database, *, caller: Caller, table: Table, check_sheet: str | None) -> Exported:
    """A table of what the caller may see; while a score is withheld, what would give it away is left out."""
    source = _SOURCES[table]
    with database.reading() as session:
        sight, items = sight_of(session, caller), _items(session, check_sheet) if source.answers is not None else []
    columns = {name: kind for name, (_, kind) in source.columns.items()}
    shown = [*source.columns]
    hidden = [shown.index(name) for name in shown if name in _SCORE and (table, name) != ("forecasts", "probability")]

    def read(row: Sequence[Any]) -> list[Any]:
        cells = list(row[3 : 3 + len(shown)])
        if sight.blinded and row[1]:
            for at in hidden:
                cells[at] = None
        answers = row[2] or {}
        return cells + [TAKEN_BACK if answers.get(key, "") is None else answers.get(key) for key in items]

    head = [source.entity.id, awaiting_forecast(), source.answers if source.answers is not None else true()]
    query = select(*head, *(column for column, _ in source.columns.values())).where(_wanted(caller, check_sheet))
    if source.entity is not Prospect:
        query = query.join(Prospect, Prospect.id == source.entity.prospect_id)
    if table == "scores" and sight.blinded:
        query = query.where(not_(awaiting_forecast()))
    return Exported(
        columns | {f"{ANSWER}{key}": "VARCHAR" for key in items}, _chunks(database, query, source.entity.id, read)
    )


def export_for_crm(database: Database, *, caller: Caller, crm: str, check_sheet: str | None) -> Exported:
    """The scores of open prospects under the names of a CRM's fields; one that is withheld is not in the file."""
    columns = {IDS[crm]: "VARCHAR", "wn_score": "INTEGER", "wn_probability": "DOUBLE", "wn_grade": "VARCHAR",
               "wn_reasons": "VARCHAR"}  # fmt: skip
    fields = (Prospect.external_id, Prospect.score, Prospect.probability, Prospect.grade)
    query = select(Prospect.id, *fields, Prospect.scorecard_id, Prospect.answers).where(
        _wanted(caller, check_sheet), Prospect.state == OPEN, Prospect.score.is_not(None)
    )
    with database.reading() as session:
        # Whoever fetches the file, in the CRM a rep reads it.
        if sight_of_embeds(session).blinded:
            query = query.where(not_(awaiting_forecast()))

        def read(row: Sequence[Any]) -> list[Any]:
            return [*row[1:5], _reasons(database, row[5], row[6])]

        return Exported(columns, _chunks(database, query, Prospect.id, read))


def _reasons(database: Database, scorecard_id: str, answers: dict[str, Any]) -> str:
    """The lines that move the score most, in words."""
    with database.reading() as session:
        card = load_card(session, scorecard_id).card
    reasons = [reason for reason in card.score(answers).reasons if reason.points]
    reasons.sort(key=lambda reason: -abs(reason.points))
    return "; ".join(f"{one.label}: {one.answer_text} ({one.points:+d})" for one in reasons[:_REASONS])


def _wanted(caller: Caller, check_sheet: str | None) -> ColumnElement[bool]:
    seen = visible_to(caller)
    return seen if check_sheet is None else seen & (Prospect.check_sheet == check_sheet)


def _items(session: Session, check_sheet: str | None) -> list[str]:
    """Every item any version of the sheets asked."""
    query = select(CheckSheet.item_kinds).order_by(CheckSheet.key)
    if check_sheet is not None:
        query = query.where(CheckSheet.key == check_sheet)
    return list(dict.fromkeys(key for kinds in session.scalars(query) for key in kinds))


def _chunks(
    database: Database, query: Select[Any], key: Any, read: Callable[[Sequence[Any]], list[Any]]
) -> Iterator[list[list[Any]]]:
    """The rows in the order of their ids, each chunk in a transaction of its own: a slow reader holds up nobody."""
    last = ""
    while True:
        with database.reading() as session:
            rows = session.execute(query.where(key > last).order_by(key).limit(_AT_ONCE)).all()
        if not rows:
            return
        yield [read(row) for row in rows]
        last = rows[-1][0]


def _text(value: Any) -> Any:
    """A cell as our own import reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def csv_chunks(exported: Exported, *, safe: bool = True) -> Iterator[str]:
    """The table as comma-separated text, a chunk at a time; no spreadsheet runs a cell of it as a formula."""
    for rows in chain([[[*exported.columns]]], exported.chunks):
        out = io.StringIO()
        writer = csv.writer(out)
        for row in rows:
            cells = map(_text, row)
            writer.writerow([no_formula(cell) if safe and isinstance(cell, str) else cell for cell in cells])
        yield out.getvalue()


@contextmanager
def parquet_file(exported: Exported) -> Iterator[Path]:
    """The table as a Parquet file, for as long as it is read."""
    if find_spec("duckdb") is None:
        raise Unprocessable.field(
            "/format", "missing_extra", "Parquet takes an extra: pip install 'winnow[files]'; or take CSV."
        )
    import duckdb

    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        text, path = Path(folder) / "table.csv", Path(folder) / "table.parquet"
        with text.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_chunks(exported, safe=False))
        with duckdb.connect(config={"memory_limit": "256MB", "threads": 1, "temp_directory": folder}) as connection:
            types = ", ".join(f"'{name}': '{kind}'" for name, kind in exported.columns.items())
            connection.execute(
                f"COPY (SELECT * FROM read_csv(?, header = true, auto_detect = false, delim = ',', quote = '\"', "  # noqa: S608
                f"escape = '\"', nullstr = '', strict_mode = false, max_line_size = 10000000, columns = {{{types}}})) "
                "TO ? (FORMAT parquet)",
                [str(text), str(path)],
            )
        text.unlink()
        yield path


def write_export(
    database: Database, *, caller: Caller, table: str, out: Path, check_sheet: str | None, crm: str | None
) -> None:
    """Write a table to a file, CSV unless its name says Parquet."""
    if crm is not None and (crm not in IDS or table != "scores"):
        msg = f"Files for a CRM hold scores: `export scores --for` {', '.join(IDS)}."
        raise UnreadableFile(msg)
    if crm is None:
        exported = export_table(database, caller=caller, table=table, check_sheet=check_sheet)  # type: ignore[arg-type]
    else:
        exported = export_for_crm(database, caller=caller, crm=crm, check_sheet=check_sheet)
    if out.suffix == ".parquet":
        with parquet_file(exported) as made, replacing(out) as unfinished:
            shutil.copyfile(made, unfinished)
        return
    with write_table(out) as file:
        file.writelines(csv_chunks(exported))
