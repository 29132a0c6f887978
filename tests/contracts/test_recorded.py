"""What a release answered, every later one answers too: more may be said, nothing less and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

RECORDED = sorted((Path(__file__).parents[1] / "recorded").glob("*.json"))
IN_WORDS = {"detail", "title", "sentence"}  # sentences for people may be bettered; their codes stay


def differences(recorded: Any, now: Any, names: dict[str, Any], where: str = "") -> list[str]:
    """Where an answer says less than, or other than, what was recorded; names are bound as they are met."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        kept = [key for key in recorded if key not in IN_WORDS]
        missing = [f"{where}/{key} is gone" for key in kept if key not in now]
        return missing + [
            found
            for key in kept
            if key in now
            for found in differences(recorded[key], now[key], names, f"{where}/{key}")
        ]
    if isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        pairs = enumerate(zip(recorded, now, strict=True))
        return [found for at, (old, new) in pairs for found in differences(old, new, names, f"{where}/{at}")]
    return [] if same(recorded, now, names) else [f"{where} was {recorded!r} and is {now!r}"]


def same(recorded: Any, now: Any, names: dict[str, Any]) -> bool:
    if isinstance(recorded, str) and recorded.startswith("<"):
        fresh = recorded in {"<time>", "<request>", "<cursor>"}
        return isinstance(now, str) and (fresh or names.setdefault(recorded, now) == now)
    if isinstance(recorded, float):
        return isinstance(now, int | float) and now == pytest.approx(recorded, rel=1e-6, abs=1e-9)
    return type(recorded) is type(now) and recorded == now


def test_there_is_a_recording():
    assert RECORDED


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_promise_16_recorded_requests_are_answered_as_they_were(api, path):
    """Each call of a release in its order, on an empty installation."""
    names: dict[str, Any] = {}
    found = []
    for call in json.loads(path.read_text(encoding="utf-8")):
        address = call["path"]
        for name, ours in names.items():
            address = address.replace(name, ours)
        answer = api.request(call["method"], address, json=call["body"])
        said = answer.json() if answer.content else None
        found += [
            f"{call['method']} {call['path']}: {one}"
            for one in [
                *([] if answer.status_code == call["status"] else [f"{call['status']} became {answer.status_code}"]),
                *differences(call["answer"], said, names),
            ]
        ]
    assert found == []


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ({"score": 71, "code": "late", "new": 1}, []),
        ({"score": 71}, ["/code is gone"]),
        ({"score": 72, "code": "late"}, ["/score was 71 and is 72"]),
        ({"score": "71", "code": "late"}, ["/score was 71 and is '71'"]),
    ],
)
def test_more_may_be_said_but_nothing_less_and_nothing_else(now, found):
    assert differences({"score": 71, "code": "late"}, now, {}) == found


def test_an_id_may_be_another_but_stays_the_same():
    names: dict[str, Any] = {}
    assert differences({"id": "<sc 1>", "card": "<sc 1>"}, {"id": "sc_2", "card": "sc_2"}, names) == []
    assert differences({"id": "<sc 1>"}, {"id": "sc_3"}, names) == ["/id was '<sc 1>' and is 'sc_3'"]
