"""What the report on selling shows: the funnel without names, the owners by name, and deals worth telling of."""

from app import plots
from app.reports.frame import Column, Figure, Report, Table, percent, signed
from app.reports.people.queries import read
from app.reports.people.schemas import PeopleBody


def _owners(body: PeopleBody) -> Table:
    columns = [
        Column("owner", "Owner", lambda owner: owner or "others, fewer deals each", number=False),
        Column("deals", "Deals"),
        Column("won", "Won"),
        Column("expected", "Predicted"),
        Column("difference", "More by the deal", signed),
        Column("low", "from", signed),
        Column("high", "to", signed),
        Column("shrunk", "Chance taken out", signed),
        Column("limit", "Chance alone, up to", percent),
        Column("outside", "Beyond chance"),
    ]
    rows = [
        (one.owner, one.deals, one.won, one.expected, one.difference.value, one.difference.low, one.difference.high,
         one.shrunk, one.limit, one.outside)
        for one in body.owners
    ]  # fmt: skip
    return Table(columns, rows)


def _draw(body: PeopleBody) -> "plots.Chart":
    """Each owner a point without a name, inside or outside the bars that chance alone explains."""
    import altair as alt

    rows = [
        {"deals": one.deals, "gap": one.difference.value, "low": -one.limit, "high": one.limit,
         "says": "beyond chance" if one.outside else "within chance"}
        for one in body.owners
    ]  # fmt: skip
    data = alt.Data(values=rows)
    x = alt.X("deals:Q", title="closed deals", scale=alt.Scale(zero=False, padding=25))
    y = alt.Y("gap:Q", title="won more than predicted, by the deal", axis=alt.Axis(format="+.0%"))
    says = ["within chance", "beyond chance"]
    colour = alt.Color("says:N", title=None, scale=alt.Scale(domain=says, range=[plots.THIRD, plots.SECOND]))
    shape = alt.Shape("says:N", title=None, scale=alt.Scale(domain=says, range=["circle", "diamond"]))
    chance = alt.Chart(data).mark_rule(color=plots.BAND, strokeWidth=12).encode(x, alt.Y("low:Q"), alt.Y2("high:Q"))
    zero = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(strokeDash=[5, 4])
    points = alt.Chart(data).mark_point(size=110, filled=True, opacity=1).encode(x, y, colour, shape)
    title = alt.TitleParams("Wins against what quality predicts", subtitle="Bars: where chance alone would lie")
    size = {"width": plots.WIDTH, "height": plots.HEIGHT, "title": title}
    return alt.layer(chance, zero.encode(alt.Y("at:Q")), points).properties(**size)


def _leads(body: PeopleBody) -> Table:
    columns = [
        Column("prospect", "Prospect", number=False),
        Column("name", "Name", number=False),
        Column("decided_at", "Won", number=False),
        Column("score", "Score before"),
    ]
    return Table(columns, [(one.prospect, one.name, one.decided_at, one.score) for one in body.leads])


REPORT = Report(
    name="people",
    page="people",
    title="Selling apart from prospects",
    lead="Wins beyond what the prospects' quality predicts: to find what is worth telling the others, not to rank.",
    body=PeopleBody,
    make=read,
    roles=("rep", "manager", "admin"),
    figures=(
        Figure(
            "owners",
            "Wins against what quality predicts",
            _owners,
            _draw,
            lambda body: f"{len(body.owners)} points about zero; {body.beyond_chance} beyond what chance explains.",
        ),
        Figure("leads", "Deals worth telling the others about", _leads),
    ),
)
