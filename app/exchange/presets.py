"""The mappings that come along: how each CRM writes its exports, and how this service writes its own."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from app.checksheets.answers import Sheet
from app.exchange.columns import ItemColumn, Named, OutcomeColumn, OutcomeRules, plain
from app.exchange.files import Table, UnreadableFile
from app.exchange.mapping import Mapping

PRESETS = {
    "salesforce": "Salesforce",
    "hubspot": "HubSpot",
    "dynamics": "Dynamics 365",
    "pipedrive": "Pipedrive",
    "odoo": "Odoo",
    "winnow": "Winnow, exported before",
}
# In the files of our own: before an item's key, and where an answer was taken back.
ANSWER, TAKEN_BACK = "answer.", "taken back"


@cache
def _tables(name: str) -> list[dict[str, Any]]:
    text = (files("app.exchange") / "presets" / f"{name}.json").read_text("utf-8")
    tables: list[dict[str, Any]] = json.loads(text)["tables"]
    return tables


def questions(name: str) -> dict[str, Any]:
    """The characteristics that a CRM asks by itself, as a mapping has them."""
    found: dict[str, Any] = _tables(name)[0].get("items", {})
    return found


def fit(name: str, table: Table, *, check_sheet: str, sheet: Sheet | None) -> Mapping:
    """The mapping of a preset for one file: whichever of its tables the columns make it."""
    if name not in PRESETS:
        msg = f"There is no preset '{name}'; there are {', '.join(PRESETS)}."
        raise UnreadableFile(msg)
    known = [Mapping.model_validate({"check_sheet": {"key": check_sheet}, **one}) for one in _tables(name)]
    missing = [(mapping, _missing(mapping, table)) for mapping in known]
    found = next((mapping for mapping, lacks in missing if not lacks), None)
    if found is None:
        closest = min((lacks for _, lacks in missing), key=len)
        lacks = "; ".join(" or ".join(f"'{each}'" for each in column.names) for column in closest)
        msg = f"This is no export of {PRESETS[name]} with the columns it takes. Add to the export: {lacks}."
        raise UnreadableFile(msg)
    if found.rows not in {"prospects", "observations"} or sheet is None:
        return found
    own = name == "winnow"
    takes = not own or found.rows == "observations"
    return found.model_copy(update={"items": found.items | (_own_items(found, table, sheet, own=own) if takes else {})})


def _missing(mapping: Mapping, table: Table) -> list[Named]:
    """The columns a mapping cannot do without that a file lacks."""
    return [one for one in _needed(mapping) if not one.optional and not {*one.names} & {*table.columns}]


def _needed(mapping: Mapping) -> list[Named]:
    found: list[Named] = []
    for part in (mapping, mapping.forecast, mapping.effort):
        found += [one for _, one in part or () if isinstance(one, Named)]
    if mapping.id.column is not None:
        found.append(Named(column=mapping.id.column))
    if isinstance(mapping.outcome, OutcomeColumn):
        found.append(Named(column=mapping.outcome.column))
    elif isinstance(mapping.outcome, OutcomeRules):
        found += mapping.outcome.columns.values()
    return found


def _own_items(mapping: Mapping, table: Table, sheet: Sheet, *, own: bool) -> dict[str, ItemColumn]:
    """Columns named as an item's key or label hold its answers as they stand; of yes and no the words are plain."""
    titles = {plain(title): title for title in table.columns if table.columns.count(title) == 1}
    found = {}
    for key, item in sheet.items.items():
        named = (f"{ANSWER}{key}",) if own else (key, item.label)
        title = next((titles[plain(name)] for name in named if plain(name) in titles), None)
        if title is not None and key not in mapping.items:
            words = {} if own or item.kind != "yes_no" else _YES_NO
            found[key] = ItemColumn(column=title, kind=item.kind, answers=words, taken_back=TAKEN_BACK if own else None)
    return found


_YES_NO: dict[str, bool | float | str | None] = {
    word: value
    for value, words in ((True, ("yes", "true", "1")), (False, ("no", "false", "0")))
    for each in words
    for word in {each, each.capitalize(), each.upper()}
} | {"unknown": "unknown", "Unknown": "unknown"}
