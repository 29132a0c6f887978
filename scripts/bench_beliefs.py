"""What a team might believe of the deals' items before seeing any outcome: plain sense, not fitted to the file."""

from collections.abc import Sequence
from dataclasses import replace

from models.encoding import Item

OF_ITEMS = {
    "Budgt_alloc": ("for", 2), "Competitors": ("against", 2), "Partnership": ("for", 1), "Forml_tend": ("against", 1),
    "Up_sale": ("for", 1), "Cross_sale": ("for", 1),
}  # fmt: skip
OF_CHOICES = {
    "Strat_deal": ({"Very important": "for", "Unimportant": "against"}, 2),
    "Scope": ({"Clear": "for", "Low": "against"}, 1),
    "Needs_def": ({"Yes": "for", "Info gathering": "against", "Poor": "against", "No": "against"}, 2),
    "Posit_statm": ({"Yes": "for", "No": "against"}, 1),
    "Client": ({"Current": "for", "New": "against"}, 2),
    "Att_t_client": ({"Strategic account": "for", "Bad client": "against"}, 2),
    "Authority": ({"High": "for", "Low": "against"}, 2),
    "Source": ({"Referral": "for", "Joint past": "for", "Media": "against"}, 1),
    "Growth": ({"Growth": "for", "Slow down": "against"}, 1),
}


def with_beliefs(items: Sequence[Item]) -> tuple[Item, ...]:
    """Give the items their directions and importances."""
    return tuple(_believed(item) for item in items)


def _believed(item: Item) -> Item:
    if item.key in OF_ITEMS:
        expected, importance = OF_ITEMS[item.key]
        return replace(item, expected=expected, importance=importance)
    if item.key in OF_CHOICES:
        directions, importance = OF_CHOICES[item.key]
        choices = tuple(replace(choice, expected=directions.get(choice.key)) for choice in item.choices)
        return replace(item, choices=choices, importance=importance)
    return item
