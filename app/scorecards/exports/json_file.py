"""A card as JSON: exactly as it is stored, so that reading it gives the same card with the same hash."""

import msgspec

from app.scorecards.exports.reading import Exported


def write(exported: Exported) -> str:
    """The card itself."""
    return msgspec.json.format(msgspec.json.encode(exported.card.to_json()), indent=2).decode() + "\n"
