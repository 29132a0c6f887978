"""What the start page says of the installation."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.queries import list_sheets
from app.lists.queries import OPEN_LISTS, Counts, count_lists, list_prospects
from app.lists.schemas import Asked
from app.lists.tiles import Tile, make_tiles
from app.scorecards.queries import card_in_force, find_card


@dataclass(frozen=True, slots=True)
class SheetTile:
    """A check sheet and the card that scores with it."""

    name: str
    version: int
    items: int
    basis: str | None
    prospects: int


@dataclass(frozen=True, slots=True)
class Next:
    """What to do next: how many stand in each list, and who is first there."""

    counts: Counts
    qualify: Tile | None
    pursue: Tile | None
    nurture: Tile | None


def what_next(session: Session, *, caller: Caller, now: datetime) -> Next:
    """The head of each list, as this caller may see it."""
    asked = Asked()
    heads: list[Tile | None] = []
    for name in OPEN_LISTS:
        listed = list_prospects(session, caller=caller, name=name, asked=asked, now=now, limit=1)
        heads += make_tiles(session, listed.prospects, caller=caller, now=now) or [None]
    return Next(count_lists(session, caller=caller, asked=asked, now=now), *heads)


def list_tiles(session: Session) -> list[SheetTile]:
    """Every check sheet with its card in force."""
    tiles = []
    for sheet in list_sheets(session).items:
        card_id = card_in_force(session, sheet.key)
        card = find_card(session, card_id) if card_id else None
        basis, prospects = (card.basis, card.prospects) if card else (None, 0)
        tiles.append(SheetTile(sheet.name, sheet.version, len(sheet.items), basis, prospects))
    return tiles
