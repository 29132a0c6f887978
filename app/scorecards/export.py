"""A card in the forms people and other programs take it in."""

import csv
import io
from collections.abc import Callable

import msgspec

from models.scorecard import Level, Line, Scorecard, as_score


def as_json(card: Scorecard, _title: str) -> str:
    """The card itself."""
    return msgspec.json.format(msgspec.json.encode(card.to_json()), indent=2).decode() + "\n"


def as_csv(card: Scorecard, _title: str) -> str:
    """One row an answer."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["line", "label", "state", "answer", "points", "log_odds", "low", "high", "support", "won"])
    writer.writerow(["base", "", "", "", card.base_points, "", "", "", card.prospects, card.won])
    for line in card.lines:
        for level in line.levels:
            weight = [level.log_odds, level.low, level.high]
            support = [round(level.support), round(level.won)]
            text = [line.line, line.label, level.state, level.text]
            writer.writerow([*map(_safe, text), level.points, *(f"{number:.3f}" for number in weight), *support])
    return out.getvalue()


def _safe(text: str) -> str:
    """Text a spreadsheet will not run as a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def as_markdown(card: Scorecard, title: str) -> str:
    """The card on paper: add up, then look the probability up."""
    head = [
        f"# {title}",
        "",
        f"{card.prospects} prospects, {card.won} won and {card.lost} lost; basis: {card.basis}.",
        "",
        "| characteristic | answer | points | won of |",
        "|---|---|---:|---:|",
        f"| *start with* | | {card.base_points:+d} | {card.won} of {card.prospects} |",
    ]
    rows = [_row(line, level, first=place == 0) for line in card.lines for place, level in enumerate(line.levels)]
    table = ["", "| total points | " + " | ".join(str(points) for points, _ in _totals(card)) + " |"]
    table.append("|---|" + "---:|" * len(_totals(card)))
    table.append("| chance in 100 | " + " | ".join(str(score) for _, score in _totals(card)) + " |")
    grades = ", ".join(f"{grade} from {100 * least:.0f}" for grade, least in card.grades.items())
    return "\n".join([*head, *rows, *table, "", f"Grades by chance in 100: {grades}, D below.", ""])


def _row(line: Line, level: Level, *, first: bool) -> str:
    label = line.label.replace("|", "/") if first else ""
    return f"| {label} | {level.text.replace('|', '/')} | {level.points:+d} | {level.won:.0f} of {level.support:.0f} |"


def _totals(card: Scorecard) -> list[tuple[int, int]]:
    """The totals the card can reach, at most a dozen of them, and the score each stands for."""
    least = card.base_points + sum(min(level.points for level in line.levels) for line in card.lines)
    most = card.base_points + sum(max(level.points for level in line.levels) for line in card.lines)
    step = max(1, round((most - least) / 11))
    return [(points, as_score(card.probability(points))) for points in range(least, most + 1, step)]


FORMATS: dict[str, tuple[Callable[..., str], str]] = {
    "json": (as_json, "application/json"),
    "csv": (as_csv, "text/csv"),
    "markdown": (as_markdown, "text/markdown"),
}
