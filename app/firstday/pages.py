"""The page that leads a team through its first day, and the list of past deals to tick from notes."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Query, Request, Response

from app.accounts.auth import AnyVisitor
from app.checksheets.schemas import SheetBody
from app.db import Reading, utcnow
from app.firstday.queries import FORECASTS_EACH, WANTED, FirstDay, PastDeals, first_day, list_choices, past_deals
from app.pages import page_router, render

router = page_router()


@dataclass(frozen=True, slots=True)
class Step:
    """One of the seven, and whether it is done."""

    number: int
    name: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class FirstDayPage:
    day: FirstDay | None
    steps: list[Step]
    next: int | None
    others: Sequence[SheetBody]
    is_rep: bool
    wanted: int = WANTED
    forecasts_each: int = FORECASTS_EACH


@dataclass(frozen=True, slots=True)
class PastDealsPage:
    sheet: SheetBody | None
    past: PastDeals | None
    wanted: int = WANTED


def _chosen(sheets: Sequence[SheetBody], key: str) -> SheetBody | None:
    return next((sheet for sheet in sheets if sheet.key == key), sheets[0] if sheets else None)


@router.get("/first-day", name="first_day")
def show_first_day(
    request: Request, visitor: AnyVisitor, session: Reading, sheet: str = Query("", max_length=64)
) -> Response:
    """The seven steps: which are done, which is next, and what is still opinion."""
    sheets = list_choices(session)
    chosen = _chosen(sheets, sheet)
    day = first_day(session, chosen, now=utcnow()) if chosen else None
    steps = list(_steps(day))
    following = next((step.number for step in steps if not step.is_done), None)
    others = [one for one in sheets if chosen and one.key != chosen.key]
    return render(
        request, "firstday/first_day.html", FirstDayPage(day, steps, following, others, visitor.role == "rep")
    )


def _steps(day: FirstDay | None) -> Sequence[Step]:
    done = (
        (False,) * 7
        if day is None
        else (
            True,
            0 < day.people <= day.spoken,
            day.counts.to_tick == (0, 0),
            day.learnt is not None,
            0 < day.reps <= day.reps_done,
            day.steps == 4,
            False,
        )
    )
    names = (
        "Choose the characteristics", "Each says alone what counts", "Bring in closed deals", "See the first weights",
        "Forecast five open deals each", "Agree one step per grade", "Print the sheet and the card",
    )  # fmt: skip
    return [
        Step(number, name, is_done) for number, (name, is_done) in enumerate(zip(names, done, strict=True), start=1)
    ]


@router.get("/first-day/past-deals", name="past_deals")
def show_past_deals(
    request: Request, visitor: AnyVisitor, session: Reading, sheet: str = Query("", max_length=64)
) -> Response:
    """Closed deals whose sheets are empty, to be ticked from notes."""
    chosen = _chosen(list_choices(session), sheet)
    found = past_deals(session, caller=visitor.caller, check_sheet=chosen.key) if chosen else None
    return render(request, "firstday/past_deals.html", PastDealsPage(chosen, found))
