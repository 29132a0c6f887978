"""Cookies: what they are called, how they are kept safe, and a message carried to the next page."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from datetime import timedelta

import msgspec
from fastapi import Request, Response

_FLASH_SECONDS = 120


class Flash(msgspec.Struct, frozen=True):
    """A message for the next page, with a link to hand over where one was made."""

    text: str
    link: str = ""


def is_secure(request: Request) -> bool:
    """Whether cookies are for encrypted connections only: everywhere but on this machine itself."""
    return request.url.scheme == "https" or not _is_loopback(request.url.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name(request: Request, purpose: str) -> str:
    # Browsers take a cookie called __Host-… only from this very host, encrypted, for every path.
    return f"{'__Host-' if is_secure(request) else ''}winnow-{purpose}"


def read(request: Request, purpose: str) -> str | None:
    """The browser's cookie of this purpose."""
    return request.cookies.get(_name(request, purpose)) or None


def put(request: Request, response: Response, purpose: str, value: str, *, lasts: timedelta | None = None) -> None:
    """Give the browser a cookie no script can read."""
    response.set_cookie(
        _name(request, purpose),
        value,
        max_age=int(lasts.total_seconds()) if lasts else None,
        httponly=True,
        secure=is_secure(request),
        samesite="lax",
    )


def drop(request: Request, response: Response, purpose: str) -> None:
    """Take the cookie away."""
    response.delete_cookie(_name(request, purpose), httponly=True, secure=is_secure(request), samesite="lax")


def keyed(request: Request, purpose: str, text: str) -> str:
    """What only this service can make of the text."""
    secret: str = request.app.state.secret
    return hmac.new(secret.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def put_flash(request: Request, response: Response, flash: Flash) -> None:
    """Carry a message over a redirect."""
    body = base64.urlsafe_b64encode(msgspec.json.encode(flash)).decode()
    put(request, response, "flash", f"{body}.{keyed(request, 'flash', body)}", lasts=timedelta(seconds=_FLASH_SECONDS))


def read_flash(request: Request) -> Flash | None:
    """The message carried here, unless somebody else wrote it."""
    body, _, signature = (read(request, "flash") or "").rpartition(".")
    if not body or not hmac.compare_digest(signature.encode(), keyed(request, "flash", body).encode()):
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(body), type=Flash)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        return None
