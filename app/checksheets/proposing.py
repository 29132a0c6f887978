"""Items proposed for a sheet's next version: what a review meeting found that the sheet did not see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.checksheets.drafting import count_of, press

_TICK = "take_"


@dataclass(frozen=True, slots=True)
class Proposed:
    """An item somebody proposed, and who."""

    label: str
    definition: str
    by: str


# Features in which items are proposed add where theirs are read.
PROPOSERS: list[Callable[[Session, str], Sequence[Proposed]]] = []


def proposed_items(session: Session, check_sheet: str) -> list[Proposed]:
    """What is proposed for a sheet and not on it yet; what was proposed twice comes once."""
    found = [one for read in PROPOSERS for one in read(session, check_sheet)]
    return list({one.label.casefold(): one for one in reversed(found)}.values())[::-1]


def not_written(proposed: Sequence[Proposed], values: Mapping[str, str]) -> list[Proposed]:
    """Those a form does not hold yet."""
    written = {values.get(f"i{number}_label", "").strip().casefold() for number in range(count_of(values))}
    return [one for one in proposed if one.label.casefold() not in written]


def take_in(values: Mapping[str, str], proposed: Sequence[Proposed]) -> dict[str, str]:
    """The fields with every proposal that was ticked as an item of its own, to be answered by yes or no."""
    ticked = {value for name, value in values.items() if name.startswith(_TICK)}
    taken = {name: value for name, value in values.items() if not name.startswith(_TICK)}
    for one in not_written(proposed, taken):
        if one.label in ticked:
            taken = press(taken, "add")
            item = f"i{count_of(taken) - 1}_"
            taken |= {f"{item}label": one.label, f"{item}definition": one.definition}
    return taken
