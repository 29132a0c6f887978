"""Calls made up from the API's description, right and wrong, singly and in sequences, against a running service."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import serving
from installing import Installation, Wrong

CONFIG = Path(__file__).parents[1] / "tests" / "contracts" / "schemathesis.toml"
PHASES = "examples,coverage,fuzzing,stateful"


def soak_calls(url: str, folder: Path, seconds: int, seed: int) -> str:
    """Every check on every operation, for as long as is asked."""
    place = Installation.make(url)
    with serving.running(place.server):
        with httpx.Client(base_url=place.server.url, headers=place.headers) as api:
            api.put("/v1/prospects/open", json={"answers": {"budget": True}}).raise_for_status()
            closed = {"answers": {"budget": False}, "outcome": {"result": "lost"}}
            api.put("/v1/prospects/closed", json=closed).raise_for_status()
        told = _make_up_calls(place, folder, seconds, seed)
        place.server.stop()
    return f"{told}; every answer as described"


def _make_up_calls(place: Installation, folder: Path, seconds: int, seed: int) -> str:
    """Let schemathesis call, and say how often it did."""
    calling = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]
    command = [
        *calling, f"{place.server.url}/openapi.json", "--header", f"Authorization: {place.headers['Authorization']}",
        "--checks", "all", "--phases", PHASES, "--max-time", str(seconds), "--seed", str(seed), "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # it leaves files behind
    if done.returncode:
        msg = f"calls were not answered as described:\n{done.stdout}{done.stderr}"
        raise Wrong(msg)
    generated = re.search(r"(\d+) generated", done.stdout)
    return f"{generated[1] if generated else 'some'} calls made up in {seconds} s"
