"""A card as a table: a row an answer, then a row for each total with what it stands for."""

import csv
import io
import json

from app.scorecards.exports.reading import Exported, score_at, totals
from app.tabular import no_formula
from models.scorecard import Level, Line

COLUMNS = (
    "line", "label", "state", "answer", "points", "log_odds", "low", "high", "support", "won",
    "items", "value", "from", "below", "probability", "score", "grade",
)  # fmt: skip


def write(exported: Exported) -> str:
    """The start, every answer of every line, and every total of points with its probability, score and grade."""
    card = exported.card
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerow({"line": "base", "state": "base", "points": card.base_points, "support": card.prospects,
                     "won": card.won})  # fmt: skip
    writer.writerows(_row(line, level) for line in card.lines for level in line.levels)
    score = score_at(card)
    for points in totals(card):
        chance = card.probability(points)
        found = {"probability": repr(chance), "score": score(points), "grade": card.grade(chance)}
        writer.writerow({"line": "total", "state": "total", "points": points} | found)
    return out.getvalue()


def _row(line: Line, level: Level) -> dict[str, object]:
    value = level.answer
    text = {
        "line": line.line,
        "label": line.label,
        "answer": level.text,
        "items": " ".join(line.items),
        "value": value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False),
    }
    return {name: no_formula(cell) for name, cell in text.items()} | {
        "state": level.state,
        "points": level.points,
        "log_odds": f"{level.log_odds:.3f}",
        "low": f"{level.low:.3f}",
        "high": f"{level.high:.3f}",
        "support": round(level.support),
        "won": round(level.won),
        "from": level.start,
        "below": level.below,
    }
