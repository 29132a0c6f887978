"""What happens around every request: an id, a line in the log, a count, and headers no answer should lack."""

import secrets
import time
from collections.abc import Mapping

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.headers import secure

log = structlog.get_logger()


class Metrics:
    """The figures /metrics shows, one set an application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("winnow_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram("winnow_request_seconds", "Time to answer.", ("route",), registry=self.registry)


class LimitedBody:
    """Refuse a body over the limit, whether it says its length or comes in chunks, as a problem like any other."""

    def __init__(self, app: ASGIApp, most: int, most_at: Mapping[str, int]) -> None:
        self.app = app
        self.most = most
        self.most_at = most_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes as they are read; what nobody reads does no harm."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        taken, most = 0, self.most_at.get(scope["path"], self.most)

        async def counted() -> Message:
            nonlocal taken
            _check(int(said) if said.isdecimal() else 0, most)
            message = await receive()
            taken += len(message.get("body", b""))
            _check(taken, most)
            return message

        await self.app(scope, counted, send)


def _check(size: int, most: int) -> None:
    if size > most:
        raise HTTPException(413, f"The body is larger than the {most} bytes this service takes.")


class Around:
    """A pure ASGI middleware: a function middleware would cost the hot route several times as much."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request an id and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = f"req_{secrets.token_hex(8)}"
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500
        began = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = scope["state"]["request_id"]  # an answer repeated carries its first id
                headers.update(scope["state"].get("rate", {}))
                secure(headers, scope)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - began)

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        # The route's pattern, not the path: paths hold customers' ids.
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope.get("route") else "other"
        self.metrics.requests.labels(method, route, status).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        log.info(
            "request", request_id=request_id, method=method, route=route, status=status, ms=round(seconds * 1000, 1)
        )
