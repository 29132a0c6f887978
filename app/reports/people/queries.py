"""Selling apart from prospects: wins against the number that the prospects' quality predicts."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.queries import choose_sheet
from app.errors import Forbidden
from app.prospects.queries import visible_to
from app.prospects.tables import Prospect
from app.reports.deals import Deals, read_deals
from app.reports.frame import Asked, Interval
from app.reports.people.schemas import Lead, Owner, PeopleBody
from models.funnel import Group, centred, funnel
from models.scorecard import as_score

MINIMUM = 30
LEADS = 10


def read(session: Session, *, caller: Caller, asked: Asked) -> PeopleBody:
    """The report, from what was known at the moment asked for."""
    check_sheet = choose_sheet(session, asked.check_sheet)
    if asked.owner is not None and not caller.answers_for(asked.owner):
        raise Forbidden("Your key answers for other owners only; ask for one of yours.", code="not_your_owner")
    deals = _of_team(session, caller, check_sheet, asked)
    count = Counter(deals.owner)
    second = sorted(count.values(), reverse=True)[1] if len(count) > 1 else 0
    needed = max(0, MINIMUM - second)
    named = sorted(owner for owner in count if count[owner] >= MINIMUM or _is_own(caller, owner))
    owners = [] if needed else _owners(deals, named)
    if not caller.sees_everyone:  # held against the team's, and nobody else's are shown
        owners = [one for one in owners if _is_own(caller, one.owner)]
        deals = deals.where(np.array([_is_own(caller, owner) for owner in deals.owner], dtype=bool))
    return PeopleBody(
        check_sheet=check_sheet,
        since=asked.since,
        until=asked.until,
        owner=asked.owner,
        as_of=asked.at,
        deals=len(deals),
        won=int(deals.won.sum()),
        minimum=MINIMUM,
        needed=needed,
        owners=owners,
        beyond_chance=sum(one.outside for one in owners),
        leads=_leads(session, caller, deals),
    )


def _of_team(session: Session, caller: Caller, check_sheet: str, asked: Asked) -> Deals:
    """Closed deals with a score and an owner; a rep's own mean something only beside the whole team's."""
    if not caller.sees_everyone:
        caller, asked = replace(caller, role="manager"), replace(asked, owner=None)
    deals = read_deals(session, caller=caller, check_sheet=check_sheet, asked=asked).scored
    return deals.where(np.array([owner is not None for owner in deals.owner], dtype=bool))


def _is_own(caller: Caller, owner: str | None) -> bool:
    return not caller.sees_everyone and owner in caller.owners


def _owners(deals: Deals, named: list[str]) -> list[Owner]:
    """By name; who has too few deals to be told from chance stands with the others."""
    number = {owner: place for place, owner in enumerate(named)}
    group = np.array([number.get(owner, len(named)) for owner in deals.owner], dtype=np.intp)
    found = funnel(deals.won, centred(deals.won, deals.probability), group)
    names = [*named, None]
    return [_owner(name, one) for name, one in zip(names, found, strict=False)]


def _owner(name: str | None, one: Group) -> Owner:
    gap = one.difference
    return Owner(
        owner=name,
        deals=one.deals,
        won=one.won,
        expected=round(one.expected, 1),
        difference=Interval(value=round(gap.value, 4), low=round(gap.low, 4), high=round(gap.high, 4)),
        shrunk=round(one.shrunk, 4),
        limit=round(one.limit, 4),
        outside=one.outside,
    )


def _leads(session: Session, caller: Caller, deals: Deals) -> list[Lead]:
    """Deals won against a low score, the least expected first."""
    against = deals.where(deals.won & (deals.probability < 0.5))
    first = against.where(np.lexsort((-against.decided_at, against.probability))[: 2 * LEADS])
    query = select(Prospect.id, Prospect.external_id, Prospect.name)
    rows = session.execute(query.where(Prospect.id.in_(list(first.id)), visible_to(caller)))
    names = {row.id: (row.external_id, row.name) for row in rows}
    return [
        Lead(
            prospect=names[one][0],
            name=names[one][1],
            decided_at=datetime.fromtimestamp(float(decided), UTC),
            score=as_score(float(chance)),
        )
        for one, decided, chance in zip(first.id, first.decided_at, first.probability, strict=True)
        if one in names
    ][:LEADS]
