"""What the effort report shows: effort against quality, and tables by kind and source, before and after."""

from app import plots
from app.reports.effort.queries import ask_effort, read
from app.reports.effort.schemas import EffortBody, Spent
from app.reports.frame import Column, Figure, Interval, Report, Table


def whole(value: float | None) -> str:
    """A figure of hours or money as people read it."""
    return "–" if value is None else f"{value:,.0f}"


SPENT = [
    Column("prospects", "Worked on"),
    Column("hours", "Hours", whole),
    Column("cost", "Cost", whole),
    Column("quoted", "Quoted"),
    Column("quotes_sold", "Quotes sold"),
    Column("closed", "Of them closed"),
    Column("won", "Won"),
    Column("won_amount", "Won amount", whole),
    Column("won_margin", "Won margin", whole),
]


def _cells(one: Spent) -> tuple[object, ...]:
    return tuple(getattr(one, column.name) for column in SPENT)


def _bounds(one: Interval | None) -> tuple[float | None, ...]:
    return (one.value, one.low, one.high) if one else (None, None, None)


def _grade_name(grade: str | None) -> str:
    return grade or "no sheet"


def _grades(body: EffortBody) -> Table:
    columns = [
        Column("grade", "Grade", _grade_name, number=False),
        *SPENT,
        Column("productivity", "Won per hour", whole),
        Column("low", "from", whole),
        Column("high", "to", whole),
    ]
    return Table(columns, [(one.grade, *_cells(one), *_bounds(one.productivity)) for one in body.grades])


def _draw_grades(body: EffortBody) -> "plots.Chart":
    """Each grade's share of the hours beside its share of what was won."""
    import altair as alt

    hours, won = body.hours or 1.0, sum(one.won_amount for one in body.grades) or 1.0
    order = ["of the hours", "of the won amount"]
    rows = [
        {"grade": _grade_name(one.grade), "what": what, "share": share}
        for one in body.grades
        for what, share in zip(order, (one.hours / hours, one.won_amount / won), strict=True)
    ]
    x = alt.X("grade:N", title="grade at the first sheet", axis=alt.Axis(labelAngle=0), sort=None)
    y = alt.Y("share:Q", title="share", axis=alt.Axis(format="%"))
    scale = alt.Scale(domain=order, range=[plots.THIRD, plots.FIRST])
    title = alt.TitleParams("Effort against quality", subtitle="Where hours went, and where the won amount came from")
    size = {"width": plots.WIDTH, "height": plots.HEIGHT, "title": title}
    bars = alt.Chart(alt.Data(values=rows)).mark_bar()
    chart: plots.Chart = bars.encode(
        x, y, alt.Color("what:N", title=None, sort=order, scale=scale), alt.XOffset("what:N", sort=order)
    ).properties(**size)
    return chart


def _say_grades(body: EffortBody) -> str:
    said = ", ".join(f"{_grade_name(one.grade)} {whole(one.hours)} hours and {one.won} won" for one in body.grades)
    return f"Bars by grade: {said}."


def _kinds(body: EffortBody) -> Table:
    columns = [
        Column("kind", "Effort", number=False),
        Column("entries", "Entries"),
        Column("prospects", "Prospects"),
        Column("hours", "Hours", whole),
        Column("hours_estimated", "of them by the standard", whole),
        Column("cost", "Cost", whole),
    ]
    rows = [(one.kind, one.entries, one.prospects, one.hours, one.hours_estimated, one.cost) for one in body.kinds]
    return Table(columns, rows)


def _sources(body: EffortBody) -> Table:
    columns = [Column("source", "Source", lambda source: source or "not known", number=False), *SPENT]
    return Table(columns, [(one.source, *_cells(one)) for one in body.sources])


def _began(body: EffortBody) -> Table:
    columns = [
        Column("what", "What", number=False),
        Column("before", "Before"),
        Column("before_low", "from"),
        Column("before_high", "to"),
        Column("after", "After"),
        Column("after_low", "from"),
        Column("after_high", "to"),
    ]
    before, after = body.began.before, body.began.after
    pairs = {
        "close ratio": (before.close_ratio, after.close_ratio),
        "mean won amount": (before.deal_size, after.deal_size),
        "mean won margin": (before.margin, after.margin),
        "won per hour": (before.productivity, after.productivity),
    }
    return Table(columns, [(what, *_bounds(one), *_bounds(two)) for what, (one, two) in pairs.items() if one or two])


REPORT = Report(
    name="effort",
    page="effort",
    title="Effort by quality",
    lead="Where hours and quotes went, and what they brought, by the grade of the first sheet.",
    body=EffortBody,
    make=read,
    figures=(
        Figure("grades", "Effort against quality", _grades, _draw_grades, _say_grades),
        Figure("kinds", "By what was done", _kinds),
        Figure("sources", "By source", _sources),
        Figure("began", "Before and after scoring began: not proof", _began),
    ),
    ask=ask_effort,
)
