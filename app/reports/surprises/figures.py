"""What the surprises report shows: the deals in a table and by score, and the items proposed."""

from collections.abc import Mapping, Sequence

from app import plots
from app.reports.frame import Column, Figure, Report, Table
from app.reports.surprises.queries import read
from app.reports.surprises.schemas import SurprisesBody

DRAWN = 15


def _deals(body: SurprisesBody) -> Table:
    columns = [
        Column("prospect", "Prospect", number=False),
        Column("name", "Name", number=False),
        Column("outcome", "Outcome", number=False),
        Column("score", "Score before"),
        Column("surprise", "Surprise"),
        Column("decided_at", "Decided", number=False),
        Column("notes", "Notes"),
    ]
    rows = [
        (one.prospect, one.name, one.outcome, one.score, one.surprise, one.decided_at, len(one.notes))
        for one in body.items
    ]
    return Table(columns, rows)


def _draw(body: SurprisesBody) -> "plots.Chart":
    """Each deal at its score; how far that lies from what came is the surprise."""
    import altair as alt

    rows = [
        {"deal": one.name or one.prospect, "place": place, "score": one.score, "outcome": one.outcome,
         "end": 100 if one.outcome == "won" else 0}
        for place, one in enumerate(body.items[:DRAWN])
    ]  # fmt: skip
    y = alt.Y("place:O", title=None, axis=alt.Axis(labelExpr=_labels(rows), labelLimit=190))
    x = alt.X("score:Q", title="score before the outcome", scale=alt.Scale(domain=[0, 100]))
    colour = alt.Color(
        "outcome:N", title=None, scale=alt.Scale(domain=["won", "lost"], range=[plots.FIRST, plots.SECOND])
    )
    shape = alt.Shape(
        "outcome:N", title=None, scale=alt.Scale(domain=["won", "lost"], range=["triangle-up", "triangle-down"])
    )
    data = alt.Data(values=rows)
    way = alt.Chart(data).mark_rule(strokeDash=[2, 3]).encode(y, alt.X("score:Q"), alt.X2("end:Q"))
    points = alt.Chart(data).mark_point(size=110, filled=True).encode(x, y, colour, shape)
    title = alt.TitleParams(
        "Deals that went against their score", subtitle="Dotted: the way from the score to what came"
    )
    return alt.layer(way, points).properties(
        width=plots.WIDTH - 170, height=22 * len(rows) + 20, title=title, padding=plots.BESIDE_NAMES
    )


def _labels(rows: Sequence[Mapping[str, object]]) -> str:
    """The names of the deals as an expression, for two deals may have one name."""
    names = ",".join("'" + str(row["deal"]).replace("\\", "").replace("'", "’") + "'" for row in rows)
    return f"[{names}][datum.value]"


def _say(body: SurprisesBody) -> str:
    won = sum(one.outcome == "won" for one in body.items[:DRAWN])
    return f"The {min(len(body.items), DRAWN)} most surprising deals by their score: {won} won against a low one."


def _proposals(body: SurprisesBody) -> Table:
    columns = [
        Column("label", "Proposed item", number=False),
        Column("definition", "The sign to see", number=False),
        Column("by", "By", number=False),
        Column("at", "When", number=False),
        Column("taken_up", "Taken up", number=False),
    ]
    return Table(columns, [(one.label, one.definition, one.by, one.at, one.taken_up) for one in body.proposals])


REPORT = Report(
    name="surprises",
    page="surprises",
    title="Surprises",
    lead="Deals that went against their score, to talk about: what did the sheet not see?",
    body=SurprisesBody,
    make=read,
    figures=(
        Figure("deals", "Deals that went against their score", _deals, _draw, _say),
        Figure("proposals", "Items proposed for the next version of the sheet", _proposals),
    ),
)
