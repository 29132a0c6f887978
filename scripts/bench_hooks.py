"""How long a CRM that posts to a hook waits for its answer, at a steady rate of deals that are new or changed.

Each is kept durably before the answer, and read, scored and stored behind it.
"""

import json
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import serving
import uvloop
from bench_http import OPEN_LOOP_RATE, OPEN_LOOP_SECONDS, open_loop

SHEET = "industrial"
MAPPING = {
    "check_sheet": {"key": SHEET},
    "id": {"column": "id"},
    "name": {"column": "name"},
    "items": {"budget": {"column": "budget", "kind": "yes_no"}},
}


def bench_hooks(kind: str) -> dict[str, Any]:
    """Measure a service of its own on a database of a kind."""
    with TemporaryDirectory() as name, serving.database(kind, Path(name)) as url:
        variables = serving.environment(url)
        serving.winnow(variables, "demo")
        key = json.loads(serving.winnow(variables, "keys", "create", "--role", "integration", "--json"))["key"]
        with serving.running(serving.Server(variables)) as server:
            api = httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers={"Authorization": f"Bearer {key}"})
            hook = api.post("/v1/hooks", json={"name": "bench", "mapping": MAPPING}).raise_for_status().json()

            def request_of(number: int) -> bytes:
                deal = {"id": f"deal-{number % 200}", "name": f"Deal {number}", "budget": number % 3 == 0}
                body = json.dumps(deal).encode()
                return f"POST {hook['path']} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

            waits = uvloop.run(open_loop(server.port, request_of))
            left = api.get(f"/v1/hooks/{hook['id']}").json()
        return {
            "posted": OPEN_LOOP_RATE * OPEN_LOOP_SECONDS,
            "p50_ms": round(statistics.median(waits), 1),
            "p99_ms": round(waits[int(0.99 * len(waits))], 1),
            "max_ms": round(waits[-1], 1),
            "still_to_be_read": left["waiting"],
            "not_understood": left["failed"],
        }
