"""Pages that show cards: the list, what a card says and how sure it is, two side by side, and one for paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from app.accounts.auth import AnyVisitor
from app.checksheets.queries import list_sheets, load_sheet
from app.checksheets.schemas import SheetBody
from app.db import Reading
from app.forms import Form
from app.pages import page_router, render
from app.scorecards import queries, telling
from app.scorecards.api import CardId
from app.scorecards.diff import diff_cards
from app.scorecards.schemas import CardSummary, DiffBody
from app.scorecards.telling import LineTold, LookUp, NotOnCard, Still

router = page_router()


@dataclass(frozen=True, slots=True)
class SheetCards:
    """A check sheet and its cards, newest first."""

    sheet: SheetBody
    cards: Sequence[CardSummary]
    put_in_force: Sequence[queries.PutInForce]


@dataclass(frozen=True, slots=True)
class CardsPage:
    sheets: list[SheetCards]
    may_train: bool


@dataclass(frozen=True, slots=True)
class CardPage:
    card: CardSummary
    sheet_name: str
    lines: list[LineTold]
    missing: list[NotOnCard]
    still: Still
    figures: dict[str, Any] | None
    usable: bool | None
    grades: list[tuple[str, str, str, str]]
    base_points: int
    refused: bool
    in_force: str | None
    may_activate: bool
    rolls_back: bool
    form: Form


@dataclass(frozen=True, slots=True)
class DiffPage:
    diff: DiffBody
    sheet_name: str


@dataclass(frozen=True, slots=True)
class PaperPage:
    card: CardSummary
    sheet_name: str
    base_points: int
    lines: list[LineTold]
    look_up: list[LookUp]
    grades: list[tuple[str, str, str, str]]


@router.get("/cards", name="cards")
def show_cards(request: Request, visitor: AnyVisitor, session: Reading) -> Response:
    """Every sheet's cards, and which is in force."""
    sheets = [
        SheetCards(
            sheet,
            queries.list_cards(session, check_sheet=sheet.key, cursor=None, limit=20).items,
            queries.list_put_in_force(session, sheet.key),
        )
        for sheet in list_sheets(session).items
    ]
    return render(request, "scorecards/cards.html", CardsPage(sheets, visitor.role != "rep"))


@router.get("/cards/{scorecard_id}", name="card")
def show_card(request: Request, scorecard_id: CardId, visitor: AnyVisitor, session: Reading) -> Response:
    """What the team said and what its past says, line by line."""
    page = card_page(session, scorecard_id, may_activate=visitor.role != "rep")
    return render(request, "scorecards/card.html", page)


def card_page(session: Reading, scorecard_id: str, *, may_activate: bool, form: Form | None = None) -> CardPage:
    """What a card's page says."""
    row = queries.find_card(session, scorecard_id)
    body, card = queries.describe_card(session, row), queries.load_card(session, scorecard_id).card
    sheet = load_sheet(session, row.check_sheet, row.sheet_version)
    found = card.evaluation
    return CardPage(
        card=body, sheet_name=sheet.body.name, lines=telling.tell_lines(card),
        missing=telling.tell_missing(card, sheet), still=telling.tell_still(card), figures=found,
        usable=found["gain"]["low"] > 0 if found else None,
        grades=list(telling.tell_grades(queries.to_export(session, scorecard_id))), base_points=card.base_points,
        refused=bool(row.gate.get("refused")), in_force=queries.card_in_force(session, row.check_sheet),
        may_activate=may_activate, rolls_back=not body.in_force and queries.was_in_force(session, row.id),
        form=form or Form(),
    )  # fmt: skip


@router.get("/cards/{scorecard_id}/against/{other}", name="compare_cards")
def show_diff(request: Request, scorecard_id: CardId, other: CardId, visitor: AnyVisitor, session: Reading) -> Response:
    """What changes when the other takes over from this one."""
    found = diff_cards(session, caller=visitor.caller, before=scorecard_id, after=other, cursor=None, limit=20)
    return render(request, "scorecards/diff.html", DiffPage(found, load_sheet(session, found.check_sheet).body.name))


@router.get("/cards/{scorecard_id}/print", name="print_card")
def show_paper(request: Request, scorecard_id: CardId, visitor: AnyVisitor, session: Reading) -> Response:
    """The card to add up by hand."""
    row = queries.find_card(session, scorecard_id)
    exported = queries.to_export(session, scorecard_id)
    sheet = load_sheet(session, row.check_sheet, row.sheet_version)
    page = PaperPage(
        card=queries.describe_card(session, row), sheet_name=sheet.body.name, base_points=exported.card.base_points,
        lines=telling.tell_lines(exported.card), look_up=telling.look_up(exported),
        grades=list(telling.tell_grades(exported)),
    )  # fmt: skip
    return render(request, "scorecards/paper.html", page)
