"""How a check sheet is worded: keys made from labels, and advice where two people might tick differently.

The advice is a rule of thumb over a few words, nothing that understands a sentence: it names what it looked for, and it
never stands in anybody's way.
"""

import re
import unicodedata

from app.checksheets.schemas import Item, SheetInput

PLENTY = 10
MOST = 12
_VAGUE = (
    "good", "bad", "strong", "weak", "serious", "interested", "interesting", "important", "likely", "seems", "feel",
    "feels", "feeling", "probably", "potential", "promising", "enough", "positive", "negative", "nice", "well",
    "motivated", "committed", "engaged", "fit", "fits", "understands", "believes", "thinks", "wants", "happy",
)  # fmt: skip
# What somebody did or said, or where it can be looked up: a second person would find the same.
_SIGNS = (
    "said", "says", "told", "tells", "named", "names", "asked", "asks", "wrote", "writes", "written", "writing",
    "showed", "shows", "shown", "sent", "sends", "signed", "ordered", "order", "orders", "paid", "booked", "gave",
    "gives", "agreed", "introduced", "invited", "attended", "visited", "visits", "called", "calls", "answered",
    "replied", "confirmed", "published", "document", "documents", "email", "e-mail", "mail", "letter", "minutes",
    "contract", "record", "records", "report", "register", "calendar", "invoice", "quote", "website", "date", "dated",
    "witness", "heard", "seen", "counted", "measured", "days", "months", "years", "percent", "number", "came", "comes",
    "met", "requested", "request", "listed", "lists", "states", "stated", "complained", "bought", "returned", "column",
    "looked", "noted", "put", "set",
)  # fmt: skip
_WORD = re.compile(r"[a-z][a-z'-]*")


def key_of(label: str) -> str:
    """A key made from a label: plain letters, digits and underscores.

    >>> key_of("Budget is allocated?"), key_of("Größe"), key_of("!")
    ('budget_is_allocated', 'grosse', 'item')
    """
    plain = unicodedata.normalize("NFKD", label.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60].strip("_") or "item"


def free_key(label: str, taken: set[str]) -> str:
    """A key nobody has yet."""
    key, number = key_of(label), 2
    while key in taken:
        key, number = f"{key_of(label)[:56]}_{number}", number + 1
    return key


def advice_on(item: Item) -> str:
    """A sentence where a definition names no sign that two people would tick alike; nothing where one is found.

    >>> advice_on(Item(key="a", label="Serious", definition="They seem serious, a good fit.", kind="yes_no"))[:47]
    'It rests on an impression (serious, good, fit):'
    """
    words = _WORD.findall(item.definition.casefold())
    if item.definition.strip().casefold() == item.label.strip().casefold():
        return "It only repeats the name: say which sign must be seen before anybody ticks it."
    if item.kind == "number" or any(word in _SIGNS for word in words) or re.search(r"\d", item.definition):
        return ""
    vague = list(dict.fromkeys(word for word in words if word in _VAGUE))
    if vague:
        named = ", ".join(vague[:3])
        return f"It rests on an impression ({named}): say what the customer must have said, written or done."
    if len(words) < 4:
        return "It is very short: say what the customer must have said, written or done, or where it is looked up."
    return "No word in it names something said, written, done or looked up; would two people tick alike?"


def advice_on_sheet(sheet: SheetInput) -> list[str]:
    """What may be said of the sheet as a whole."""
    if len(sheet.items) <= MOST:
        return []
    return [
        f"The sheet has {len(sheet.items)} characteristics. {PLENTY} are plenty: every one more takes time at every "
        "prospect, and needs more closed deals before its weight means anything."
    ]
