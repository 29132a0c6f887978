"""The lists: to qualify, to pursue, nurture, and the closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import AnyVisitor, Visitor
from app.accounts.queries import names_of_actors
from app.checksheets.queries import load_sheets, stage_label
from app.db import Reading, utcnow
from app.lists.queries import OPEN_LISTS, Counts, ListName, count_closed, count_lists, list_facets, list_prospects
from app.lists.schemas import NOBODY, Asked
from app.lists.tiles import GRADE_WORDS, ClosedTile, Tile, make_closed_tiles, make_tiles
from app.pages import page_router, path_to, render

router = page_router()
AskedOf = Annotated[Asked, Query()]
_LABELS = {
    ListName.QUALIFY: "To qualify",
    ListName.PURSUE: "To pursue",
    ListName.NURTURE: "Nurture",
    ListName.CLOSED: "Closed",
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the lists, with how many of what is asked for it holds; the closed are not counted on every page."""

    label: str
    path: str
    count: int | None
    current: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter and what it can be set to."""

    name: str
    label: str
    anything: str
    options: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ListPage:
    list_name: str
    title: str
    tabs: list[Tab]
    tiles: list[Tile] | list[ClosedTile]
    asked: Asked
    choices: list[Choice]
    due: int
    # How many closed ones a search finds that finds nothing here, and where they are.
    closed: int
    closed_path: str
    path: str
    first: str
    here: str
    next: str | None
    other_order: str
    has_sheet: bool
    shows_owner: bool
    names: Mapping[str, str]
    now: datetime


@router.get("/qualify", name="qualify")
def show_qualify(request: Request, visitor: AnyVisitor, session: Reading, asked: AskedOf) -> Response:
    """Prospects the owner has not forecast yet, in order of arrival."""
    return _show(request, visitor, session, ListName.QUALIFY, asked)


@router.get("/pursue", name="pursue")
def show_pursue(request: Request, visitor: AnyVisitor, session: Reading, asked: AskedOf) -> Response:
    """Prospects with a forecast, by grade and expected amount."""
    return _show(request, visitor, session, ListName.PURSUE, asked)


@router.get("/nurture", name="nurture")
def show_nurture(request: Request, visitor: AnyVisitor, session: Reading, asked: AskedOf) -> Response:
    """Prospects that wait for something, due ones first."""
    return _show(request, visitor, session, ListName.NURTURE, asked)


@router.get("/closed", name="closed")
def show_closed(request: Request, visitor: AnyVisitor, session: Reading, asked: AskedOf) -> Response:
    """Prospects whose outcome is known, the newest decision first."""
    return _show(request, visitor, session, ListName.CLOSED, asked)


def _show(request: Request, visitor: Visitor, session: Session, name: ListName, asked: Asked) -> Response:
    now, caller, names = utcnow(), visitor.caller, names_of_actors(session)
    listed = list_prospects(session, caller=caller, name=name, asked=asked, now=now)
    counts = count_lists(session, caller=caller, asked=asked, now=now)
    path, is_closed, narrowed = path_to(request, name), name is ListName.CLOSED, bool(asked.q or asked.filters)
    page = ListPage(
        list_name=name,
        title=_LABELS[name],
        tabs=_tabs(request, counts, name, asked),
        tiles=make_closed_tiles(session, listed.prospects)
        if is_closed
        else make_tiles(session, listed.prospects, caller=caller, now=now),
        asked=asked,
        choices=_choices(session, visitor, name, names),
        due=counts.due,
        closed=count_closed(session, caller=caller, asked=asked) if narrowed and not listed.prospects else 0,
        closed_path=_with(path_to(request, ListName.CLOSED), _along(asked)),
        path=path,
        first=_with(path, asked.query),
        here=_with(path, asked.query | ({"cursor": asked.cursor} if asked.cursor else {})),
        next=_with(path, asked.query | {"cursor": listed.next}) if listed.next else None,
        other_order=_with(path, _reordered(asked)),
        has_sheet=bool(load_sheets(session)),
        shows_owner=caller.sees_everyone or len(caller.owners) > 1,
        names=names,
        now=now,
    )
    return render(request, "lists/list.html", page)


def _with(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _reordered(asked: Asked) -> dict[str, str]:
    query = {key: value for key, value in asked.query.items() if key != "order"}
    return query if asked.order else query | {"order": "score"}


def _tabs(request: Request, counts: Counts, current: ListName, asked: Asked) -> list[Tab]:
    """The lists side by side; a search goes along, so that it tells in which list somebody stands."""
    along = _along(asked)
    return [
        Tab(
            _LABELS[name],
            _with(path_to(request, name), along),
            getattr(counts, name) if name in OPEN_LISTS else None,
            name is current,
        )
        for name in ListName
    ]


def _along(asked: Asked) -> dict[str, str]:
    return {key: value for key, value in asked.query.items() if key not in {"grade", "result", "order"}}


def _choices(session: Session, visitor: Visitor, name: ListName, names: Mapping[str, str]) -> list[Choice]:
    """The filters there is something to choose in."""
    facets = list_facets(session, caller=visitor.caller, closed=name is ListName.CLOSED)
    sheets = load_sheets(session)
    labels = {stage.key: stage.label for sheet in sheets.values() for stage in sheet.body.stages or []}
    everybody = [(owner, f"{names[owner]} ({owner})" if owner in names else owner) for owner in facets.owners]
    if visitor.caller.sees_everyone:
        everybody.append((NOBODY, "Nobody yet"))
    stages = [(key, labels.get(key) or stage_label(key, None) or key) for key in facets.stages]
    order = list(labels)
    stages.sort(key=lambda stage: order.index(stage[0]) if stage[0] in order else len(order))
    found = [
        Choice("owner", "Owner", "Everybody", everybody),
        Choice("stage", "Stage", "Any stage", stages),
        Choice("source", "Source", "Any source", [(source, source.replace("_", " ")) for source in facets.sources]),
        Choice("check_sheet", "Check sheet", "Any sheet", [(key, sheet.body.name) for key, sheet in sheets.items()]),
    ]
    if name is ListName.PURSUE:
        grades = [(letter, f"{letter}, {word}") for letter, word in GRADE_WORDS.items()]
        found.append(Choice("grade", "Grade", "Any grade", grades))
    if name is ListName.CLOSED:
        found.append(Choice("result", "Ended", "Any end", [("won", "Won"), ("lost", "Lost"), ("void", "Void")]))
    return [choice for choice in found if len(choice.options) > 1]
