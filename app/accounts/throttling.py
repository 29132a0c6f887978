"""Slowing down whoever calls too often, or guesses passwords: without locking out whom they guess at.

Only failures count. Where a person has signed in before they have a count of their own, which nobody elsewhere can
fill.
"""

import ipaddress
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from app.errors import TooManyAttempts

PER_ADDRESS = RateLimitItemPerMinute(30, 15)
PER_EMAIL = RateLimitItemPerMinute(10, 15)
PER_KNOWN_ADDRESS = RateLimitItemPerMinute(20, 15)

Counted = list[tuple[RateLimitItem, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Rate:
    """What a key may still do in the present minute."""

    a_minute: int
    left: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers writes it."""
        policy = f'"key";q={self.a_minute};w=60'
        return {"RateLimit-Policy": policy, "RateLimit": f'"key";r={self.left};t={self.seconds}'}


class RequestLimit:
    """The counts of calls, by API key and minute."""

    def __init__(self, storage_url: str, a_minute: int) -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage_url))
        self._item = RateLimitItemPerMinute(a_minute)

    def count(self, key_id: str) -> tuple[Rate, bool]:
        """Count one more call; what is left, and whether this one may go on."""
        allowed = self._limiter.hit(self._item, "calls", key_id)
        ends_at, left = self._limiter.get_window_stats(self._item, "calls", key_id)
        seconds = max(1, math.ceil(ends_at - time.time()))
        return Rate(self._item.amount, max(0, left), seconds), allowed


class Throttle:
    """The counts of failed sign-ins."""

    def __init__(self, storage_url: str) -> None:
        self._limiter = MovingWindowRateLimiter(storage_from_string(storage_url))
        self._running: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()

    def counts(self, *, email: str, address: str, known: bool) -> Counted:
        """Which counts a failure goes to: the e-mail stands in them as a hash."""
        if known:
            return [(PER_KNOWN_ADDRESS, ("known", email, address))]
        return [(PER_ADDRESS, ("address", address)), (PER_EMAIL, ("e-mail", email))]

    @contextmanager
    def attempt(self, counts: Counted) -> Iterator[None]:
        """Let one more try, or refuse and say for how long; those still under way count as if they failed."""
        with self._lock:
            for item, names in counts:
                free_at, left = self._limiter.get_window_stats(item, *names)
                if left <= self._running[names]:
                    raise TooManyAttempts(seconds=max(1, math.ceil(free_at - time.time())))
            self._running.update(names for _, names in counts)
        try:
            yield
        finally:
            with self._lock:
                self._running -= Counter(names for _, names in counts)

    def count_failure(self, counts: Counted) -> None:
        """One more."""
        for item, names in counts:
            self._limiter.hit(item, *names)


def network_of(address: str) -> str:
    """What counts as one address: an IPv6 customer has 2^64 of them."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else address
