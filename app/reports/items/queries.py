"""What each characteristic is worth: does it tell won from lost, does anybody answer it, do two people tick alike."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.answers import UNKNOWN, Sheet, say_answer
from app.checksheets.queries import choose_sheet, load_sheet, version_as_of
from app.checksheets.schemas import Item
from app.checksheets.tables import Observation
from app.prospects.tables import EFFORT_KINDS
from app.reports.columns import MOMENT, as_objects, first_of, moment, take
from app.reports.deals import of_interest, read_deals, read_everybody
from app.reports.effort.ledger import read_entries
from app.reports.frame import Asked, Interval, within
from app.reports.items.schemas import Agreement, Before, Completeness, ItemReview, ItemsBody
from app.reports.items.sheets import Sheets, read_sheets
from app.reports.kept import Table, read_kept
from app.scorecards.queries import card_in_force, load_card
from app.training.dataset import model_items
from models.agreement import kappa
from models.encoding import as_column
from models.leakage import signal_alone
from models.metrics import Estimate
from models.reliability import close_ratio_interval
from models.scorecard import Line, Scorecard
from models.standing_out import TELLING, errors_above, stand_out

MINIMUM, LEAST_EACH, LEAST_PAIRS = 30, 5, 10
MOST = 5_000
ALIKE = 0.95
NOTHING = 0.5  # the AUC of what tells nothing
SELDOM = 0.5


def read(session: Session, *, caller: Caller, asked: Asked) -> ItemsBody:
    """The review, from what was known at the moment asked for."""
    key = choose_sheet(session, asked.check_sheet)
    version = version_as_of(session, key, asked.at)
    sheet = load_sheet(session, key, version)
    deals = read_deals(session, caller=caller, check_sheet=key, asked=asked)
    sheets = read_sheets(session, deals=deals.where(np.arange(len(deals))[-MOST:]), asked=asked)
    card_id = card_in_force(session, key, as_of=asked.at)
    won = int(sheets.deals.won.sum())
    lost = len(sheets.deals) - won
    items = _review(sheet, sheets, load_card(session, card_id).card if card_id else None)
    return ItemsBody(
        check_sheet=key,
        since=asked.since,
        until=asked.until,
        owner=asked.owner,
        as_of=asked.at,
        deals=len(sheets.deals),
        of=len(deals),
        won=won,
        minimum=MINIMUM,
        needed=max(0, MINIMUM - won - lost, LEAST_EACH - won, LEAST_EACH - lost),
        scorecard=card_id,
        sheet_version=sheet.version,
        telling=sum("tells" in item.findings for item in items),
        items=items,
        before_expense=_before_expense(session, caller, key, asked),
        owners=_by_owner(sheets, list(sheet.items)),
    )


def _review(sheet: Sheet, sheets: Sheets, card: Scorecard | None) -> list[ItemReview]:
    lines = {line.items[0]: line for line in card.lines if len(line.items) == 1} if card else {}
    learnt = card is not None and card.basis != "belief"
    in_pairs = {item for line in card.lines if len(line.items) == 2 for item in line.items} if card else set()
    found = []
    for item, plain in zip(sheet.items.values(), model_items(sheet), strict=True):
        values = as_objects(answers.get(item.key) for answers in sheets.answers)
        figures = _counts(item, values) | {"signal": _signal(plain, values, sheets)}
        figures |= _on_card(lines.get(item.key)) | {"agreement": _agreement(item, sheets)}
        figures["on_card"] = figures["on_card"] or item.key in in_pairs
        found.append((item, figures))
    reviews = []
    for (item, figures), tells in zip(found, _telling([figures["signal"] for _, figures in found]), strict=True):
        findings = _findings(figures, lines.get(item.key), learnt=learnt, tells=tells)
        sentence = " ".join(_SENTENCES[finding] for finding in findings) or _plain(figures)
        reviews.append(ItemReview(item=item.key, label=item.label, findings=findings, sentence=sentence, **figures))
    return reviews


def _telling(signals: Sequence[Interval | None]) -> list[bool]:
    """Which of them tell, surely enough for all that were looked at together."""
    known = [place for place, signal in enumerate(signals) if signal is not None]
    scores = [errors_above(Estimate(one.value, one.low, one.high), NOTHING) for one in signals if one is not None]
    surely = dict(zip(known, stand_out(scores, alpha=TELLING), strict=True))
    return [surely.get(place, False) for place in range(len(signals))]


def _counts(item: Item, values: Any) -> dict[str, Any]:
    unknown = sum(value == UNKNOWN for value in values)
    given = [value for value in values if value is not None and value != UNKNOWN]
    commonest, times = Counter(given).most_common(1)[0] if given else (None, 0)
    return {
        "answered": len(given),
        "unknown": unknown,
        "not_observed": len(values) - len(given) - unknown,
        "completeness": round((len(given) + unknown) / len(values), 4) if len(values) else None,
        "commonest": say_answer(item, commonest) if given else None,
        "commonest_share": round(times / len(given), 4) if given else None,
    }


def _signal(item: Any, values: Any, sheets: Sheets) -> Interval | None:
    """AUC alone among the deals it was asked of, answered or not."""
    won = sheets.deals.won
    if len(won) < MINIMUM or min(won.sum(), (~won).sum()) < LEAST_EACH or all(value is None for value in values):
        return None
    found = signal_alone(as_column(item, values), won, weight=np.ones(len(won)), cluster=sheets.cluster)
    return Interval.model_validate(found.to_json())


def _on_card(line: Line | None) -> dict[str, Any]:
    if line is None:
        return {"on_card": False, "points": None, "log_odds": None, "chosen_in": None}
    points = [level.points for level in line.levels]
    weights = [level.log_odds for level in line.levels]
    return {
        "on_card": True,
        "points": max(points) - min(points),
        "log_odds": round(max(weights) - min(weights), 3),
        "chosen_in": line.chosen_in,
    }


def _agreement(item: Item, sheets: Sheets) -> Agreement | None:
    """Numbers that differ a little are no disagreement, so they are left out."""
    pairs = sheets.pairs.get(item.key, [])
    if not pairs or item.kind == "number":
        return None
    found = kappa(pairs) if len(pairs) >= LEAST_PAIRS else None
    alike = sum(first == second for first, second in pairs)
    beyond = Interval.model_validate(found.to_json()) if found else None
    return Agreement(prospects=len(pairs), alike=alike, kappa=beyond)


_SENTENCES = {
    "tells": "Tells won from lost.",
    "contradicts_belief": "Your outcomes say the opposite of what the team believed.",
    "dead_weight": "Carries no weight beside the others; it could leave the sheet.",
    "same_answer": "Nearly everybody gives the same answer, so it cannot tell deals apart.",
    "observers_differ": "Two people tick it differently; word the sign so that they tick alike.",
}


def _findings(figures: dict[str, Any], line: Line | None, *, learnt: bool, tells: bool) -> list[Any]:
    """What holds of an item."""
    signal, agreement = figures["signal"], figures["agreement"]
    same = figures["answered"] >= MINIMUM and figures["commonest_share"] >= ALIKE
    seldom = line is not None and line.chosen_in is not None and line.chosen_in < SELDOM
    left_out = not figures["on_card"] or figures["points"] == 0 or seldom
    hints = signal is not None and signal.low > NOTHING  # too little to say it tells, too much to say it does not
    differ = agreement is not None and agreement.kappa is not None and agreement.kappa.high < 0.6
    checks = {
        "contradicts_belief": tells and line is not None and bool(line.contradicts_belief),
        "tells": tells,
        "same_answer": same,
        "dead_weight": learnt and signal is not None and not hints and left_out,
        "observers_differ": differ,
    }
    return [name for name, holds in checks.items() if holds]


def _plain(figures: dict[str, Any]) -> str:
    if figures["signal"] is None:
        return "Not enough closed deals yet to say."
    if figures["signal"].value < NOTHING:
        return "Tells nothing so far: how some deals with an answer ended did not foretell the others with it."
    return "Whether it tells won from lost is not certain yet."


_LOOKS = Table(
    Observation.prospect_id,
    {
        "seen": (moment(Observation.observed_at), MOMENT),
        "recorded": (moment(Observation.recorded_at), MOMENT),
    },
    (Observation.reconstructed.is_(False),),
)
_EXPENSES = [EFFORT_KINDS.index(kind) for kind in ("visit", "quote")]


def _before_expense(session: Session, caller: Caller, check_sheet: str, asked: Asked) -> Before:
    """Of prospects with a visit or a quote, how many had an answer on the sheet before it."""
    everybody = read_everybody(session)
    rows = of_interest(everybody, caller=caller, check_sheet=check_sheet, asked=asked)
    prospects = everybody["prospect"][rows & within(everybody["arrived"], asked)]
    entries, looks = read_entries(session, asked.at), read_kept(session, _LOOKS)
    spent = take(entries, np.flatnonzero(np.isin(entries["kind"], _EXPENSES)))
    seen = take(looks, np.flatnonzero(looks["recorded"] <= asked.at.timestamp()))
    expense = first_of(prospects, spent["prospect"], spent["at"])
    before = int(np.sum(np.isfinite(expense) & (first_of(prospects, seen["prospect"], seen["seen"]) <= expense)))
    count = int(np.isfinite(expense).sum())
    low, high = close_ratio_interval(before, count) if count else (None, None)
    return Before(prospects=count, filled_before=before, low=low, high=high)


def _by_owner(sheets: Sheets, items: Sequence[str]) -> list[Completeness]:
    """By name; who has fewer deals than the minimum is counted with the others."""
    filled = np.array([sum(item in answers for item in items) / len(items) for answers in sheets.answers])
    names = Counter(owner for owner in sheets.deals.owner if owner)
    enough = sorted(owner for owner, deals in names.items() if deals >= MINIMUM)
    place = np.array([enough.index(owner) if owner in enough else -1 for owner in sheets.deals.owner], dtype=int)
    return [
        Completeness(
            owner=enough[number] if number >= 0 else None,
            deals=int(np.sum(place == number)),
            completeness=round(float(filled[place == number].mean()), 4),
        )
        for number in [*range(len(enough)), -1]
        if np.any(place == number)
    ]
