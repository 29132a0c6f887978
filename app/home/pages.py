"""The start page."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from app.accounts.auth import AnyVisitor
from app.accounts.tables import Person
from app.db import Reading
from app.home.queries import SheetTile, list_tiles
from app.pages import page_router, render

router = page_router()


@dataclass(frozen=True, slots=True)
class HomePage:
    person: Person
    sheets: Sequence[SheetTile]


@router.get("/", name="home")
def show_home(request: Request, visitor: AnyVisitor, session: Reading) -> Response:
    """Who is signed in, and what the scores come from."""
    return render(request, "home/home.html", HomePage(visitor.person, list_tiles(session)))
