"""Record calls of this release with their answers, for tests/contracts/test_recorded.py to replay on every later one.

`scripts/record` writes tests/recorded/<version>.json anew. What differs from run to run (our ids, hashes, our times)
is written as a name in angle brackets: a later release may answer with another, and has to keep to it.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.testclient import TestClient

from app.accounts.service import COMMAND_LINE, create_key
from app.db import utcnow
from app.main import create_app
from app.migrating import migrate
from app.settings import Settings
from app.version import VERSION

FOLDER = Path(__file__).parents[1] / "tests" / "recorded"
SECRET = "only ever used for a database that is thrown away"  # noqa: S105
_OURS = re.compile(r"(?P<kind>[a-z]+)_[0-9a-f]{16,28}|(sha256:)?[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

SHEET = {
    "key": "bids",
    "name": "Bids",
    "expected_close_ratio": 0.4,
    "items": [
        {"key": "budget", "label": "Budget", "definition": "Money was named.", "kind": "yes_no", "expected": "for",
         "importance": 3, "how": "Ask the controller."},
        {"key": "tender", "label": "Tender", "definition": "A form was sent.", "kind": "yes_no", "expected": "against",
         "importance": 2},
        {"key": "size", "label": "Size", "definition": "Heads on site.", "kind": "number", "unit": "employees"},
    ],
    "grade_steps": {"A": "visit this week"},
}  # fmt: skip
Send = Callable[..., Any]


def play(send: Send) -> None:
    """A team's first weeks by REST: `send(method, path, body)` answers as the service does."""
    send("PUT", "/v1/check-sheets/bids", SHEET)
    send("PUT", "/v1/check-sheets/bids", SHEET)
    send("GET", "/v1/check-sheets/bids/versions/1")
    _work_on_one(send)
    for number in range(24):
        answers = {"budget": number % 2 == 0, "tender": number % 3 == 0, "size": 10 * number}
        outcome = {"result": "won" if number % 4 in (0, 1) else "lost", "decided_at": f"2025-02-{number + 1:02}"}
        body = {
            "owner": "ada",
            "arrived_at": "2025-01-02",
            "answers": answers,
            "observed_at": f"2025-01-{number + 3:02}",
        }
        send("PUT", f"/v1/prospects/closed-{number}", body | {"outcome": outcome})
    _look_at_cards(send)
    send("GET", "/v1/prospects?state=lost&limit=5")
    send("DELETE", "/v1/prospects/closed-3")
    send("GET", "/v1/prospects/closed-3")


def _work_on_one(send: Send) -> None:
    one = "/v1/prospects/crm-1042"
    known = {"check_sheet": "bids", "name": "Inline gauge", "owner": "ada", "amount": "60000.00", "currency": "EUR",
             "arrived_at": "2025-03-01T08:00:00Z", "brief": {"looks_for": "less scrap"}}  # fmt: skip
    send("PUT", one, known | {"answers": {"budget": True}, "observed_at": "2025-03-02T09:00:00Z"})
    send("PUT", one, {"amount": None, "stage": "comparing"})
    send(
        "POST",
        f"{one}/observations",
        {"answers": {"tender": "unknown"}, "observed_at": "2025-03-03", "observer": "ada"},
    )
    send("POST", f"{one}/observations", {"answers_list": [{"item": "size", "value": "7"}], "observed_at": "2025-03-04"})
    send("POST", f"{one}/observations", {"answers": {"budget": False}, "observed_at": "2025-01-01"})
    send("POST", f"{one}/observations", {"answers": {"colour": "red"}})
    send("POST", f"{one}/stage", {"stage": "deciding", "sign": "asked for terms", "seen_at": "2025-03-05"})
    send("POST", f"{one}/effort", {"kind": "visit", "spent_at": "2025-03-05"})
    send("POST", f"{one}/forecasts", {"probability": 0.75})
    send("POST", f"{one}/forecasts", {"category": "commit", "made_at": "2025-03-01"})
    send("GET", f"{one}/score")
    send("GET", f"{one}/scores")
    send(
        "PUT", f"{one}/outcome", {"result": "won", "decided_at": "2025-03-09", "amount": "58000.00", "currency": "EUR"}
    )
    send("PUT", f"{one}/outcome", {"result": "lost", "decided_at": "2025-03-07"})
    send("POST", f"{one}/experiences", {"kind": "satisfied", "happened_at": "2025-03-20"})
    send("GET", f"{one}/observations?limit=2")
    send("GET", f"{one}/forecasts")
    send("GET", one)
    send("DELETE", f"{one}/outcome")
    send("PUT", f"{one}/outcome", {"result": "maybe"})
    send("GET", "/v1/prospects/nobody")
    send("GET", "/v1/prospects?colour=red")


def _look_at_cards(send: Send) -> None:
    card = send("GET", "/v1/scorecards/active")["id"]
    send("GET", f"/v1/scorecards/{card}/weights")
    send("POST", "/v1/scores", {"answers": {"budget": True, "tender": False}})
    send(
        "POST",
        "/v1/scores/batch",
        {"items": [{"prospect": "crm-1042"}, {"prospect": "nobody"}, {"answers": {"size": 3}}]},
    )
    trained = send("POST", "/v1/scorecards", {"check_sheet": "bids", "activate": "never"})["id"]
    send("GET", f"/v1/scorecards/{trained}/weights")
    send("GET", f"/v1/scorecards/{card}/diff/{trained}")
    send("POST", f"/v1/scorecards/{trained}/activate", {"reason": "to look at it"})
    send("GET", "/v1/scorecards?limit=2")


class Names:
    """The names given to what this run made up."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def hide(self, said: Any) -> Any:
        """The same with a name in place of whatever another run would call otherwise."""
        if isinstance(said, dict):
            return {key: "<cursor>" if key == "next" and value else self.hide(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self.hide(value) for value in said]
        if not isinstance(said, str):
            return said
        if _TIME.fullmatch(said):  # callers' times of the scenario lie in 2025
            return "<time>" if said > (utcnow() - timedelta(days=1)).isoformat() else said
        found = _OURS.fullmatch(said)
        if found is None or found["kind"] == "req":
            return said if found is None else "<request>"
        return self.known.setdefault(said, f"<{found['kind'] or 'hash'} {len(self.known) + 1}>")


def record() -> list[dict[str, Any]]:
    """Play on an empty installation; gives each call with its answer."""
    names, steps = Names(), []
    with TemporaryDirectory() as folder:
        app = create_app(Settings(database_url=f"sqlite:///{folder}/winnow.db", secret_key=SECRET, log_level="error"))
        database = app.state.database
        migrate(database.engine)
        with database.writing() as session:
            said = {"role": "admin", "name": "recording", "owners": [], "scopes": ["read", "write"]}
            key = create_key(session, secret=SECRET, by=COMMAND_LINE, **said)[1]
        client = TestClient(app, headers={"Authorization": f"Bearer {key}"})

        def send(method: str, path: str, body: Any = None) -> Any:
            answer = client.request(method, path, json=body)
            content = answer.json() if answer.content else None
            for ours, name in names.known.items():
                path = path.replace(ours, name)
            steps.append(
                {
                    "method": method,
                    "path": path,
                    "body": body,
                    "status": answer.status_code,
                    "answer": names.hide(content),
                }
            )
            return content

        play(send)
        database.engine.dispose()
    return steps


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    calls = record()
    text = "[\n" + ",\n".join(json.dumps(call, ensure_ascii=False) for call in calls) + "\n]\n"
    (FOLDER / f"{VERSION}.json").write_text(text, encoding="utf-8")
    print(f"{len(calls)} calls of version {VERSION}.")
