"""What stands in the tables as short words, as people say it."""

EFFORT = {"call": "Call", "visit": "Visit", "demo": "Demonstration", "quote": "Quote", "other": "Other work"}
EXPERIENCES = {
    "satisfied": "Satisfied",
    "complained": "Complained",
    "returned": "Returned it",
    "bought_again": "Bought again",
}
OUTCOMES = {
    "won": "Won",
    "lost": "Lost",
    "void": "Void: the record should not have existed",
    "reopened": "Reopened",
}
FORECASTS = {
    "blind": "before the score was shown",
    "informed": "with the score already in sight",
    "revision": "revised after seeing the score",
    "imported": "from the CRM’s history",
}
CATEGORIES = {"commit": "commit", "best_case": "best case", "pipeline": "pipeline", "omitted": "omitted"}


def percent(probability: float) -> str:
    """A probability in whole hundredths."""
    return f"{100 * probability:.0f} %"


def say_reason(reason: str | None) -> str:
    """Why a prospect ended as it did."""
    return "No decision: went silent, or cancelled its project" if reason == "no_decision" else reason or ""


def money(value: object, currency: str | None) -> str:
    """An amount with its currency."""
    return f"{value:,.2f} {currency or ''}".strip()
