"""The start page."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from app.accounts.auth import AnyVisitor
from app.accounts.tables import Person
from app.db import Reading, utcnow
from app.home.queries import Next, SheetTile, list_tiles, what_next
from app.pages import page_router, render

router = page_router()


@dataclass(frozen=True, slots=True)
class HomePage:
    person: Person
    sheets: Sequence[SheetTile]
    next: Next


@router.get("/", name="home")
def show_home(request: Request, visitor: AnyVisitor, session: Reading) -> Response:
    """Who is signed in, what to do next, and what the scores come from."""
    ahead = what_next(session, caller=visitor.caller, now=utcnow())
    return render(request, "home/home.html", HomePage(visitor.person, list_tiles(session), ahead))
