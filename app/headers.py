"""Headers that keep a browser from doing what no page of ours asks for."""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def framed_by(origins: Sequence[str]) -> str:
    """The same policy for a page that these sites, and no others, may show in a frame."""
    return PAGES.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}") if origins else PAGES


# The interactive docs come from a library that writes its script and styles into the page.
DOCS = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: forms would then come with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def secure(headers: MutableHeaders, scope: Scope) -> None:
    """Add what every answer carries; a route may have set a policy or a caching rule of its own."""
    for name, value in _ALWAYS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Content-Security-Policy", DOCS if scope["path"].startswith("/docs") else PAGES)
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"
