"""What-if scores over HTTP against an endpoint of the same app that scores nothing.

The endpoint to compare with stands on the same kind of route, lets in the same callers, validates the same body and
answers with a constant. A client in a process of its own keeps a few connections busy, in turns of a few seconds.
"""

import asyncio
import json
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import serving
import uvloop
from fastapi import APIRouter, FastAPI

from app.accounts.auth import Reader
from app.main import create_app
from app.responses import FastJSON
from app.scoring.schemas import WhatIfInput
from app.strict_json import StrictRoute

CONNECTIONS = 4
TURNS, TURN_SECONDS = 5, 3.0
OPEN_LOOP_RATE, OPEN_LOOP_SECONDS = 50, 20
SHEET = {"answers": {"problem_owner": "production", "standing": "past", "budget": True, "tender": False,
                     "competitors": "unknown", "people_met": 3}}  # fmt: skip


def app_with_constant() -> FastAPI:
    """The application with one more endpoint, which answers with a constant."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute)

    @router.post("/constant", response_class=FastJSON)
    def constant(caller: Reader, asked: WhatIfInput) -> FastJSON:  # noqa: ARG001 - to have them checked
        return FastJSON({"score": 71})

    app = create_app()
    app.include_router(router)
    return app


class Connection(asyncio.Protocol):
    """A keep-alive connection that sends a request made beforehand and waits for its answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport
        self.received = b""
        self.answered: asyncio.Future[bytes] | None = None

    def data_received(self, data: bytes) -> None:
        """Finish the answer when its last byte is here."""
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            self.received = b""
            if head.startswith(b"HTTP/1.1 2"):
                self.answered.set_result(body)
            else:
                self.answered.set_exception(RuntimeError(f"Answered {head.decode()} {body.decode()}"))

    async def ask(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer."""
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answered


async def connect(port: int) -> Connection:
    """A new connection."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


async def rate(connections: list[Connection], request: bytes, seconds: float) -> float:
    """Requests a second while every connection asks again as soon as it is answered."""
    finish = time.perf_counter() + seconds

    async def keep_asking(connection: Connection) -> int:
        asked = 0
        while time.perf_counter() < finish:
            await connection.ask(request)
            asked += 1
        return asked

    return sum(await asyncio.gather(*map(keep_asking, connections))) / seconds


async def open_loop(port: int, request_of: Callable[[int], bytes]) -> list[float]:
    """Milliseconds each request took from the moment it was due, whatever became of those before it."""
    idle: deque[Connection] = deque()  # taken in turn, so that none is idle long enough to be closed
    began = time.perf_counter()

    async def one(number: int) -> float:
        due = began + number / OPEN_LOOP_RATE
        await asyncio.sleep(due - time.perf_counter())
        connection = idle.popleft() if idle else await connect(port)
        await connection.ask(request_of(number))
        idle.append(connection)
        return 1000 * (time.perf_counter() - due)

    count = OPEN_LOOP_RATE * OPEN_LOOP_SECONDS
    return sorted(await asyncio.gather(*map(one, range(count))))


async def measure(port: int, key: str) -> dict[str, Any]:
    """Both endpoints in turns, then what-if at a steady rate."""
    body = json.dumps(SHEET).encode()
    head = f"Host: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    requests = {path: f"POST /v1/{path} HTTP/1.1\r\n{head}\r\n\r\n".encode() + body for path in ("constant", "scores")}
    connections = [await connect(port) for _ in range(CONNECTIONS)]
    rates: dict[str, list[float]] = {path: [] for path in requests}
    for path in requests:
        await rate(connections, requests[path], 1.0)
    for path, _ in zip(cycle(requests), range(2 * TURNS), strict=False):
        rates[path].append(await rate(connections, requests[path], TURN_SECONDS))
    waits = await open_loop(port, lambda _number: requests["scores"])
    ratios = [one / other for one, other in zip(rates["scores"], rates["constant"], strict=True)]
    return {
        "constant_per_second": round(statistics.median(rates["constant"])),
        "what_if_per_second": round(statistics.median(rates["scores"])),
        "ratio": round(statistics.median(ratios), 3),
        "lowest_ratio": round(min(ratios), 3),
        "p50_ms": round(statistics.median(waits), 1),
        "p99_ms": round(waits[int(0.99 * len(waits))], 1),
        "max_ms": round(waits[-1], 1),
    }


def bench_http(kind: str) -> dict[str, Any]:
    """Measure a service of its own on a database of a kind."""
    with TemporaryDirectory() as name, serving.database(kind, Path(name)) as url:
        variables = serving.environment(url)
        serving.winnow(variables, "demo")
        key = json.loads(serving.winnow(variables, "keys", "create", "--role", "integration", "--json"))["key"]
        command = [
            sys.executable, "-m", "uvicorn", "--factory", "bench_http:app_with_constant", "--no-access-log",
            "--app-dir", str(Path(__file__).parent), "--log-level", "warning",
        ]  # fmt: skip
        with serving.running(serving.Server(variables, command)) as server:
            return uvloop.run(measure(server.port, key))
