"""Pages that bring deals in: choose a file, say what its columns are, see what would be stored, watch it run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Path, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts.auth import ManagerVisitor
from app.checksheets.answers import UNKNOWN, Sheet
from app.checksheets.queries import list_sheets
from app.checksheets.schemas import Item, SheetBody
from app.db import DatabaseDep, Reading, Writing, begin
from app.errors import Unprocessable
from app.exchange import queries, service
from app.exchange.planning import FIELDS, FORMATS, ITEM, NEW_ITEM, RESULTS, TIME_FIELDS, Plan, Sample, item_of
from app.exchange.presets import PRESETS
from app.exchange.queries import Preview
from app.exchange.schemas import ImportBody
from app.exchange.tables import BadImportRow, ImportRun
from app.forms import Form, Posted
from app.pages import page_router, redirect, render
from app.uploads import PostedUpload

router = page_router()
ImportId = Annotated[str, Path(pattern=r"^im_[0-9a-z]{1,60}$")]


@dataclass(frozen=True, slots=True)
class ImportsPage:
    form: Form
    imports: Sequence[ImportBody]
    sheets: Sequence[SheetBody]
    presets: Mapping[str, str]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The sheets the deals can belong to."""
        return [(sheet.key, sheet.name) for sheet in self.sheets]


@dataclass(frozen=True, slots=True)
class ValueAsked:
    """One value of a column, and what a person says it means."""

    input: str
    value: str
    said: str


@dataclass(frozen=True, slots=True)
class ColumnAsked:
    """One column, and what a person says it is."""

    input: str
    name: str
    examples: list[str]
    role: str
    values: list[ValueAsked] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    format_field: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True)
class PlanPage:
    run: ImportBody
    form: Form
    columns: list[ColumnAsked]
    roles: list[tuple[str, list[tuple[str, str]]]]
    sheet_name: str
    is_new: bool
    reconstructed: bool
    preview: Preview | None
    labels: Mapping[str, str]
    formats: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PresetPage:
    run: ImportBody
    preset: str
    mapping: Mapping[str, Any]
    preview: Preview
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImportPage:
    run: ImportBody
    bad: Sequence[BadImportRow]


@router.get("/import", name="imports")
def show_imports(request: Request, visitor: ManagerVisitor, session: Reading) -> Response:
    """Choose a file; what was brought in before."""
    return _imports_page(request, session, Form())


def _imports_page(request: Request, session: Session, form: Form, status: int = 200) -> Response:
    page = ImportsPage(form, queries.list_imports(session), list_sheets(session).items, PRESETS)
    return render(request, "exchange/imports.html", page, status=status)


@router.post("/import", name="bring_in")
def bring_in(request: Request, visitor: ManagerVisitor, sent: PostedUpload, database: DatabaseDep) -> Response:
    """Keep the file and guess what its columns are."""
    form, upload = sent
    try:
        if upload is None:
            raise Unprocessable.field("/file", "missing", "Choose a file first.")
        rows = service.look_at(upload.file)
        with database.writing() as session:
            run = service.receive(
                session,
                caller=visitor.caller,
                file=upload.file,
                filename=upload.filename,
                now=begin(session),
                rows=rows,
            )
            if form["preset"]:
                service.use_preset(session, run, preset=form["preset"], check_sheet=form["check_sheet"] or None)
            else:
                service.draft(session, run, check_sheet=form["check_sheet"] or None)
    except Unprocessable as refused:
        with database.reading() as session:
            return _imports_page(request, session, form.refused(refused), 422)
    return redirect(request, "import_plan", import_id=run.id)


@router.get("/import/{import_id}/columns", name="import_plan")
def show_plan(request: Request, import_id: ImportId, visitor: ManagerVisitor, session: Reading) -> Response:
    """What each column is taken for, and what would be stored."""
    run = queries.find_import(session, import_id)
    if run.job_id is not None:
        return redirect(request, "import", import_id=import_id)
    if "preset" in run.plan:
        return _preset_page(request, session, run)
    return _plan_page(request, session, run, Plan.model_validate(run.plan), Form())


def _preset_page(request: Request, session: Session, run: ImportRun) -> Response:
    sheet = queries.sheet_named(session, run.mapping["check_sheet"]["key"])
    labels = {key: item.label for key, item in sheet.items.items()} if sheet else {}
    preview = queries.preview(session, run, sheet)
    name = PRESETS[run.plan["preset"]]
    page = PresetPage(queries.describe_import(session, run), name, run.mapping, preview, labels)
    return render(request, "exchange/preset.html", page)


def _plan_page(
    request: Request, session: Session, run: ImportRun, plan: Plan, form: Form, status: int = 200
) -> Response:
    sample, sheet = queries.read_sample(session, run), queries.sheet_of(session, plan)
    preview = queries.preview(session, run, sheet) if run.mapping and not form.errors else None
    labels = {key: item.label for key, item in sheet.items.items()} if sheet else {}
    page = PlanPage(
        run=queries.describe_import(session, run), form=form, columns=_columns(plan, sample, sheet),
        roles=_roles(sheet), sheet_name=sheet.body.name if sheet else plan.sheet_name or plan.check_sheet,
        is_new=sheet is None, reconstructed=plan.reconstructed, preview=preview, labels=labels, formats=FORMATS,
    )  # fmt: skip
    return render(request, "exchange/plan.html", page, status=status)


def _roles(sheet: Sheet | None) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a column can be, in groups."""
    groups = [("The deal", list(FIELDS.items()))]
    if sheet is None:
        return [*groups, ("The check sheet", [(NEW_ITEM, "A characteristic")])]
    return [*groups, ("Characteristics", [(f"{ITEM}{key}", item.label) for key, item in sheet.items.items()])]


def _columns(plan: Plan, sample: Sample, sheet: Sheet | None) -> list[ColumnAsked]:
    asked = []
    for number, name in enumerate(sample.columns):
        role = plan.columns.get(name, "")
        said: Mapping[str, str] = {}
        choices: list[tuple[str, str]] = []
        item = item_of(sheet, role)
        if role == "outcome":
            said, choices = plan.outcomes, list(RESULTS.items())
        elif item is not None and item.kind != "number":
            said, choices = plan.answers.get(name, {}), _answers(item)
        values = [
            ValueAsked(f"v{number}_{place}", value, said.get(value, ""))
            for place, value in enumerate(sample.values(name))
        ]
        timed = role in TIME_FIELDS
        asked.append(
            ColumnAsked(
                f"c{number}",
                name,
                sample.values(name)[:3],
                role,
                values if choices else [],
                choices,
                f"f{number}" if timed else "",
                plan.formats.get(name, ""),
            )
        )
    return asked


def _answers(item: Item) -> list[tuple[str, str]]:
    own = (
        [("true", "yes"), ("false", "no")] if item.kind == "yes_no" else [(one.key, one.label) for one in item.choices]
    )
    return [*own, (UNKNOWN, "unknown: looked for, not learnt"), ("", "not observed")]


@router.post("/import/{import_id}/columns", name="revise_plan")
def revise_plan(
    request: Request, import_id: ImportId, visitor: ManagerVisitor, form: Posted, database: DatabaseDep
) -> Response:
    """Take what a person says of the columns; show what would be stored, or begin."""
    with database.reading() as session:
        run = queries.find_import(session, import_id)
        if "preset" in run.plan:
            return _start_preset(request, visitor, run.id, database)
        before = Plan.model_validate(run.plan)
        plan = _plan_of(form, before, queries.read_sample(session, run))
    try:
        with database.writing() as session:
            run = queries.find_import(session, import_id)
            service.revise(session, run, plan=plan)
            if form["do"] == "start":
                service.start(session, caller=visitor.caller, run=run, now=begin(session))
    except (Unprocessable, ValidationError) as refused:
        shown = form.refused(refused) if isinstance(refused, Unprocessable) else Form(form.values, {"": _SOMETHING})
        with database.reading() as session:
            return _plan_page(request, session, queries.find_import(session, import_id), plan, shown, 422)
    if form["do"] == "start":
        return redirect(request, "import", import_id=import_id)
    return redirect(request, "import_plan", import_id=import_id)


def _start_preset(request: Request, visitor: ManagerVisitor, import_id: str, database: DatabaseDep) -> Response:
    with database.writing() as session:
        service.start(session, caller=visitor.caller, run=queries.find_import(session, import_id), now=begin(session))
    return redirect(request, "import", import_id=import_id)


_SOMETHING = "What is said of the columns does not make an import; look at each column again."


def _plan_of(form: Form, before: Plan, sample: Sample) -> Plan:
    """What the form says, column by column; what it does not show stays as it was."""
    columns, outcomes = {}, dict(before.outcomes)
    answers, formats = {name: dict(said) for name, said in before.answers.items()}, dict(before.formats)
    for number, name in enumerate(sample.columns):
        role = columns[name] = form.values.get(f"c{number}", before.columns.get(name, ""))
        same = role == before.columns.get(name)
        if f"f{number}" in form.values and role in TIME_FIELDS and form[f"f{number}"] in FORMATS:
            formats[name] = form[f"f{number}"]
        said = {
            value: form[f"v{number}_{place}"]
            for place, value in enumerate(sample.values(name))
            if same and f"v{number}_{place}" in form.values
        }
        if role == "outcome":
            outcomes |= {value: result for value, result in said.items() if result in RESULTS}  # type: ignore[misc]
            outcomes = outcomes if same else {}
        elif said:
            answers[name] = answers.get(name, {}) | said
        elif not same:
            answers.pop(name, None)
    changes: dict[str, Any] = {"columns": columns, "outcomes": outcomes, "answers": answers, "formats": formats}
    changes["reconstructed"] = form["reconstructed"] == "yes"
    if form["sheet_name"].strip():
        changes["sheet_name"] = form["sheet_name"].strip()[:200]
    return before.model_copy(update=changes)


@router.get("/import/{import_id}", name="import")
def show_import(request: Request, import_id: ImportId, visitor: ManagerVisitor, session: Reading) -> Response:
    """How far an import is, and what became of the rows."""
    run = queries.find_import(session, import_id)
    if run.job_id is None:
        return redirect(request, "import_plan", import_id=import_id)
    page = ImportPage(queries.describe_import(session, run), queries.bad_rows(session, run, most=20))
    return render(request, "exchange/import.html", page)


@router.post("/import/{import_id}/cancel", name="cancel_import")
def cancel_import(
    request: Request, import_id: ImportId, visitor: ManagerVisitor, form: Posted, session: Writing
) -> Response:
    """Stop at the next batch; what has landed stays."""
    run = queries.find_import(session, import_id)
    service.stop(session, run=run, now=begin(session))
    return redirect(request, "import", import_id=import_id, say="It stops at the next batch; what has landed stays.")


@router.get("/import/{import_id}/bad-rows.csv", name="bad_rows")
def show_bad_rows(request: Request, import_id: ImportId, visitor: ManagerVisitor, session: Reading) -> Response:
    """The rows that did not land, as a table to take home."""
    rows = queries.bad_rows(session, queries.find_import(session, import_id))
    named = {"Content-Disposition": 'attachment; filename="bad-rows.csv"'}
    return Response(queries.errors_csv(rows), media_type="text/csv; charset=utf-8", headers=named)
