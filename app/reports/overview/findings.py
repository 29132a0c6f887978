"""What each report found, as sentences: the counts first, nothing that chance explains, and what is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from app.reports.calibration.schemas import CalibrationBody
from app.reports.comparison.schemas import ComparisonBody
from app.reports.effort.schemas import Below, EffortBody
from app.reports.items.schemas import ItemsBody
from app.reports.overview.schemas import Finding, Number
from app.reports.people.schemas import PeopleBody
from app.reports.surprises.schemas import SurprisesBody

TO_TALK_ABOUT = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open prospects, and those whose owner has not said a forecast yet."""

    open: int
    awaited: int
    since: datetime | None
    without_sheet: int


def of_forecasts(body: ComparisonBody) -> Finding:
    """Data and reps side by side."""
    found = Finding(
        about="forecasts", title="Data and reps", state="not_enough", needed=body.needed, sentences=[],
        link="/reports/forecasts", numbers=[],
    )  # fmt: skip
    if body.plain is None or body.difference is None:
        missing = f"Not enough yet: {_more(body.needed)} with a forecast from before the score was shown."
        same = f"All {body.deals} deals ended the same way, so there is nothing to tell apart yet."
        return found.model_copy(update={"sentences": [missing if body.needed else same]})
    plain, gap = body.plain, body.difference
    counts = (
        f"Of {_deals(plain.reps_called_likely)} reps called likely {plain.of_those_won} bought; "
        f"of the {plain.data_called_likely} the data called likeliest, {plain.of_those_won_data}."
    )
    closer = {
        "data": "The data have been closer to what happened, beyond doubt.",
        "reps": "The reps have been closer to what happened, beyond doubt.",
        None: "Who is closer to what happened is still open: a difference this size can be luck.",
    }[body.winner]
    knows = _who_knows(body)
    apart = f"{_signed(gap.brier)}" + (
        f" ({_signed(gap.low)} to {_signed(gap.high)})" if gap.low is not None and gap.high is not None else ""
    )
    numbers = [
        Number(label="Deals compared", value=f"{body.deals}, {body.won} won", link="/reports/forecasts#skill"),
        Number(label="Brier, data less reps", value=apart, link="/reports/forecasts#difference"),
    ]
    state = "found" if body.winner or knows else "nothing"
    return found.model_copy(
        update={"state": state, "sentences": [counts, closer, *([knows] if knows else [])], "numbers": numbers}
    )


def _who_knows(body: ComparisonBody) -> str | None:
    reps, data = body.reps_add_information, body.data_adds_information
    told = (reps is not None and reps.yes, data is not None and data.yes)
    return {
        (True, True): "Each knows something the other does not: use both.",
        (True, False): "The reps know something the sheet does not see: ask them what.",
        (False, True): "The data know something the reps leave out.",
    }.get(told)


def of_card(body: CalibrationBody) -> Finding:
    """Whether the scores were right, and whether the card has aged."""
    verdict, drift = body.verdict, body.drift
    state = {"not_enough": "not_enough", "serves": "found", "doubtful": "nothing", "aged": "alarm"}[verdict.state]
    sentences, numbers = [verdict.sentence], []
    if drift and (moved := [item.label for item in drift.items if item.moved]):
        sentences.append(f"Answers have changed beyond chance since the card was made: {_and(moved)}.")
        state = "alarm"
    if drift and drift.base_rate_moved:
        sentences.append("The close ratio has moved beyond chance since the card was made.")
        state = "alarm"
    if body.likely is not None and body.figures is not None:
        likely, auc = body.likely, body.figures.auc
        numbers = [
            Number(
                label="Scored 50 or more",
                value=f"{likely.won} of {likely.deals} won, {likely.expected:.0f} promised",
                link="/reports/calibration#scores",
            ),
            Number(
                label="A won deal stood above a lost one",
                value=f"{100 * auc.value:.0f} % of times ({100 * auc.low:.0f} to {100 * auc.high:.0f})",
                link="/reports/calibration#lift",
            ),
        ]
    return Finding.model_validate(
        {"about": "card", "title": "The card in force", "state": state, "needed": body.needed, "sentences": sentences,
         "link": "/reports/calibration", "numbers": numbers}
    )  # fmt: skip


def of_surprises(body: SurprisesBody) -> Finding:
    """What closed against its score within the time asked for."""
    against = body.low.against + body.high.against
    if not body.deals:
        sentence = "No deal that had a score closed this week."
    elif not against:
        sentence = f"{_deals(body.deals)} that had a score closed this week, none against it."
    else:
        bound = body.low.expected + body.high.expected
        sentence = (
            f"Of {_deals(body.deals)} that had a score and closed this week {against} went against it; "
            f"right scores let about {bound:.0f} happen."
        )
    numbers = [
        Number(
            label=deal.name or deal.prospect,
            value=f"{deal.outcome} with a score of {deal.score}",
            link=f"/reports/surprises/{quote(deal.prospect, safe='')}",
        )
        for deal in body.items[:TO_TALK_ABOUT]
    ]
    talk = ["To talk about, the most surprising first:"] if numbers else []
    return Finding(
        about="surprises", title="Surprises of the week", state="found" if against else "nothing", needed=0,
        sentences=[sentence, *talk], link="/reports/surprises", numbers=numbers,
    )  # fmt: skip


def of_effort(body: EffortBody) -> Finding:
    """Where hours went, against quality."""
    found = Finding(
        about="effort", title="Effort and quality", state="not_enough", needed=body.needed, sentences=[],
        link="/reports/effort", numbers=[],
    )  # fmt: skip
    if body.needed:
        noted = f"{body.hours:,.0f} hours are noted." if body.hours else "No effort is noted yet."
        missing = f"Not enough yet: {_more(body.needed)} with a call, a visit or a quote on them."
        return found.model_copy(update={"sentences": [noted, missing]})
    below, move, money = body.below, body.allocation, body.currency or ""
    sentences = [_low_grade(body.hours, below)]
    if move is None:
        sentences.append("That any grade earns more by the hour than another has not shown beyond chance.")
    else:
        sentences.append(
            f"By your own past, {move.hours:,.0f} hours moved from grade {move.from_grade} to grade {move.to_grade} "
            f"would have brought about {move.gain.value:,.0f} {money} more ({move.gain.low:,.0f} to "
            f"{move.gain.high:,.0f}); that is a reckoning, not proof."
        )
    numbers = [
        Number(label="Hours noted", value=f"{body.hours:,.0f}", link="/reports/effort#kinds"),
        Number(
            label=f"on scores below {below.score}",
            value=f"{below.hours:,.0f} for {below.won} won",
            link="/reports/effort#grades",
        ),
    ]
    return found.model_copy(
        update={"state": "nothing" if move is None else "found", "sentences": sentences, "numbers": numbers}
    )


def _low_grade(hours: float, below: Below) -> str:
    share = f" ({100 * below.share_of_hours:.0f} %)" if below.share_of_hours is not None else ""
    return (
        f"Of {hours:,.0f} hours {below.hours:,.0f}{share} went to {below.prospects} prospects whose first sheet scored "
        f"below {below.score}; of these {below.closed} have closed and {below.won} were won."
    )


def of_items(body: ItemsBody) -> Finding:
    """What the characteristics are worth."""
    found = Finding(
        about="items", title="The check sheet", state="not_enough", needed=body.needed, sentences=[],
        link="/reports/items", numbers=[],
    )  # fmt: skip
    if body.needed:
        missing = f"Not enough yet: {_more(body.needed)} with a sheet filled in before the outcome."
        return found.model_copy(update={"sentences": [missing]})
    named = {
        finding: [item.label for item in body.items if finding in item.findings]
        for finding in ("dead_weight", "contradicts_belief")
    }
    sentences = [f"{body.telling} of {len(body.items)} characteristics tell won from lost beyond doubt."]
    if named["contradicts_belief"]:
        sentences.append(
            f"The outcomes say the opposite of what the team believed of: {_and(named['contradicts_belief'])}."
        )
    if named["dead_weight"]:
        sentences.append(
            f"No weight beside the others: {_and(named['dead_weight'])}. What tells nothing could leave the sheet."
        )
    numbers = [
        Number(label="Deals with a sheet", value=f"{body.deals}, {body.won} won", link="/reports/items#signal"),
        Number(label="Contradicted beliefs", value=str(len(named["contradicts_belief"])), link="/reports/items#signal"),
        Number(label="Dead weight", value=str(len(named["dead_weight"])), link="/reports/items#signal"),
    ]
    state = "found" if body.telling or any(named.values()) else "nothing"
    return found.model_copy(update={"state": state, "sentences": sentences, "numbers": numbers})


def of_people(body: PeopleBody) -> Finding:
    """Selling apart from prospects: how many, never who, and never in order."""
    found = Finding(
        about="people", title="Selling", state="not_enough", needed=body.needed, sentences=[],
        link="/reports/people", numbers=[],
    )  # fmt: skip
    if body.needed:
        missing = f"Not enough yet: {body.needed} more closed deals until two owners have {body.minimum} each."
        return found.model_copy(update={"sentences": [missing]})
    chance = "Nobody's wins lie beyond what their prospects' quality and chance explain."
    beyond = (
        f"The wins of {body.beyond_chance} of {len(body.owners)} lie beyond what their prospects' quality and chance "
        "explain. Ask what was done before asking by whom."
    )
    numbers = [Number(label="Deals held against their quality", value=str(body.deals), link="/reports/people#owners")]
    if body.leads:
        numbers.append(
            Number(label="Won against the odds, to tell of", value=str(len(body.leads)), link="/reports/people#leads")
        )
    state, sentence = ("found", beyond) if body.beyond_chance else ("nothing", chance)
    return found.model_copy(update={"state": state, "sentences": [sentence], "numbers": numbers})


def of_waiting(waiting: Waiting) -> Finding:
    """What waits to be qualified."""
    if waiting.awaited:
        oldest = f", the longest since {waiting.since:%-d %b %Y}" if waiting.since else ""
        sentence = (
            f"Of {waiting.open} open prospects {waiting.awaited} wait for their owner's first forecast{oldest}; "
            f"{waiting.without_sheet} of these have no sheet yet."
        )
    else:
        sentence = f"None of {waiting.open} open prospects waits for its owner's first forecast."
    return Finding(
        about="waiting", title="What waits", state="found" if waiting.awaited else "nothing", needed=0,
        sentences=[sentence], link="/qualify",
        numbers=[Number(label="To qualify", value=str(waiting.awaited), link="/qualify")],
    )  # fmt: skip


def _deals(count: int) -> str:
    return f"{count} deal" if count == 1 else f"{count} deals"


def _more(count: int) -> str:
    return f"{count} more closed deal" if count == 1 else f"{count} more closed deals"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
