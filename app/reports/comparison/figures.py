"""What the forecast comparison shows: each forecaster's figures, two plots, where they differed, and people."""

from typing import Any, Literal

from app import plots
from app.reports.comparison.queries import read
from app.reports.comparison.schemas import ComparisonBody, SetApart, SkillBody
from app.reports.frame import Column, Figure, Report, Table, percent, signed, three_places


def _of_skills(body: ComparisonBody) -> Table:
    columns = [
        Column("forecaster", "Forecaster", number=False),
        Column("deals", "Deals"),
        Column("brier", "Brier score", three_places),
        Column("brier_low", "from", three_places),
        Column("brier_high", "to", three_places),
        Column("log_loss", "Log loss", three_places),
        Column("auc", "AUC", three_places),
        Column("miscalibration", "Miscalibration", three_places),
        Column("discrimination", "Discrimination", three_places),
    ]
    skills = (("data", body.data), ("reps", body.reps), ("blend of both", body.blend))
    rows = [_skill_row(name, body.deals, one) for name, one in skills if one is not None]
    rows += _apart_rows(body)
    return Table(columns, rows)


def _skill_row(name: str, deals: int, one: SkillBody) -> tuple[Any, ...]:
    spread, parts = one.intervals["brier"], one.calibration
    return (name, deals, one.brier, spread.low, spread.high, one.log_loss, one.auc,
            parts.miscalibration, parts.discrimination)  # fmt: skip


def _apart_rows(body: ComparisonBody) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    sets: dict[str, SetApart | None] = {
        "reps, revised": body.revision, "reps, informed": body.informed, "imported": body.imported
    }  # fmt: skip
    for name, one in sets.items():
        if one is None:
            continue
        if one.before is not None:
            rows.append(_skill_row("reps, before that revision", one.deals, one.before))
        if one.brier is None or one.calibration is None or one.intervals is None:
            rows.append((name, one.deals, *[None] * 7))
        else:
            rows.append(_skill_row(name, one.deals, SkillBody.model_validate(one.model_dump())))
    return rows


def _of_reliability(body: ComparisonBody) -> Table:
    columns = [
        Column("forecaster", "Forecaster", number=False),
        Column("forecast", "Forecast", percent),
        Column("observed", "Won", percent),
        Column("low", "Band from", percent),
        Column("high", "to", percent),
    ]
    points = body.reliability
    return Table(columns, [(one.forecaster, one.forecast, one.observed, one.low, one.high) for one in points])


def _draw_reliability(body: ComparisonBody) -> "plots.Chart":
    """Both recalibration curves about the diagonal; the band is where an honest forecaster's would lie."""
    import altair as alt

    rows = [one.model_dump() for one in body.reliability]
    of_data, both = alt.Data(values=[row for row in rows if row["forecaster"] == "data"]), alt.Data(values=rows)
    x = alt.X(
        "forecast:Q", title="forecast chance of a sale", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])
    )
    y = alt.Y("observed:Q", title="share that was won", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    diagonal = alt.Chart(alt.Data(values=[{"at": 0}, {"at": 1}])).mark_line(color=plots.SOFT, strokeWidth=1)
    band = alt.Chart(of_data).mark_area(interpolate="step-after").encode(x, alt.Y("low:Q"), alt.Y2("high:Q"))
    curves = alt.Chart(both).mark_line(point=True).encode(x, y, *_by_forecaster())
    title = alt.TitleParams(
        "When they say 70 %, is it 70 %?", subtitle="On the thin line a forecast means what it says."
    )
    return alt.layer(band, diagonal.encode(alt.X("at:Q"), alt.Y("at:Q")), curves).properties(
        width=plots.WIDTH, height=plots.HEIGHT, title=title
    )


def _by_forecaster() -> list[Any]:
    """Data and reps apart in colour, dash and shape."""
    import altair as alt

    order = ["data", "reps"]
    return [
        alt.Color("forecaster:N", title=None, scale=alt.Scale(domain=order, range=[plots.FIRST, plots.SECOND])),
        alt.StrokeDash("forecaster:N", title=None, scale=alt.Scale(domain=order, range=[[1, 0], [6, 4]])),
        alt.Shape("forecaster:N", title=None, scale=alt.Scale(domain=order, range=["circle", "diamond"])),
    ]


def _of_sequence(body: ComparisonBody) -> Table:
    columns = [
        Column("deals", "Deals decided"),
        Column("difference", "Data less reps", signed),
        Column("low", "Band from", signed),
        Column("high", "to", signed),
    ]
    return Table(columns, [(look.deals, look.difference, look.low, look.high) for look in body.sequence])


def _draw_sequence(body: ComparisonBody) -> "plots.Chart":
    """The running difference with the band that holds at all looks."""
    import altair as alt

    reach = max((abs(look.difference) for look in body.sequence), default=0.0) + 0.15
    rows = alt.Data(values=[
        look.model_dump() | {"low": max(look.low or -1, -reach), "high": min(look.high or 1, reach)}
        for look in body.sequence
    ])  # fmt: skip
    x = alt.X("deals:Q", title="deals decided so far", scale=alt.Scale(nice=False, zero=False))
    y_title = "difference in Brier score"
    band = alt.Chart(rows).mark_area().encode(x, alt.Y("low:Q", title=y_title), alt.Y2("high:Q"))
    line = alt.Chart(rows).mark_line(color=plots.FIRST).encode(x, alt.Y("difference:Q", title=y_title))
    zero = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(strokeDash=[5, 4], strokeWidth=1.5)
    said = [_note(reach, "reps closer ↑", "top"), _note(-reach, "data closer ↓", "bottom")]
    title = alt.TitleParams(
        "Who has been closer so far?", subtitle="While the band holds the dashed line, nobody beyond doubt."
    )
    return alt.layer(band, zero.encode(alt.Y("at:Q")), line, *said).properties(
        width=plots.WIDTH, height=plots.HEIGHT, title=title
    )


def _note(at: float, text: str, baseline: Literal["top", "bottom"]) -> "plots.Chart":
    """What the side of the plot means, at its right edge."""
    import altair as alt

    words = alt.Chart(alt.Data(values=[{"at": at, "say": text}]))
    mark = words.mark_text(align="right", baseline=baseline, color=plots.SOFT)
    placed: alt.Chart = mark.encode(alt.X(value=plots.WIDTH - 4), alt.Y("at:Q"), alt.Text("say:N"))
    return placed


def _of_disagreements(body: ComparisonBody) -> Table:
    columns = [
        Column("prospect", "Prospect", number=False),
        Column("data", "Data", percent),
        Column("rep", "Rep", percent),
        Column("outcome", "What happened", number=False),
    ]
    return Table(columns, [(one.prospect, one.data, one.rep, one.outcome) for one in body.disagreements])


def _of_people(body: ComparisonBody) -> Table:
    columns = [
        Column("owner", "Forecaster", number=False),
        Column("deals", "Deals"),
        Column("bias", "Too hopeful by", signed),
        Column("low", "from", signed),
        Column("high", "to", signed),
        Column("shrunk", "Allowing for chance", signed),
        Column("brier", "Brier score", three_places),
    ]
    rows = [
        (
            one.owner or f"not enough yet, {one.needed} more",
            one.deals,
            *((one.bias.value, one.bias.low, one.bias.high, one.bias.shrunk) if one.bias else [None] * 4),
            one.brier,
        )
        for one in body.people
    ]
    return Table(columns, rows)


def _describe_reliability(body: ComparisonBody) -> str:
    parts = [(name, one.calibration.miscalibration) for name, one in (("data", body.data), ("reps", body.reps)) if one]
    said = " and ".join(f"{name} {value:.3f}" for name, value in parts)
    return f"Share won against forecast, for data and reps, with the line of honest forecasts. Miscalibration: {said}."


def _describe_sequence(body: ComparisonBody) -> str:
    last = body.sequence[-1] if body.sequence else None
    if last is None:
        return ""
    band = f"with a band from {signed(last.low)} to {signed(last.high)}"
    return f"Running difference in Brier score; after {last.deals} deals {signed(last.difference)}, {band}."


REPORT = Report(
    name="forecast-comparison",
    page="forecasts",
    title="Data and reps side by side",
    lead="The same deals at the same moment: what the reps said before they saw the score, and what the data said.",
    body=ComparisonBody,
    make=read,
    figures=(
        Figure("skill", "How close each forecaster was", _of_skills),
        Figure(
            "reliability",
            "Does a forecast mean what it says?",
            _of_reliability,
            _draw_reliability,
            _describe_reliability,
        ),
        Figure("difference", "Who was closer, deal by deal", _of_sequence, _draw_sequence, _describe_sequence),
        Figure("disagreements", "Where they differed most, and what happened", _of_disagreements),
        Figure("people", "How hopeful each person's forecasts were", _of_people),
    ),
    roles=("rep", "manager", "admin"),
)
