"""A check sheet as a form: its fields as text, the buttons that change its items, and the sheet it comes to."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from app.checksheets.schemas import Choice, Item, SheetInput, Stage
from app.checksheets.wording import free_key
from app.errors import FieldProblem, Unprocessable

TEXTS = ("label", "definition", "unit", "expected", "importance", "stage", "how", "help")
_FIELDS = ("key", "kind", "choices", *TEXTS)
GRADES = ("A", "B", "C", "D")
_SIGNS = {"for": " +", "against": " -", None: ""}
_DIRECTED = re.compile(r"\s+([+\-−–])$")
_SENTENCES = {"string_too_short": "Please fill this in.", "string_too_long": "That is too long."}


def to_values(sheet: SheetInput) -> dict[str, str]:
    """The sheet as the text of a form's fields."""
    ratio = "" if sheet.expected_close_ratio is None else f"{100 * sheet.expected_close_ratio:.4g}"
    values = {"name": sheet.name, "expected_close_ratio": ratio, "count": str(len(sheet.items))}
    values["stages"] = "\n".join(f"{stage.label}: {stage.sign}" for stage in sheet.stages or [])
    values |= {f"step_{grade}": (sheet.grade_steps or {}).get(grade, "") for grade in GRADES}  # type: ignore[call-overload]
    for number, item in enumerate(sheet.items):
        values |= _item_values(number, item)
    return values


def _item_values(number: int, item: Item) -> dict[str, str]:
    values = {f"i{number}_{name}": _text(getattr(item, name)) for name in TEXTS}
    lines = "\n".join(f"{choice.label}{_SIGNS[choice.expected]}" for choice in item.choices)
    return values | {f"i{number}_key": item.key, f"i{number}_kind": item.kind, f"i{number}_choices": lines}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def press(values: Mapping[str, str], button: str) -> dict[str, str]:
    """The fields after one of the buttons `add`, `remove:N`, `up:N` or `down:N`."""
    what, _, place = button.partition(":")
    rows = [{name: values.get(f"i{number}_{name}", "") for name in _FIELDS} for number in range(count_of(values))]
    at = int(place) if place.isdecimal() and int(place) < len(rows) else None
    if what == "add":
        rows.append(dict.fromkeys(_FIELDS, "") | {"kind": "yes_no"})
    elif what == "remove" and at is not None:
        del rows[at]
    elif what in {"up", "down"} and at is not None:
        to = at - 1 if what == "up" else at + 1
        if 0 <= to < len(rows):
            rows[at], rows[to] = rows[to], rows[at]
    kept = {name: value for name, value in values.items() if not re.match(r"i\d+_", name)}
    kept["count"] = str(len(rows))
    return kept | {f"i{number}_{name}": value for number, row in enumerate(rows) for name, value in row.items()}


def count_of(values: Mapping[str, str]) -> int:
    """How many items the form holds."""
    said = values.get("count", "")
    return min(int(said), 300) if said.isdecimal() else 0


def to_sheet(values: Mapping[str, str], *, key: str, before: SheetInput) -> SheetInput:
    """The sheet a form comes to; what the form does not show is kept from the version it was opened with."""
    body: dict[str, Any] = {"key": key, "name": values.get("name", "").strip(), "items": _items(values, before)}
    ratio = values.get("expected_close_ratio", "").strip().rstrip("%").replace(",", ".")
    if ratio:
        body["expected_close_ratio"] = _share(ratio)
    steps = {grade: text for grade in GRADES if (text := values.get(f"step_{grade}", "").strip())}
    if steps:
        body["grade_steps"] = steps
    if before.grades is not None:
        body["grades"] = before.grades.model_dump()
    if stages := list(_stages(values.get("stages", ""), before.stages or [])):
        body["stages"] = stages
    try:
        return SheetInput.model_validate(body)
    except ValidationError as error:
        raise Unprocessable([_problem(fault) for fault in error.errors()]) from error


def _share(percent: str) -> float:
    try:
        return round(float(percent) / 100, 6)
    except ValueError as error:
        detail = "Write a number between 1 and 99, or leave it empty."
        raise Unprocessable.field("/expected_close_ratio", "not_a_number", detail) from error


def _items(values: Mapping[str, str], before: SheetInput) -> list[dict[str, Any]]:
    known = {item.key: item for item in before.items}
    rows = [
        {name: values.get(f"i{number}_{name}", "").strip() for name in _FIELDS} for number in range(count_of(values))
    ]
    taken = {row["key"] for row in rows if row["key"]} | set(known)
    items = []
    for row in rows:
        if not row["key"]:
            row["key"] = free_key(row["label"], taken)
            taken.add(row["key"])
        items.append(_item(row, known.get(row["key"])))
    return items


def _item(row: dict[str, str], known: Item | None) -> dict[str, Any]:
    body: dict[str, Any] = {name: row[name] for name in ("key", "kind")} | {
        "label": row["label"],
        "definition": row["definition"],
    }
    body |= {name: row[name] for name in ("expected", "stage", "how", "help") if row[name]}
    if row["kind"] == "choice":
        body.pop("expected", None)  # each choice has a direction of its own
    if row["importance"]:
        body["importance"] = row["importance"]
    if row["kind"] == "number" and row["unit"]:
        body["unit"] = row["unit"]
    if row["kind"] in {"choice", "scale"}:
        body["choices"] = list(
            _choices(row["choices"], known.choices if known else [], directed=row["kind"] == "choice")
        )
    if known is not None and known.rationale:
        body["rationale"] = known.rationale
    if known is not None and known.in_order and row["kind"] in {"scale", "number"}:
        body["in_order"] = True
    return body


def _choices(text: str, known: list[Choice], *, directed: bool) -> Iterator[dict[str, str]]:
    """A choice a line; one that is there already, by its label or by its place, keeps its key."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    labels = [_DIRECTED.sub("", line) for line in lines]
    kept = _kept_keys(labels, [(choice.key, choice.label) for choice in known])
    for line, label, key in zip(lines, labels, kept, strict=True):
        body = {"key": key, "label": label}
        sign = _DIRECTED.search(line)
        if directed and sign:
            body["expected"] = "for" if sign[1] == "+" else "against"
        yield body


def _kept_keys(labels: list[str], known: list[tuple[str, str]]) -> list[str]:
    by_label = {label: key for key, label in known}
    same_length = len(labels) == len(known)
    taken = {by_label[label] for label in labels if label in by_label}
    keys = []
    for place, label in enumerate(labels):
        key = by_label.get(label)
        if key is None and same_length and known[place][0] not in taken:
            key = known[place][0]  # worded anew
        key = key or free_key(label, taken | {"unknown"} | {key for key, _ in known})
        taken.add(key)
        keys.append(key)
    return keys


def _stages(text: str, known: list[Stage]) -> Iterator[dict[str, str]]:
    lines = [line.strip().partition(":") for line in text.splitlines() if line.strip()]
    keys = _kept_keys([label.strip() for label, _, _ in lines], [(stage.key, stage.label) for stage in known])
    for key, (label, _, sign) in zip(keys, lines, strict=True):
        yield {"key": key, "label": label.strip(), "sign": sign.strip()}


def _problem(fault: Any) -> FieldProblem:
    """What is wrong, at the field of the form it was written in."""
    place = fault["loc"]
    said = str(fault["msg"]).removeprefix("Value error, ")
    sentence = _SENTENCES.get(fault["type"], f"{said[:1].upper()}{said[1:]}.")
    if place[:1] == ("items",) and len(place) > 1:
        name = str(place[2]) if len(place) > 2 else "choices"
        return FieldProblem(pointer=f"/i{place[1]}_{name}", code=fault["type"], detail=sentence)
    if place[:1] == ("items",):
        sentence = "A sheet needs at least one characteristic."
    if place[:1] == ("stages",):
        sentence = "Write a step a line: its name, a colon, and the sign the customer gives."
    name = f"step_{place[1]}" if place[:1] == ("grade_steps",) else str(place[0]) if place else ""
    return FieldProblem(pointer=f"/{name}", code=fault["type"], detail=sentence)
