"""What a new version of a check sheet says differently."""

from dataclasses import dataclass
from typing import Any

from app.checksheets.schemas import Item, SheetInput

_NAMES = {
    "label": "name", "definition": "sign", "kind": "kind", "choices": "answers", "unit": "unit",
    "expected": "speaks", "importance": "importance", "stage": "step", "how": "how to find out", "help": "what helps",
    "name": "name", "expected_close_ratio": "expected close ratio", "grades": "where grades are cut",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """One thing that reads differently; empty where it was or is not said."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """An item, or the sheet itself, that was added, dropped, changed or moved."""

    kind: str
    label: str
    wordings: tuple[Wording, ...] = ()


def changes(before: SheetInput, after: SheetInput) -> list[Change]:
    """Everything that differs, the sheet's own wording first, then its items in their order."""
    found = []
    own = _differences(_own(before), _own(after))
    if own:
        found.append(Change("changed", "The sheet", own))
    were, are = {item.key: item for item in before.items}, {item.key: item for item in after.items}
    kept = [key for key in are if key in were]
    order = [key for key in were if key in are]
    for key, item in are.items():
        if key not in were:
            found.append(Change("added", item.label))
        elif differing := _differences(_of(were[key]), _of(item)):
            found.append(Change("changed", item.label, differing))
        elif kept.index(key) != order.index(key):
            found.append(Change("moved", item.label))
    return found + [Change("dropped", item.label) for key, item in were.items() if key not in are]


def _own(sheet: SheetInput) -> dict[str, str]:
    said = {
        "name": sheet.name,
        "expected_close_ratio": f"{sheet.expected_close_ratio:.0%}" if sheet.expected_close_ratio else "",
        "grades": ", ".join(
            f"{grade} {share:.0%}" for grade, share in (sheet.grades.model_dump() if sheet.grades else {}).items()
        ),
    }
    said |= {f"step for grade {grade}": step for grade, step in (sheet.grade_steps or {}).items()}
    return said | {f"step of the journey {stage.label}": stage.sign for stage in sheet.stages or []}


def _of(item: Item) -> dict[str, str]:
    said: dict[str, Any] = {name: getattr(item, name) for name in _NAMES if hasattr(item, name) and name != "choices"}
    said["choices"] = "; ".join(
        f"{choice.label} ({choice.expected})" if choice.expected else choice.label for choice in item.choices
    )
    return {name: "" if value is None else str(value) for name, value in said.items()}


def _differences(before: dict[str, str], after: dict[str, str]) -> tuple[Wording, ...]:
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        Wording(_NAMES.get(name, name), before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name, "") != after.get(name, "")
    )
