"""A card for paper: add up, then look the probability up."""

from collections.abc import Iterator

from app.scorecards.exports.reading import Exported, Run, grade_at, one_line, runs, score_at
from models.scorecard import Level, Line, Scorecard

_ACROSS = 12  # totals side by side


def write(exported: Exported) -> str:
    """The card as a page: points of each answer, what each total stands for, and what each grade asks for."""
    card = exported.card
    head = [
        f"# {_plain(exported.title)}",
        "",
        f"{card.prospects} prospects, {card.won} won and {card.lost} lost; basis: {card.basis}.",
        "",
        "Start with the points of the first row and add those of one answer for each characteristic. "
        "An answer that is not listed counts 0.",
        "",
        "| characteristic | answer | points | won of |",
        "|---|---|---:|---:|",
        f"| *start with* | | {_signed(card.base_points)} | {card.won} of {card.prospects} |",
    ]
    rows = [_row(line, level, first=place == 0) for line in card.lines for place, level in enumerate(line.levels)]
    curve = f"1 / (1 + exp(-({card.curve.intercept:.4g} + {card.curve.slope:.4g} × total points)))"
    foot = ["", f"Chance of winning = {curve}.", ""]
    return "\n".join([*head, *rows, "", *_look_up(card), *_grades(exported), *foot])


def _row(line: Line, level: Level, *, first: bool) -> str:
    label = _plain(line.label) if first else ""
    won = f"{level.won:.0f} of {level.support:.0f}" if level.support else "–"
    return f"| {label} | {_plain(level.text)} | {_signed(level.points)} | {won} |"


def _signed(points: int) -> str:
    return f"{points:+d}" if points else "0"


def _look_up(card: Scorecard) -> Iterator[str]:
    """The totals in rows of a dozen, with chance and grade under each."""
    score, grade = score_at(card), grade_at(card)
    found = runs(card, lambda points: (score(points), grade(points)))
    yield "Look the total up:"
    yield ""
    for start in range(0, len(found), _ACROSS):
        part = found[start : start + _ACROSS]
        yield "| total points | " + " | ".join(_between(run, found) for run in part) + " |"
        yield "|---|" + "---:|" * len(part)
        yield "| chance in 100 | " + " | ".join(str(run.value[0]) for run in part) + " |"
        yield "| grade | " + " | ".join(run.value[1] for run in part) + " |"
        yield ""


def _between(run: Run, among: list[Run]) -> str:
    if run.first == run.last:
        return str(run.first)
    if run is among[0]:
        return f"{run.last} or less"
    return f"{run.first} or more" if run is among[-1] else f"{run.first} to {run.last}"


def _grades(exported: Exported) -> Iterator[str]:
    card = exported.card
    least = {grade: f"from {100 * chance:.0f} in 100" for grade, chance in card.grades.items()} | {"D": "less"}
    yield "| grade | chance | won out of sample | what we agreed to do |"
    yield "|---|---|---|---|"
    for grade, chance in least.items():
        seen = card.grade_evidence.get(grade, {})
        ratio, support = seen.get("close_ratio"), seen.get("support") or 0
        came_to = f"{100 * ratio:.0f} % of {support:.0f}" if ratio is not None else "not known yet"
        yield f"| {grade} | {chance} | {came_to} | {_plain(exported.steps.get(grade, ''))} |"


def _plain(text: str) -> str:
    """Text that stays text: no cell of its own, no markup, no link."""
    text = one_line(text).replace("\\", "\\\\")
    for mark in "|*_`[]<>#":
        text = text.replace(mark, f"\\{mark}")
    return text
