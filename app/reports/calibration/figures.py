"""What the calibration report shows: reliability, lift, scores by outcome, groups, and what has changed."""

from app import plots
from app.reports.calibration.queries import read
from app.reports.calibration.schemas import CalibrationBody
from app.reports.frame import Column, Figure, Report, Table, percent, signed, three_places


def _reliability(body: CalibrationBody) -> Table:
    columns = [
        Column("forecast", "Score promised", percent),
        Column("observed", "Won", percent),
        Column("low", "Would lie from", percent),
        Column("high", "to", percent),
    ]
    return Table(columns, [(step.forecast, step.observed, step.low, step.high) for step in body.reliability])


def _draw_reliability(body: CalibrationBody) -> "plots.Chart":
    """The recalibrated close ratio about the diagonal, with the band in which it would lie were the scores right."""
    import altair as alt

    rows = alt.Data(values=[step.model_dump() for step in body.reliability])
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("forecast:Q", title="chance the score promised", axis=alt.Axis(format="%"), scale=scale)
    y = alt.Y("observed:Q", title="share that was won", axis=alt.Axis(format="%"), scale=scale)
    diagonal = alt.Chart(alt.Data(values=[{"at": 0}, {"at": 1}])).mark_line(
        color=plots.SOFT, strokeWidth=1.5, strokeDash=[4, 4]
    )
    band = alt.Chart(rows).mark_area().encode(x, alt.Y("low:Q"), alt.Y2("high:Q"))
    line = alt.Chart(rows).mark_line(color=plots.FIRST, point={"color": plots.FIRST, "size": 40}).encode(x, y)
    title = alt.TitleParams("What scores promised, and what came", subtitle="Shaded: where right scores would lie")
    size = {"width": plots.WIDTH, "height": plots.WIDTH, "title": title}
    return alt.layer(band, diagonal.encode(x="at:Q", y="at:Q"), line).properties(**size)


def _lift(body: CalibrationBody) -> Table:
    columns = [
        Column("tenth", "Tenth, best scores first"),
        Column("deals", "Deals"),
        Column("close_ratio", "Won", percent),
        Column("low", "from", percent),
        Column("high", "to", percent),
        Column("lift", "Times the usual"),
    ]
    rows = [(one.tenth, one.prospects, one.close_ratio, one.low, one.high, one.lift) for one in body.lift]
    return Table(columns, rows)


def _draw_lift(body: CalibrationBody) -> "plots.Chart":
    import altair as alt

    rows = alt.Data(values=[one.model_dump() for one in body.lift])
    x = alt.X("tenth:O", title="tenths of the deals, best scores first", axis=alt.Axis(labelAngle=0))
    y = alt.Y("close_ratio:Q", title="share that was won", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    bars = alt.Chart(rows).mark_bar(color=plots.BAND).encode(x, y)
    reach = alt.Chart(rows).mark_rule(color=plots.INK, strokeWidth=1.5).encode(x, alt.Y("low:Q"), alt.Y2("high:Q"))
    usual = alt.Chart(alt.Data(values=[{"usual": body.won / body.deals}])).mark_rule(
        color=plots.SECOND, strokeDash=[6, 4], strokeWidth=2
    )
    title = alt.TitleParams(
        "Share won by tenth of the scores", subtitle="Dashed: the share of all; lines: 90 % intervals"
    )
    size = {"width": plots.WIDTH, "height": plots.HEIGHT, "title": title}
    return alt.layer(bars, reach, usual.encode(y="usual:Q")).properties(**size)


def _histogram(body: CalibrationBody) -> Table:
    columns = [
        Column("from", "Score from", percent),
        Column("to", "to", percent),
        Column("won", "Won"),
        Column("lost", "Lost"),
    ]
    return Table(columns, [(bar.start, bar.end, bar.won, bar.lost) for bar in body.histogram])


def _draw_histogram(body: CalibrationBody) -> "plots.Chart":
    """Won above the line and lost below it, so that no bar hides another."""
    import altair as alt

    rows = [
        {"score": f"{100 * bar.start:.0f}–{100 * bar.end:.0f}", "place": number, "outcome": outcome, "deals": deals}
        for number, bar in enumerate(body.histogram)
        for outcome, deals in (("won", bar.won), ("lost", -bar.lost))
    ]
    x = alt.X("score:N", title="score", sort=alt.SortField("place"), axis=alt.Axis(labelAngle=-45))
    y = alt.Y("deals:Q", title="deals", axis=alt.Axis(format="d", labelExpr="abs(datum.value)"))
    color = alt.Color(
        "outcome:N", title=None, scale=alt.Scale(domain=["won", "lost"], range=[plots.FIRST, plots.THIRD])
    )
    title = alt.TitleParams("Scores of won and lost deals", subtitle="Won above the line, lost below")
    size = {"width": plots.WIDTH, "height": plots.HEIGHT, "title": title}
    chart: plots.Chart = alt.Chart(alt.Data(values=rows)).mark_bar().encode(x, y, color).properties(**size)
    return chart


def _groups(body: CalibrationBody) -> Table:
    columns = [
        Column("by", "By", number=False),
        Column("value", "Which", number=False),
        Column("deals", "Deals"),
        Column("won", "Won"),
        Column("expected", "Promised"),
        Column("difference", "Close ratio against promised", signed),
        Column("low", "from", signed),
        Column("high", "to", signed),
        Column("brier", "Brier score", three_places),
    ]
    rows = []
    for one in body.groups:
        gap = one.difference
        spread = (gap.value, gap.low, gap.high) if gap else (None, None, None)
        rows.append((one.by, one.value, one.deals, one.won, one.expected, *spread, one.brier))
    return Table(columns, rows)


def _answers(body: CalibrationBody) -> Table:
    columns = [
        Column("label", "Characteristic", number=False),
        Column("answer", "Answer", number=False),
        Column("then", "When the card was made", percent),
        Column("now", "Now", percent),
        Column("asked", "Prospects now"),
        Column("index", "Stability index", three_places),
        Column("limit", "Limit", three_places),
        Column("moved", "Changed"),
    ]
    items = body.drift.items if body.drift else []
    rows = [
        (item.label, share.answer, share.then, share.now, item.asked, item.index, item.limit, item.moved)
        for item in items
        for share in item.shares
    ]
    return Table(columns, rows)


def _say_lift(body: CalibrationBody) -> str:
    best, last = body.lift[0], body.lift[-1]
    return (
        f"Bars: of the best tenth of scores {percent(best.close_ratio)} were won, "
        f"of the last tenth {percent(last.close_ratio)}."
    )


REPORT = Report(
    name="calibration",
    page="calibration",
    title="Calibration",
    lead="Whether scores keep their promise: the card in force at the time, on outcomes it had never seen.",
    body=CalibrationBody,
    make=read,
    figures=(
        Figure(
            "reliability",
            "What scores promised, and what came",
            _reliability,
            _draw_reliability,
            lambda _body: "The share won at each score, about the diagonal on which a right score lies.",
        ),
        Figure("lift", "Lift by tenth", _lift, _draw_lift, _say_lift),
        Figure(
            "scores",
            "Scores of won and lost deals",
            _histogram,
            _draw_histogram,
            lambda body: f"Bars of {body.won} won and {body.deals - body.won} lost deals by their score.",
        ),
        Figure("groups", "Won against promised, by period, source and stage", _groups),
        Figure("answers", "Answers now against those the card was made from", _answers),
    ),
)
