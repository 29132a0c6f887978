"""Pages of one prospect: its story, and noting effort, the customer's steps, the outcome and what came after."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import AnyVisitor, Visitor
from app.checksheets.queries import stages_of
from app.checksheets.schemas import Stage
from app.checksheets.service import check_stage
from app.db import Database, DatabaseDep, Reading, Writing, begin, new_id, utcnow
from app.dossier import outcomes
from app.dossier.plots import plot_scores
from app.dossier.queries import Story, silent_for, tell_story
from app.dossier.schemas import EffortForm, ExperienceForm
from app.dossier.words import EFFORT, EXPERIENCES
from app.errors import NotFound, PreconditionFailed, Unprocessable
from app.forms import Form, Posted
from app.pages import page_router, redirect, render
from app.plots import send_plot
from app.prospects import activity
from app.prospects.queries import find_outcome, find_prospect
from app.prospects.schemas import ExternalIdPath, StageInput
from app.prospects.tables import OutcomeEntry, Prospect
from app.scoring.service import close

router = page_router()
_TAPS = ("call", "visit", "demo", "quote")


@dataclass(frozen=True, slots=True)
class Tap:
    """A button that notes one piece of work, once however often it is tapped."""

    kind: str
    label: str
    hours: str
    once: str


@dataclass(frozen=True, slots=True)
class StoryPage:
    prospect: Prospect
    title: str
    story: Story
    taps: Sequence[Tap]
    stage: str
    outcome: OutcomeEntry | None
    ended: str
    silent_days: int | None


@dataclass(frozen=True, slots=True)
class NotePage:
    """A form about one prospect, to be sent once."""

    prospect: Prospect
    title: str
    form: Form
    choices: Sequence[tuple[str, str, str]]
    outcome: OutcomeEntry | None = None


def title_of(prospect: Prospect) -> str:
    """What a prospect is called on pages."""
    return prospect.name or prospect.account or prospect.external_id


def _note(
    request: Request,
    database: Database,
    visitor: Visitor,
    external_id: str,
    form: Form,
    write: Callable[[Session, Prospect], str],
    show_again: Callable[[Request, Session, Prospect, Form, int], Response],
) -> Response:
    """Write what a form says and go back to the story, or show the form again with a sentence at what is wrong."""
    try:
        with database.writing() as session:
            said = write(session, find_prospect(session, caller=visitor.caller, external_id=external_id, lock=True))
    except Unprocessable as refused:
        with database.reading() as session:
            prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
            return show_again(request, session, prospect, form.refused(refused), 422)
    return redirect(request, "story", external_id=external_id, say=said)


@router.get("/prospects/{external_id}/history", name="story")
def show_story(request: Request, external_id: ExternalIdPath, visitor: AnyVisitor, session: Reading) -> Response:
    """Everything that was said and done, and how the score moved."""
    now = utcnow()
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    outcome = find_outcome(session, prospect)
    stages = {stage.key: stage.label for stage in stages_of(session, prospect.check_sheet)}
    hours = activity.standard_hours(session)
    page = StoryPage(
        prospect=prospect,
        title=title_of(prospect),
        story=tell_story(session, prospect, caller=visitor.caller, now=now),
        taps=[Tap(kind, EFFORT[kind], f"{hours[kind].normalize():f}", new_id("ef")) for kind in _TAPS],
        stage=stages.get(prospect.stage or "", prospect.stage or ""),
        outcome=outcome,
        ended=outcomes.describe(outcome) if outcome else "",
        silent_days=silent_for(session, prospect, now=now),
    )
    return render(request, "dossier/story.html", page)


@router.get("/prospects/{external_id}/history/score.svg", name="story_plot")
def draw_score(request: Request, external_id: ExternalIdPath, visitor: AnyVisitor, session: Reading) -> Response:
    """The score over time; where it is withheld there is no picture either."""
    now = utcnow()
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    story = tell_story(session, prospect, caller=visitor.caller, now=now)
    if not story.moves:
        raise NotFound("There is no score to draw yet.", code="no_score")
    until = prospect.decided_at or now.replace(hour=0, minute=0, second=0, microsecond=0)
    return send_plot(request, plot_scores(story.moves[::-1], until=until), "svg")


# Effort


@router.get("/prospects/{external_id}/effort", name="effort")
def show_effort(
    request: Request, external_id: ExternalIdPath, visitor: AnyVisitor, session: Reading, kind: str = "quote"
) -> Response:
    """A form for work with its hours and dates."""
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    known = kind if kind in EFFORT else "quote"
    return _effort_page(request, session, prospect, Form({"kind": known, "once": new_id("ef")}))


def _effort_page(request: Request, session: Session, prospect: Prospect, form: Form, status: int = 200) -> Response:
    hours = activity.standard_hours(session)
    choices = [(kind, label, f"usually {hours[kind].normalize():f} h") for kind, label in EFFORT.items()]
    page = NotePage(prospect, title_of(prospect), form, choices)
    return render(request, "dossier/effort.html", page, status=status)


@router.post("/prospects/{external_id}/effort", name="log_effort")
def log_effort(
    request: Request, external_id: ExternalIdPath, form: Posted, visitor: AnyVisitor, database: DatabaseDep
) -> Response:
    """Note work, by a tap or with its hours and dates."""

    def write(session: Session, prospect: Prospect) -> str:
        given = form.filled_in().read_as(EffortForm)
        now = begin(session)
        activity.record_effort(
            session, caller=visitor.caller, prospect=prospect, given=given, now=now, once=form["once"]
        )
        return f"{EFFORT[given.kind]} noted. A mistaken tap can be taken back below within a day."

    return _note(request, database, visitor, external_id, form, write, _effort_page)


@router.post("/prospects/{external_id}/effort/{entry_id}/undo", name="undo_effort")
def undo_effort(
    request: Request, external_id: ExternalIdPath, entry_id: str, form: Posted, visitor: AnyVisitor, session: Writing
) -> Response:
    """Take back a mistaken tap."""
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id, lock=True)
    now = begin(session)
    with suppress(activity.NoSuchEffort):  # tapped twice: it is gone, as was wanted
        activity.withdraw_effort(session, caller=visitor.caller, prospect=prospect, entry_id=entry_id, now=now)
    return redirect(request, "story", external_id=external_id, say="Taken back.")


# The customer's steps


@router.get("/prospects/{external_id}/stage", name="stage")
def show_stage(request: Request, external_id: ExternalIdPath, visitor: AnyVisitor, session: Reading) -> Response:
    """Which sign the customer gave."""
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    form = Form({"stage": prospect.stage or "", "once": new_id("st")})
    return _stage_page(request, session, prospect, form)


def _stage_page(request: Request, session: Session, prospect: Prospect, form: Form, status: int = 200) -> Response:
    choices = [(stage.key, stage.sign, stage.label) for stage in stages_of(session, prospect.check_sheet)]
    return render(request, "dossier/stage.html", NotePage(prospect, title_of(prospect), form, choices), status=status)


@router.post("/prospects/{external_id}/stage", name="note_stage")
def note_stage(
    request: Request, external_id: ExternalIdPath, form: Posted, visitor: AnyVisitor, database: DatabaseDep
) -> Response:
    """Note the step that the sign stands for; without words of one's own the sign is the sheet's."""

    def write(session: Session, prospect: Prospect) -> str:
        given = form.filled_in().read_as(StageInput)
        check_stage(session, prospect, given.stage)
        step = _step(stages_of(session, prospect.check_sheet), given.stage)
        given = given.model_copy(update={"sign": given.sign or step.sign})
        done = activity.record_stage(
            session, caller=visitor.caller, prospect=prospect, given=given, now=begin(session), once=form["once"]
        )
        stays = " A later step is known, so the stage stays." if done.reason == "stale" else ""
        return f"Noted: {step.label}.{stays}"

    return _note(request, database, visitor, external_id, form, write, _stage_page)


def _step(stages: Sequence[Stage], key: str) -> Stage:
    return next(stage for stage in stages if stage.key == key)


# The outcome


@router.get("/prospects/{external_id}/outcome", name="outcome")
def show_outcome(
    request: Request, external_id: ExternalIdPath, visitor: AnyVisitor, session: Reading, ended: str = ""
) -> Response:
    """How it ended, or what was said of that to correct it."""
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    current = find_outcome(session, prospect)
    return _outcome_page(request, prospect, current, outcomes.form_of(prospect, current, proposed=ended))


def _outcome_page(
    request: Request, prospect: Prospect, current: OutcomeEntry | None, form: Form, status: int = 200
) -> Response:
    page = NotePage(prospect, title_of(prospect), form, outcomes.CHOICES, current)
    return render(request, "dossier/outcome.html", page, status=status)


@router.post("/prospects/{external_id}/outcome", name="say_outcome")
def say_outcome(
    request: Request, external_id: ExternalIdPath, form: Posted, visitor: AnyVisitor, database: DatabaseDep
) -> Response:
    """Close the prospect or correct how it closed; whoever saw an older state is told what is there now."""
    try:
        with database.writing() as session:
            prospect = find_prospect(session, caller=visitor.caller, external_id=external_id, lock=True)
            given = outcomes.read(form, find_outcome(session, prospect))
            done = close(
                session, caller=visitor.caller, external_id=external_id, outcome=given,
                if_match=form["etag"] or None, now=begin(session),
            )  # fmt: skip
    except Unprocessable as refused:
        prospect, current = _outcome_now(database, visitor, external_id)
        return _outcome_page(request, prospect, current, form.refused(refused), 422)
    except PreconditionFailed as refused:
        prospect, current = _outcome_now(database, visitor, external_id)
        return _outcome_page(request, prospect, current, outcomes.overtaken(form, prospect, current), refused.status)
    return redirect(request, "story", external_id=external_id, say=outcomes.said(done))


def _outcome_now(database: Database, visitor: Visitor, external_id: str) -> tuple[Prospect, OutcomeEntry | None]:
    with database.reading() as session:
        prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
        return prospect, find_outcome(session, prospect)


@router.post("/prospects/{external_id}/reopen", name="reopen")
def reopen(
    request: Request, external_id: ExternalIdPath, form: Posted, visitor: AnyVisitor, database: DatabaseDep
) -> Response:
    """Take the outcome back: the prospect is open again."""
    try:
        with database.writing() as session:
            done = close(
                session, caller=visitor.caller, external_id=external_id, outcome=None,
                if_match=form["etag"] or None, now=begin(session),
            )  # fmt: skip
    except PreconditionFailed as refused:
        prospect, current = _outcome_now(database, visitor, external_id)
        form = outcomes.overtaken(outcomes.form_of(prospect, current), prospect, current)
        return _outcome_page(request, prospect, current, form, refused.status)
    said = "Open again. What was said of its end stays in the history." if done.applied else "It is open already."
    return redirect(request, "story", external_id=external_id, say=said)


# After the sale


@router.get("/prospects/{external_id}/experience", name="experience")
def show_experience(request: Request, external_id: ExternalIdPath, visitor: AnyVisitor, session: Reading) -> Response:
    """What the customer lived through after buying."""
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    form = Form({"once": new_id("ex"), "currency": prospect.currency or ""})
    return _experience_page(request, session, prospect, form)


def _experience_page(request: Request, _: Session, prospect: Prospect, form: Form, status: int = 200) -> Response:
    choices = [(kind, label, "") for kind, label in EXPERIENCES.items()]
    page = NotePage(prospect, title_of(prospect), form, choices)
    return render(request, "dossier/experience.html", page, status=status)


@router.post("/prospects/{external_id}/experience", name="note_experience")
def note_experience(
    request: Request, external_id: ExternalIdPath, form: Posted, visitor: AnyVisitor, database: DatabaseDep
) -> Response:
    """Note what happened after the sale."""

    def write(session: Session, prospect: Prospect) -> str:
        given = form.filled_in().read_as(ExperienceForm)
        now = begin(session)
        activity.record_experience(
            session, caller=visitor.caller, prospect=prospect, given=given, now=now, once=form["once"]
        )
        return f"{EXPERIENCES[given.kind]}: noted."

    return _note(request, database, visitor, external_id, form, write, _experience_page)
