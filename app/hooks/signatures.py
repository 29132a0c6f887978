"""Signatures of HubSpot, by which a receiver tells that a call is HubSpot's own.

Version 3 signs method, address, body and time; custom workflow actions are still signed with version 2, without time.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

_OLDEST_MS = 5 * 60 * 1000
# HubSpot signs the address with these decoded, and with no others.
_DECODED = {"%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
            "%2A": "*", "%2C": ",", "%3B": ";"}  # fmt: skip


def is_hubspots(secret: str, *, method: str, url: str, body: bytes, headers: Mapping[str, str], now_ms: int) -> bool:
    """Whether a call carries a signature that only who has the secret can make."""
    if not secret:  # taken out of the settings since; anybody can sign with nothing
        return False
    given = headers.get("x-hubspot-signature-v3")
    if given is not None:
        sent = headers.get("x-hubspot-request-timestamp", "")
        if not sent.isascii() or not sent.isdecimal() or abs(now_ms - int(sent[:15])) > _OLDEST_MS:
            return False
        signed = method.encode() + _decoded(url).encode() + body + sent.encode()
        made = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest())
        return hmac.compare_digest(made, given.encode())
    given = headers.get("x-hubspot-signature", "")
    if headers.get("x-hubspot-signature-version") != "v2":
        return False
    made = hashlib.sha256(secret.encode() + method.encode() + url.encode() + body).hexdigest().encode()
    return hmac.compare_digest(made, given.encode())


def _decoded(url: str) -> str:
    for written, letter in _DECODED.items():
        url = url.replace(written, letter).replace(written.lower(), letter)
    return url
