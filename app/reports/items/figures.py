"""What the item review shows: signal with intervals, the whole table, and completeness."""

from app import plots
from app.reports.frame import Column, Figure, Report, Table, percent, three_places
from app.reports.items.queries import read
from app.reports.items.schemas import ItemsBody


def _signal(body: ItemsBody) -> Table:
    columns = [
        Column("label", "Characteristic", number=False),
        Column("auc", "Tells won from lost (AUC)", three_places),
        Column("low", "from", three_places),
        Column("high", "to", three_places),
        Column("points", "Points between best and worst"),
        Column("log_odds", "Log-odds", three_places),
        Column("chosen_in", "Chosen in", percent),
        Column("finding", "What was found", number=False),
    ]
    rows = []
    for one in body.items:
        if one.signal:
            found = ", ".join(one.findings).replace("_", " ")
            spread = (one.signal.value, one.signal.low, one.signal.high)
            rows.append((one.label, *spread, one.points, one.log_odds, one.chosen_in, found))
    return Table(columns, rows)


def _draw_signal(body: ItemsBody) -> "plots.Chart":
    """Each characteristic's AUC with its interval; the dashed line tells nothing."""
    import altair as alt

    rows = [
        {
            "label": plots.in_lines(one.label),
            **one.signal.model_dump(),
            "says": "tells" if "tells" in one.findings else "not certain",
        }
        for one in body.items
        if one.signal
    ]
    data = alt.Data(values=rows)
    y = alt.Y("label:N", title=None, sort=alt.EncodingSortField("value", order="descending"), axis=plots.names_axis())
    x = alt.X("value:Q", title="AUC alone, out of sample", scale=alt.Scale(zero=False), axis=alt.Axis(format=".2f"))
    colour = alt.Color(
        "says:N", title=None, scale=alt.Scale(domain=["tells", "not certain"], range=[plots.FIRST, plots.THIRD])
    )
    shape = alt.Shape(
        "says:N", title=None, scale=alt.Scale(domain=["tells", "not certain"], range=["circle", "diamond"])
    )
    reach = alt.Chart(data).mark_rule(strokeWidth=2).encode(y, alt.X("low:Q"), alt.X2("high:Q"))
    points = alt.Chart(data).mark_point(size=90, filled=True).encode(x, y, colour, shape)
    nothing = alt.Chart(alt.Data(values=[{"at": 0.5}])).mark_rule(strokeDash=[5, 4], color=plots.INK)
    title = alt.TitleParams("What each characteristic tells alone", subtitle="Dashed: nothing; lines: 90 % intervals")
    size = {"width": plots.WIDTH - 160, "height": 34 * max(len(rows), 2), "title": title}
    return alt.layer(nothing.encode(x="at:Q"), reach, points).properties(**size, padding=plots.BESIDE_NAMES)


def _answers(body: ItemsBody) -> Table:
    columns = [
        Column("label", "Characteristic", number=False),
        Column("completeness", "Looked at", percent),
        Column("answered", "Answered"),
        Column("unknown", "Unknown"),
        Column("not_observed", "Not observed"),
        Column("commonest", "Most often", number=False),
        Column("commonest_share", "Share", percent),
        Column("pairs", "Two looked"),
        Column("alike", "Ticked alike"),
        Column("kappa", "Kappa", three_places),
        Column("low", "from", three_places),
        Column("high", "to", three_places),
    ]
    rows = []
    for one in body.items:
        found = one.agreement
        pairs = (found.prospects, found.alike) if found else (None, None)
        kappa = (found.kappa.value, found.kappa.low, found.kappa.high) if found and found.kappa else (None, None, None)
        counts = (one.completeness, one.answered, one.unknown, one.not_observed, one.commonest, one.commonest_share)
        rows.append((one.label, *counts, *pairs, *kappa))
    return Table(columns, rows)


def _owners(body: ItemsBody) -> Table:
    columns = [
        Column("owner", "Owner", lambda owner: owner or "others, fewer deals each", number=False),
        Column("deals", "Deals"),
        Column("completeness", "Of the sheet filled in", percent),
    ]
    return Table(columns, [(one.owner, one.deals, one.completeness) for one in body.owners])


REPORT = Report(
    name="items",
    page="items",
    title="Item review",
    lead="Which characteristics carry signal, which are dead weight, and which beliefs the data contradict.",
    body=ItemsBody,
    make=read,
    figures=(
        Figure(
            "signal",
            "What each characteristic tells alone",
            _signal,
            _draw_signal,
            lambda body: f"AUC with interval of {sum(one.signal is not None for one in body.items)} characteristics.",
        ),
        Figure("answers", "How often it is answered, and whether two people tick alike", _answers),
        Figure("owners", "How full the sheets are", _owners),
    ),
)
