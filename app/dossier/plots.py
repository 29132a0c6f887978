"""The score over time as a picture."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from app.dossier.scores import ScoreMove
from app.plots import BAND, FIRST, INK, SECOND, SOFT

if TYPE_CHECKING:
    from app.plots import Chart

_CAUSES = {"observation": "answers", "card": "card", "outcome": "outcome"}
_MARKS = {"answers": ("circle", FIRST), "card": ("square", SECOND), "outcome": ("diamond", SOFT)}
# Narrower than most, because it is read on a phone.
_WIDTH = 320


def plot_scores(moves: Sequence[ScoreMove], *, until: datetime) -> "Chart":
    """Steps of the score with its 90 % range; what moved it is told by the mark's shape as well as its colour."""
    import altair as alt  # a second to import, and only plots need it

    rows = [
        {
            "at": move.at.isoformat(),
            "score": move.score,
            "moved by": _CAUSES[move.cause],
            "low": None if move.low is None else 100 * move.low,
            "high": None if move.high is None else 100 * move.high,
        }
        for move in moves
    ]
    kinds = [kind for kind in _MARKS if any(row["moved by"] == kind for row in rows)]
    lasting = [*rows, rows[-1] | {"at": max(until, moves[-1].at).isoformat()}]
    when = alt.X("at:T", title=None, axis=alt.Axis(format="%-d %b %y", labelFlush=True, grid=False, tickCount=4))
    scale = alt.Scale(domain=[0, 100])
    band = alt.Chart(alt.InlineData(values=lasting)).mark_area(interpolate="step-after", color=BAND)
    band = band.encode(x=when, y=alt.Y("low:Q", title="score", scale=scale), y2="high:Q")
    line = alt.Chart(alt.InlineData(values=lasting)).mark_line(interpolate="step-after", color=FIRST)
    line = line.encode(x=when, y=alt.Y("score:Q", scale=scale))
    marks = alt.Chart(alt.InlineData(values=rows)).mark_point(
        size=90, filled=True, opacity=1, stroke=INK, strokeWidth=1
    )
    marks = marks.encode(
        x=when,
        y=alt.Y("score:Q", scale=scale),
        shape=alt.Shape("moved by:N", scale=alt.Scale(domain=kinds, range=[_MARKS[kind][0] for kind in kinds])),
        color=alt.Color("moved by:N", scale=alt.Scale(domain=kinds, range=[_MARKS[kind][1] for kind in kinds])),
    )
    return alt.layer(band, line, marks).properties(width=_WIDTH, height=170)
