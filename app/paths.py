"""External ids may contain a slash; this keeps an escaped one from being read as the end of a path's step."""

from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

# No printable id holds it, so it can stand for an escaped slash until the id is read.
SLASH = "\x1f"


class EscapedSlashes:
    """Decode a path step by step, so that %2F stays inside its step."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the path only where it holds anything escaped."""
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%" in raw:
            steps = [
                unquote_to_bytes(step).decode("utf-8", "replace").replace("\ufffd", "\x00")
                for step in raw.split(b"?")[0].split(b"/")
            ]
            # A caller's own control character must not pass for a slash.
            scope["path"] = "/".join(step.replace(SLASH, "\x00").replace("/", SLASH) for step in steps)
        await self.app(scope, receive, send)
