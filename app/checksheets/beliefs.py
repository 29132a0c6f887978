"""What each person believes of the items, said alone; the median, which becomes the sheet's belief, and the spread.

How the median reaches the models: a manager takes it over as a *new version of the sheet*, whose items then carry the
direction and importance the cards are trained with. A card names the version it was trained on, so every past card can
be made again, and whoever reads the sheet reads the beliefs that count.

When it is closed: what somebody said of an item stays, because from then on they see what the others said. Of an item
that a card learnt from outcomes knows, nothing more can be said: its weight is open to all, so it would be an echo.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.tables import Person
from app.checksheets.answers import Sheet
from app.checksheets.schemas import Item, SheetInput
from app.checksheets.tables import Belief
from app.errors import Conflict, FieldProblem, Unprocessable

Direction = Literal["for", "against"]
_SIGN = {"for": 1, "against": -1, None: 0, "": 0}


@dataclass(frozen=True, slots=True)
class Said:
    """What one person says of one item."""

    importance: int
    expected: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def signed(self) -> int:
        """Importance with its direction, -3 to 3."""
        return _SIGN[self.expected] * self.importance


@dataclass(frozen=True, slots=True)
class Together:
    """What the team said of one item: the median, and how far apart they are."""

    item: Item
    people: int
    importance: int
    expected: str | None
    choices: dict[str, str]
    counts: tuple[int, ...]  # people by importance 0–3
    opposed: bool  # some say for, some against

    @property
    def spread(self) -> int:
        """The most important it is to anybody, less the least."""
        given = [importance for importance, count in enumerate(self.counts) if count]
        return given[-1] - given[0]


def own_beliefs(session: Session, *, check_sheet: str, person: Person) -> dict[str, Belief]:
    """What a person has said, by item."""
    query = select(Belief).where(Belief.check_sheet == check_sheet, Belief.person_id == person.id)
    return {belief.item: belief for belief in session.scalars(query)}


def state_beliefs(
    session: Session, *, person: Person, sheet: Sheet, said: Mapping[str, Said], closed: frozenset[str], now: datetime
) -> None:
    """Keep what a person says of every item still open to them, once and for good."""
    there = own_beliefs(session, check_sheet=sheet.key, person=person)
    awaited = [item for item in sheet.items.values() if item.key not in there and item.key not in closed]
    if not awaited:
        raise Conflict("You have said what you believe; it stays, because you have seen the others' since.")
    problems = [problem for item in awaited if (problem := _problem(item, said.get(item.key))) is not None]
    if problems:
        raise Unprocessable(problems, code=problems[0].code)
    for item in awaited:
        given = said[item.key]
        belief = Belief(
            check_sheet=sheet.key, item=item.key, person_id=person.id, importance=given.importance,
            expected=given.expected or None, choices=dict(given.choices), sheet_version=sheet.version, stated_at=now,
        )  # fmt: skip
        session.add(belief)
    session.flush()
    audit.record(session, actor=person.id, action="beliefs.stated", subject=sheet.key, items=len(awaited))


def _problem(item: Item, said: Said | None) -> FieldProblem | None:
    if said is None:
        return FieldProblem(
            pointer=f"/{item.key}", code="missing", detail="Say how much it counts; 0 is an answer too."
        )
    directed = any(said.choices.values()) if item.kind == "choice" else said.expected in {"for", "against"}
    if said.importance and not directed:
        detail = "Say which way it counts, or take 0: it does not count."
        return FieldProblem(pointer=f"/{item.key}", code="direction_missing", detail=detail)
    return None


def statements(session: Session, check_sheet: str) -> dict[str, list[Belief]]:
    """What everybody said, by item."""
    found: dict[str, list[Belief]] = {}
    for belief in session.scalars(select(Belief).where(Belief.check_sheet == check_sheet).order_by(Belief.stated_at)):
        found.setdefault(belief.item, []).append(belief)
    return found


def together(session: Session, sheet: Sheet) -> list[Together]:
    """The team's median of every item somebody spoke of."""
    found = statements(session, sheet.key)
    return [_together(item, found[item.key]) for item in sheet.items.values() if item.key in found]


def _together(item: Item, beliefs: Sequence[Belief]) -> Together:
    counts = tuple(sum(belief.importance == level for belief in beliefs) for level in range(4))
    if item.kind == "choice":
        importance = int(median(belief.importance for belief in beliefs))
        choices: dict[str, str] = {
            choice.key: direction
            for choice in item.choices
            if (direction := _direction([_SIGN[belief.choices.get(choice.key)] for belief in beliefs]))
        }
        return Together(item, len(beliefs), importance if choices else 0, None, choices, counts, opposed=False)
    signed = [_SIGN[belief.expected] * belief.importance for belief in beliefs]
    middle = median(signed)
    opposed = min(signed) < 0 < max(signed)
    # Between two levels the lesser: what the team is not agreed on it believes less.
    return Together(item, len(beliefs), int(abs(middle)), _direction([middle]), {}, counts, opposed)


def _direction(signs: Sequence[float]) -> Direction | None:
    middle = int(median(signs))
    return "for" if middle > 0 else "against" if middle < 0 else None


def with_beliefs(sheet: SheetInput, found: Sequence[Together]) -> SheetInput:
    """The sheet as it reads with the team's medians."""
    said = {one.item.key: one for one in found}
    body = sheet.model_dump(exclude_unset=True)
    for item in body["items"]:
        one = said.get(item["key"])
        if one is None:
            continue
        item["importance"] = one.importance
        if one.item.kind == "choice":
            for choice in item["choices"]:
                choice["expected"] = one.choices.get(choice["key"])
        else:
            item["expected"] = one.expected
    return SheetInput.model_validate(body)
