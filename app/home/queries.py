"""What the start page says of the installation."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.checksheets.queries import list_sheets
from app.scorecards.queries import card_in_force, find_card


@dataclass(frozen=True, slots=True)
class SheetTile:
    """A check sheet and the card that scores with it."""

    name: str
    version: int
    items: int
    basis: str | None
    prospects: int


def list_tiles(session: Session) -> list[SheetTile]:
    """Every check sheet with its card in force."""
    tiles = []
    for sheet in list_sheets(session).items:
        card_id = card_in_force(session, sheet.key)
        card = find_card(session, card_id) if card_id else None
        basis, prospects = (card.basis, card.prospects) if card else (None, 0)
        tiles.append(SheetTile(sheet.name, sheet.version, len(sheet.items), basis, prospects))
    return tiles
