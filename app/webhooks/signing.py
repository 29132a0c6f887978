"""Signatures as Standard Webhooks has them: https://www.standardwebhooks.com."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"


def secret_of(master: str, webhook_id: str, number: int) -> str:
    """A target's secret, worked out from the service's own, so that a stolen database signs nothing."""
    made = hmac.new(master.encode(), f"webhook:{webhook_id}:{number}".encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(made).decode()


def sign(secrets: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a message: a signature by each secret, any of which the receiver may know."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = []
    for secret in secrets:
        made = hmac.new(base64.b64decode(secret.removeprefix(PREFIX)), content, hashlib.sha256).digest()
        signatures.append(f"v1,{base64.b64encode(made).decode()}")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
