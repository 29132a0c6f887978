"""How right the scores were: the card in force at the time, held against outcomes it never saw."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.queries import choose_sheet
from app.prospects.tables import StageEntry
from app.reports.calibration.drift import read_drift
from app.reports.calibration.schemas import (
    Bar,
    CalibrationBody,
    Figures,
    Group,
    LeftOut,
    Likely,
    Parts,
    Step,
    Tenth,
    Verdict,
)
from app.reports.columns import MOMENT, Floats, Objects, last_of, matched, moment, numbered, picked
from app.reports.deals import FROM_NOTES, NEWER_CARD, Deals, read_deals
from app.reports.frame import Asked, Interval
from app.reports.kept import Table, read_kept
from app.scorecards.queries import load_card
from models.drift import shortfall
from models.metrics import Estimate, log_losses, measure, squared_errors
from models.reliability import histogram_by_outcome, lift_by_tenth, reliability

MINIMUM = 30
LEAST_EACH = 5
LEAST_GROUP = 10
LATEST = 100
# An alarm is looked at every week, so it takes more to ring it than an interval of one report.
SURE = 0.99


def read(session: Session, *, caller: Caller, asked: Asked) -> CalibrationBody:
    """The report, from what was known at the moment asked for."""
    check_sheet = choose_sheet(session, asked.check_sheet)
    everything = read_deals(session, caller=caller, check_sheet=check_sheet, asked=asked)
    deals = everything.scored
    cards = sorted({str(card) for card in deals.scorecard})
    needed = _needed(deals)
    base = _base_rates(session, deals)
    body = CalibrationBody(
        check_sheet=check_sheet,
        since=asked.since,
        until=asked.until,
        owner=asked.owner,
        as_of=asked.at,
        deals=len(deals),
        won=int(deals.won.sum()),
        minimum=MINIMUM,
        needed=needed,
        left_out=LeftOut(
            card_newer_than_outcome=int(np.sum(everything.left_out == NEWER_CARD)),
            reconstructed=int(np.sum(everything.left_out == FROM_NOTES)),
        ),
        scorecards=cards,
        verdict=_judge(deals, base, needed),
        likely=None,
        figures=None,
        reliability=[],
        lift=[],
        histogram=[],
        groups=[],
        drift=read_drift(session, check_sheet=check_sheet, asked=asked, closed=everything),
    )
    return body if needed else body.model_copy(update=_measured(session, deals, base, asked))


def _needed(deals: Deals) -> int:
    """Closed deals still missing: so many in all, and some of either kind."""
    won = int(deals.won.sum())
    return max(0, MINIMUM - len(deals), LEAST_EACH - won, LEAST_EACH - (len(deals) - won))


def _base_rates(session: Session, deals: Deals) -> Floats:
    """The close ratio each deal's card knew from its training."""
    known = {card: load_card(session, card).card.base_rate for card in set(deals.scorecard)}
    return np.array([known[card] for card in deals.scorecard], dtype=float)


def _measured(session: Session, deals: Deals, base: Floats, asked: Asked) -> dict[str, Any]:
    won, chance = deals.won, deals.probability
    likely = chance >= 0.5
    return {
        "likely": Likely(
            deals=int(likely.sum()),
            won=int(won[likely].sum()),
            expected=round(float(chance[likely].sum()), 1),
            others=int((~likely).sum()),
            others_won=int(won[~likely].sum()),
        ),
        "figures": _figures(deals, base),
        "reliability": [Step.model_validate(step) for step in reliability(won, chance)],
        "lift": [Tenth.model_validate(tenth) for tenth in lift_by_tenth(won, chance)],
        "histogram": [Bar.model_validate(bar) for bar in histogram_by_outcome(won, chance)],
        "groups": list(_groups(deals, read_stages(session, deals, asked))),
    }


def to_interval(estimate: Estimate) -> Interval:
    """A figure as callers get it."""
    return Interval.model_validate(estimate.to_json())


def _figures(deals: Deals, base: Floats) -> Figures:
    found = measure(deals.won, deals.probability, base, deals.cluster, [np.arange(len(deals))])
    return Figures(
        brier=to_interval(found.brier),
        log_loss=to_interval(found.log_loss),
        auc=to_interval(found.auc),
        gain=to_interval(found.gain),
        base_brier=found.base["brier"],
        slope=round(found.calibration_slope, 4),
        calibration=Parts.model_validate(found.corp),
    )


_STEPS = Table(
    StageEntry.prospect_id,
    {
        "stage": (StageEntry.stage, object),
        "seen": (moment(StageEntry.seen_at), MOMENT),
        "recorded": (moment(StageEntry.recorded_at), MOMENT),
    },
    order=StageEntry.id,
)


def read_stages(session: Session, deals: Deals, asked: Asked) -> Objects:
    """The step each deal had reached before its outcome, by the last sign noted; a later one knows the outcome."""
    steps = read_kept(session, _STEPS)
    row = matched(deals.prospect, steps["prospect"])
    known = steps["recorded"] <= asked.at.timestamp()
    entries = np.flatnonzero(known & (steps["seen"] <= picked(deals.decided_at, row)))
    entries = entries[np.argsort(steps["seen"][entries], kind="stable")]
    return picked(steps["stage"], last_of(row[entries], entries, len(deals)))


def _quarters(moments: Floats) -> list[str]:
    """The quarter of the year of each moment."""
    months = np.floor(moments).astype(np.int64).astype("datetime64[s]").astype("datetime64[M]").astype(int)
    names = {month: f"{1970 + month // 12}, quarter {month % 12 // 3 + 1}" for month in np.unique(months).tolist()}
    return [names[month] for month in months.tolist()]


def _groups(deals: Deals, stages: Objects) -> Iterator[Group]:
    columns: dict[str, list[str]] = {
        "period": _quarters(deals.decided_at),
        "source": [source or "not known" for source in deals.source],
        "stage": [stage or "not known" for stage in stages],
    }
    for by, names in columns.items():
        values, place = numbered(names)
        if values != ["not known"]:
            for number, value in enumerate(values):
                yield _group(by, value, deals, place == number)


def _group(by: Any, value: str, deals: Deals, rows: NDArray[np.bool_]) -> Group:
    won, chance = deals.won[rows], deals.probability[rows]
    difference = shortfall(won, chance, deals.cluster[rows]) if len(won) >= LEAST_GROUP else None
    return Group(
        by=by,
        value=value,
        deals=len(won),
        won=int(won.sum()),
        expected=round(float(chance.sum()), 1),
        brier=round(float(squared_errors(won, chance).mean()), 4),
        difference=to_interval(difference) if difference else None,
    )


def _judge(deals: Deals, base: Floats, needed: int) -> Verdict:
    """Whether the latest outcomes still go along with the card."""
    latest, known = deals.where(np.arange(len(deals))[-LATEST:]), base[-LATEST:]
    counts: dict[str, Any] = {
        "latest": len(latest),
        "latest_won": int(latest.won.sum()),
        "latest_expected": round(float(latest.probability.sum()), 1),
    }
    if needed:
        sentence = f"Not enough yet: {needed} more closed deals that were scored before they closed."
        return Verdict(state="not_enough", sentence=sentence, **counts)
    off = shortfall(latest.won, latest.probability, latest.cluster, SURE)
    gains = log_losses(latest.won, known) - log_losses(latest.won, latest.probability)
    gain = shortfall(gains, np.zeros(len(gains)), latest.cluster)
    seen = (
        f"Of the latest {counts['latest']} closed deals {counts['latest_won']} were won; "
        f"their scores promised {counts['latest_expected']:.0f}."
    )
    if off.low > 0 or off.high < 0:
        return Verdict(
            state="aged", sentence=f"The card has aged. {seen} Chance alone does not do that: train again.", **counts
        )
    if gain.high < 0:
        worse = "The card has aged: saying the usual close ratio of every deal would have been closer."
        return Verdict(state="aged", sentence=f"{worse} {seen} Train again.", **counts)
    if gain.low <= 0:
        unsure = "It is not certain that the card tells more than the usual close ratio."
        return Verdict(state="doubtful", sentence=f"{unsure} {seen}", **counts)
    better = "The card still tells more than the usual close ratio would."
    return Verdict(state="serves", sentence=f"{better} {seen}", **counts)
