"""Forecast first: a score is withheld while its owner's first forecast is awaited. A habit, not a secret."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.accounts.team import blind_mode
from app.prospects.tables import OPEN, Prospect

FORECAST_FIRST = "forecast_first"
# What would give the score away; the card, the answers and what is missing stay open.
_FELLOWS = (
    "score",
    "grade",
    "grade_close_ratio",
    "grade_support",
    "probability",
    "interval",
    "points",
    "base_points",
    "expected_amount",
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one caller may see of scores."""

    blinded: bool

    def withholds(self, prospect: Prospect) -> bool:
        """Whether this prospect's score is withheld."""
        return self.blinded and awaits_forecast(prospect)

    def show(self, prospect: Prospect, body: dict[str, Any]) -> dict[str, Any]:
        """A body with the score and its fellows null where they are withheld."""
        if not self.withholds(prospect):
            return body
        shown = body | {name: None for name in _FELLOWS if name in body}
        if "reasons" in body:
            shown |= {"reasons": [], "withheld": FORECAST_FIRST}
        if body.get("find_out_next"):
            shown["find_out_next"] = body["find_out_next"] | {"gain": None, "if": None}
        return shown


def sight_of(session: Session, caller: Caller) -> Sight:
    """A rep and an ordinary integration see what a rep may see; who runs the team sees all."""
    unblinded = caller.role in {"manager", "admin"} or "scores:unblinded" in caller.scopes
    return Sight(blinded=not unblinded and blind_mode(session))


def sight_of_embeds(session: Session) -> Sight:
    """What is shown within another program is shown to its rep."""
    return Sight(blinded=blind_mode(session))


def awaits_forecast(prospect: Prospect) -> bool:
    """Whether the present owner has not said yet how likely the prospect is to buy."""
    return prospect.state == OPEN and prospect.owner is not None and prospect.forecast_owner != prospect.owner


def awaiting_forecast() -> ColumnElement[bool]:
    """The same as a condition."""
    return and_(
        Prospect.state == OPEN,
        Prospect.owner.is_not(None),
        or_(Prospect.forecast_owner.is_(None), Prospect.forecast_owner != Prospect.owner),
    )
