"""The frame of every report: what may be asked of it, the figures it is read from, and the forms it leaves in.

A report is a folder beside this file:

- `schemas.py`: its body, a `ReportBody`, every field described: what the API answers, and all that pages, tables and
  plots are made of.
- `queries.py`: `read(session, *, caller, asked) -> body`. It knows nothing after `asked.at`, so that the same question
  with the same `as_of` has the same answer for ever; it cuts what a rep sees to its own, where reps are let in at all.
- `figures.py`: its `Figure`s, each a table and most a plot of it, made from the body alone; `REPORT = Report(…)`.
- `templates/reports/<page>.html`: extends `reports/report.html`; says in plain sentences what was found, the counts
  first, what is still missing where there is too little; shows each figure by `{{ figures.show(page, "name") }}`.

Then it is named in `REPORTS` of `app/reports/routes.py`, which gives it `GET /v1/reports/<name>`, the same with `.csv`,
`.svg` and `.png`, its page under `/reports/<page>` with the same three, and its entry on the page of all reports; and
its rows go into `tests/contracts/test_access.py` and `test_page_access.py`. A report with more questions of its own
gives `ask` a dependency of its own, which returns a dataclass that extends `Asked`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import numpy as np
from fastapi import Query
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.accounts.audit import last_number
from app.accounts.service import Caller
from app.db import utcnow
from app.errors import Unprocessable
from app.fields import Key, LastMoment, Moment, Name
from app.reports.columns import Floats

if TYPE_CHECKING:
    from app.plots import Chart

# A form sends the fields nobody filled in as empty text.
_blank = BeforeValidator(lambda value: value or None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every report; `at` is the moment whose knowledge answers, the present unless named."""

    check_sheet: str | None
    since: datetime | None
    until: datetime | None
    owner: str | None
    at: datetime


def ask(
    check_sheet: Annotated[
        Key | None, _blank, Query(description="A check sheet's key; may be left out while only one exists.")
    ] = None,
    since: Annotated[
        Moment | None, _blank, Query(alias="from", description="What happened from this moment on.")
    ] = None,
    until: Annotated[
        LastMoment | None,
        _blank,
        Query(alias="to", description="What happened up to this moment; a bare date counts whole."),
    ] = None,
    owner: Annotated[Name | None, _blank, Query(description="The prospects of one owner.", examples=["ada"])] = None,
    as_of: Annotated[
        Moment | None,
        _blank,
        Query(description="The report as it was at a moment: from what had happened and was recorded by then."),
    ] = None,
) -> Asked:
    """The questions common to all reports."""
    # A clock ahead of ours asks of moments still to come, whose answer would change.
    now = utcnow()
    return Asked(check_sheet, since, until, owner, min(as_of, now) if as_of else now)


def within(moments: Floats, asked: Asked) -> NDArray[np.bool_]:
    """Which moments, in seconds since 1970, lie within the time asked for."""
    since = asked.since.timestamp() if asked.since else -np.inf
    until = asked.until.timestamp() if asked.until else np.inf
    return np.asarray((moments >= since) & (moments <= until), dtype=bool)


class Interval(BaseModel):
    """A figure with its 90 % interval; where it says so, by account."""

    value: float = Field(description="The figure itself.")
    low: float = Field(description="The lower end of the interval.")
    high: float = Field(description="The upper end of the interval.")


class ReportBody(BaseModel):
    """What every report says of the question it answers."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    check_sheet: str = Field(description="The check sheet it is about.", examples=["industrial"])
    since: Moment | None = Field(alias="from", description="Counted from this moment on; null: from the beginning.")
    until: Moment | None = Field(alias="to", description="Counted up to this moment; null: to `as_of`.")
    owner: str | None = Field(description="Whose prospects; null: everybody's.")
    as_of: Moment = Field(
        description="The moment whose knowledge this is. Asked again with it, the answer is the same."
    )


Body = TypeVar("Body", bound=ReportBody)


def say(value: Any) -> str:
    """A cell as a page shows it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%-d %b %Y}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def percent(value: float | None) -> str:
    """A share in whole percent."""
    return "–" if value is None else f"{100 * value:.0f} %"


def signed(value: float | None) -> str:
    """A difference with its sign, to three places."""
    return "–" if value is None else f"{value:+.3f}".replace("-", "−")


def three_places(value: float | None) -> str:
    """A figure to three places."""
    return "–" if value is None else f"{value:.3f}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name for machines, its label for people, and how people read its cells."""

    name: str
    label: str
    say: Callable[[Any], str] = say
    number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers under a plot."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Figure(Generic[Body]):
    """Something a report shows: a table, and where looking beats reading a plot with words for who cannot see it.

    `plot` is called only where the table has rows.
    """

    name: str
    title: str
    table: Callable[[Body], Table]
    plot: "Callable[[Body], Chart] | None" = None
    alt: Callable[[Body], str] = lambda _body: ""


_MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class Report(Generic[Body]):
    """A report: where it stands, who may read it, and how; its first figure is the one meant where none is named."""

    name: str
    page: str
    title: str
    lead: str
    body: type[Body]
    make: Callable[..., Body]
    figures: tuple[Figure[Body], ...]
    roles: tuple[str, ...] = ("manager", "admin")
    ask: Callable[..., Asked] = ask

    def read(self, session: Session, *, caller: Caller, asked: Asked) -> Body:
        """The body; asked again as of the same moment, as the pictures of a page are, it is not made anew."""
        kept: dict[Any, Body] = session.info["reports"]
        key = (self.name, caller, asked, last_number(session))
        if key not in kept:
            body = self.make(session, caller=caller, asked=asked)
            for oldest in list(kept)[: max(0, len(kept) - _MOST_KEPT + 1)]:
                kept.pop(oldest, None)
            kept[key] = body
            return body
        return kept[key]

    def figure(self, name: str | None, *, plotted: bool = False) -> Figure[Body]:
        """One of its figures; of those with a plot, if one is wanted."""
        there = [figure for figure in self.figures if figure.plot or not plotted]
        for figure in there:
            if name is None or figure.name == name:
                return figure
        names = ", ".join(figure.name for figure in there)
        raise Unprocessable.field("/query/figure", "unknown_figure", f"There is no figure '{name}'; there is {names}.")
