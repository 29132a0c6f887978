"""The whole main job by REST alone: check sheet, prospects with answers and outcomes, a card, its weights, a score.

    python salvirt_by_rest.py http://127.0.0.1:8000 wn_manager_… salvirt.csv salvirt.map.json

It needs httpx and the key of a manager or an admin. The mapping file is the one `winnow import` takes; here it tells
this script which column holds which item. Run twice, it stores the same prospects once.
"""

import csv
import json
import math
import sys
from pathlib import Path
from typing import Any

import httpx

NEW = "salvirt-new"


def check_sheet(mapping: dict[str, Any]) -> dict[str, Any]:
    """What is asked of every prospect; a choice's key is what answers carry, its label what people read."""
    items = []
    for key, column in mapping["items"].items():
        item = {"key": key, "label": column["label"], "definition": column["definition"], "kind": column["kind"]}
        if column["kind"] in {"choice", "scale"}:
            texts = {answer: text for text, answer in column["answers"].items() if answer != "unknown"}
            item["choices"] = [{"key": answer, "label": text} for answer, text in texts.items()]
        items.append(item)
    return {**mapping["check_sheet"], "items": items}


def prospect(row: dict[str, str], mapping: dict[str, Any]) -> dict[str, Any]:
    """One row as one call: who owns it, what was observed, how it ended."""
    answers = {key: column["answers"][row[column["column"]]] for key, column in mapping["items"].items()}
    outcome = mapping["outcome"]
    return {
        "check_sheet": mapping["check_sheet"]["key"],
        "owner": row[mapping["owner"]["column"]],
        "answers": answers,
        "outcome": {"result": "won" if row[outcome["column"]] in outcome["won"] else "lost"},
    }


def points_of(line: dict[str, Any], answers: dict[str, Any]) -> int:
    """The points a line of the card gives to a sheet's answers."""
    given = [answers.get(item) for item in line["items"]]
    others = 0
    for level in line["answers"]:
        if len(given) == 2:  # a pair: its answer names both items
            if list(level["answer"].values()) == given:
                return level["points"]
        elif given[0] in {None, "unknown"}:
            if level["state"] == ("not_observed" if given[0] is None else "unknown"):
                return level["points"]
        elif level["state"] == "answered":
            low, below = level["from"], level["below"]
            if level["answer"] is not None:
                if level["answer"] == given[0]:
                    return level["points"]
            elif low is None and below is None:  # every answer without a level of its own
                others = level["points"]
            elif (low is None or given[0] >= low) and (below is None or given[0] < below):
                return level["points"]
    return others


def recompute(weights: dict[str, Any], answers: dict[str, Any]) -> tuple[int, float]:
    """Points and probability as anyone can work them out from the weights."""
    points = weights["base_points"] + sum(points_of(line, answers) for line in weights["lines"])
    log_odds = weights["curve"]["intercept"] + weights["curve"]["slope"] * points
    return points, 1 / (1 + math.exp(-log_odds))


def main(base: str, key: str, table: str, map_file: str) -> None:
    mapping = json.loads(Path(map_file).read_text("utf-8"))
    with Path(table).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=mapping["separator"]))

    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=60) as winnow:

        def call(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
            answer = winnow.request(method, path, json=body)
            if answer.is_error:  # every error is a sentence with a code
                sys.exit(f"{method} {path}: {answer.status_code} {answer.json()['code']}: {answer.json()['detail']}")
            return answer.json()

        # 1. Say what is observed of every prospect.
        sheet = check_sheet(mapping)
        call("PUT", f"/v1/check-sheets/{sheet['key']}", sheet)

        # 2. Every prospect with its answers and its outcome, in one call each.
        for number, row in enumerate(rows, start=1):
            call("PUT", f"/v1/prospects/salvirt-{number}", prospect(row, mapping))

        # 3. Learn from them how much each characteristic counts.
        card = call("POST", "/v1/scorecards", {"check_sheet": sheet["key"]})
        weights = call("GET", f"/v1/scorecards/{card['id']}/weights")

        # 4. Somebody new asks; what is known of them gives a score, with its reasons.
        answers = prospect(rows[0], mapping)["answers"]
        call("PUT", f"/v1/prospects/{NEW}", {"check_sheet": sheet["key"], "answers": answers})
        score = call("GET", f"/v1/prospects/{NEW}/score")

    # 5. The same score, added up by hand.
    points, probability = recompute(weights, answers)
    said = {"card": card, "weights": weights, "score": score, "points": points, "probability": probability}
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
