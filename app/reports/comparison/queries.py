"""Reading the forecast comparison."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.queries import choose_sheet
from app.errors import Forbidden
from app.forecasts.tables import BLIND, IMPORTED, INFORMED, REVISION
from app.prospects.tables import Prospect
from app.reports.columns import given
from app.reports.comparison.ledger import Ledger, read_ledgers
from app.reports.comparison.schemas import (
    BiasBody,
    ComparisonBody,
    Disagreement,
    PersonBody,
    ReliabilityPoint,
    SetApart,
)
from app.reports.frame import Asked, within
from models.bias import biases
from models.comparison import MINIMUM, Pairs, compare, difference_to_json, differences, needed, skill
from models.reliability import reliability

SHOWN = 20  # disagreements
APART = 0.25  # what a disagreement is at the least
_FINE = 1000  # different forecasts above which a picture is drawn from rounded ones


def read(session: Session, *, caller: Caller, asked: Asked) -> ComparisonBody:
    """Set the forecasts there were beside what the data said at the same moment."""
    sheet = choose_sheet(session, asked.check_sheet)
    if asked.owner is not None and not caller.answers_for(asked.owner):
        raise Forbidden("Your key answers for other owners only; ask for one of yours.", code="not_your_owner")
    everything = read_ledgers(session, check_sheet=sheet, at=asked.at)
    ledgers = {kind: ledger.where(_of_interest(ledger, caller, asked)) for kind, ledger in everything.items()}
    shared = ledgers[BLIND].where(~np.isnan(ledgers[BLIND].data))
    pairs = _pairs(shared)
    found = compare(pairs) if pairs.comparable else None
    return ComparisonBody(
        check_sheet=sheet,
        since=asked.since,
        until=asked.until,
        owner=asked.owner,
        as_of=asked.at,
        deals=len(shared),
        won=int(shared.won.sum()),
        needed=needed(len(shared)),
        without_card=len(ledgers[BLIND]) - len(shared),
        from_categories=int(given(shared.categories).sum()),
        from_beliefs=int(np.sum(shared.basis == "belief")),
        people=_people(everything[BLIND].where(within(everything[BLIND].decided, asked)), caller, asked),
        revision=_set_apart(ledgers[REVISION], before=shared),
        informed=_set_apart(ledgers[INFORMED]),
        imported=_set_apart(ledgers[IMPORTED]),
        disagreements=_disagreements(session, shared) if found else [],
        reliability=_reliability(pairs) if found else [],
        **(found.to_json() if found else _NOTHING),
    )


_NOTHING: dict[str, Any] = {"sequence": []} | dict.fromkeys(
    ("plain", "winner", "data", "reps", "blend", "difference", "reps_add_information", "data_adds_information")
)


def _of_interest(ledger: Ledger, caller: Caller, asked: Asked) -> NDArray[np.bool_]:
    """What was asked for, cut to a rep's own forecasts."""
    rows = within(ledger.decided, asked)
    if asked.owner is not None:
        rows &= ledger.owners == asked.owner
    if not caller.sees_everyone:
        rows &= np.array([owner in caller.owners for owner in ledger.owners], dtype=np.bool_)
    return rows


def _pairs(ledger: Ledger) -> Pairs:
    return Pairs(ledger.won, ledger.data, ledger.said, ledger.accounts, (ledger.decided, ledger.made))


def _set_apart(ledger: Ledger, before: Ledger | None = None) -> SetApart | None:
    """Forecasts of another kind beside the data, and a revision beside the forecast it revised."""
    if not len(ledger):
        return None
    missing = needed(len(ledger))
    pairs = _pairs(ledger)
    if not pairs.comparable:
        return SetApart(deals=len(ledger), needed=missing)
    known = ~np.isnan(ledger.data)
    beside = _pairs(ledger.where(known))
    more: dict[str, Any] = {}
    if beside.comparable:
        more["data"] = skill(beside.won, beside.data, beside.cluster).to_json()
        apart = differences(beside.won, beside.data, beside.reps, beside.cluster)
        more["difference"] = difference_to_json(apart)
    if before is not None:
        revised = set(ledger.prospects)
        first = _pairs(before.where(np.array([deal in revised for deal in before.prospects], dtype=np.bool_)))
        if first.comparable:
            more["before"] = skill(first.won, first.reps, first.cluster).to_json()
    own = skill(pairs.won, pairs.reps, pairs.cluster).to_json()
    return SetApart.model_validate({"deals": len(ledger), "needed": missing} | own | more)


def _disagreements(session: Session, ledger: Ledger) -> list[Disagreement]:
    """Where the two were furthest apart; erased deals count above, and are named nowhere."""
    apart = np.abs(ledger.data - ledger.said)
    order = [row for row in np.argsort(-apart, kind="stable")[: 2 * SHOWN] if apart[row] >= APART]
    ids = [ledger.prospects[row] for row in order]
    query = select(Prospect.id, Prospect.external_id, Prospect.name).where(
        Prospect.id.in_(ids), Prospect.erased_at.is_(None)
    )
    named = {row.id: (row.external_id, row.name) for row in session.execute(query)}
    return [
        Disagreement(
            prospect=named[ledger.prospects[row]][0],
            name=named[ledger.prospects[row]][1],
            data=float(ledger.data[row]),
            rep=float(ledger.said[row]),
            outcome="won" if ledger.won[row] else "lost",
        )
        for row in order
        if ledger.prospects[row] in named
    ][:SHOWN]


def _reliability(pairs: Pairs) -> list[ReliabilityPoint]:
    sides: tuple[tuple[Literal["data", "reps"], NDArray[np.float64]], ...] = (
        ("data", pairs.data),
        ("reps", pairs.reps),
    )
    return [
        ReliabilityPoint(forecaster=name, **point)
        for name, forecast in sides
        for point in reliability(pairs.won, forecast.round(2) if len(np.unique(forecast)) > _FINE else forecast)
    ]


def _people(ledger: Ledger, caller: Caller, asked: Asked) -> list[PersonBody]:
    """Each person's bias, pulled toward that of all; the few-deal ones nameless and last, but for the caller itself."""
    ledger = ledger.where(given(ledger.owners))
    if not len(ledger):
        return []
    names = sorted(set(ledger.owners))
    number = {name: place for place, name in enumerate(names)}
    person = np.array([number[name] for name in ledger.owners])
    found = biases(ledger.won, ledger.said, person, ledger.accounts)
    named, nameless = [], []
    for name, one in zip(names, found, strict=True):
        own = not caller.sees_everyone and name in caller.owners
        if (asked.owner not in (None, name)) or not (own or caller.sees_everyone):
            continue
        if own or one.deals >= MINIMUM:
            spread = one.estimate
            bias = BiasBody(value=spread.value, low=spread.low, high=spread.high, shrunk=one.shrunk)
            named.append(PersonBody(owner=name, deals=one.deals, needed=needed(one.deals), bias=bias, brier=one.brier))
        else:
            nameless.append(PersonBody(owner=None, deals=one.deals, needed=needed(one.deals), bias=None, brier=None))
    return named + sorted(nameless, key=lambda one: -one.deals)
