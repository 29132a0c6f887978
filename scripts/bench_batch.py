"""Prospects put with their answers in batches, against the same sent one call at a time to the same service."""

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import serving

SHEET = "industrial"
ENTRIES = 200
ROUNDS = 3


def bench_batch(kind: str) -> dict[str, Any]:
    """Measure new prospects and changed ones on a service of its own; the best of a few rounds, taken in turn."""
    with TemporaryDirectory() as name, serving.database(kind, Path(name)) as url:
        variables = serving.environment(url)
        serving.winnow(variables, "sheet", "load", SHEET)
        key = json.loads(serving.winnow(variables, "keys", "create", "--role", "integration", "--json"))["key"]
        with (
            serving.running(serving.Server(variables)) as server,
            httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=120) as api,
        ):
            took: dict[str, list[float]] = {}
            for number in range(ROUNDS):
                for answered in (True, False):  # new prospects first, then the same ones changed
                    said = "new" if answered else "changed"
                    for way, send in (("one_by_one", _one_by_one), ("batch", _batch)):
                        began = time.perf_counter()
                        send(api, f"{way}-{number}", answered)
                        took.setdefault(f"{said}_{way}", []).append(time.perf_counter() - began)
    rates = {f"{name}_per_second": round(ENTRIES / min(seconds)) for name, seconds in took.items()}
    ratios = {f"{said}_ratio": _ratio(took, said) for said in ("new", "changed")}
    return {"entries": ENTRIES} | rates | ratios


def _ratio(took: dict[str, list[float]], said: str) -> float:
    return round(min(took[f"{said}_one_by_one"]) / min(took[f"{said}_batch"]), 2)


def _body(number: int, answered: bool) -> dict[str, Any]:
    return {"check_sheet": SHEET, "answers": {"budget": answered, "tender": number % 3 == 0}}


def _one_by_one(api: httpx.Client, name: str, answered: bool) -> None:
    for number in range(ENTRIES):
        api.put(f"/v1/prospects/{name}-{number}", json=_body(number, answered)).raise_for_status()


def _batch(api: httpx.Client, name: str, answered: bool) -> None:
    items = [{"external_id": f"{name}-{number}"} | _body(number, answered) for number in range(ENTRIES)]
    reply = api.post("/v1/prospects/batch", json={"items": items}).raise_for_status().json()
    if {entry["status"] for entry in reply["items"]} - {200, 201}:
        msg = f"An entry was refused: {reply['items'][0]}."
        raise RuntimeError(msg)
