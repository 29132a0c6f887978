"""Every HTTP call this service makes: to addresses that are looked up once, checked, and then connected to as checked.

Nobody may have us call what only we can reach: our own machine, the network behind it, a cloud's metadata. Redirects
are not followed, of an answer only its head is read, and no call takes longer than `TOTAL_SECONDS`.
"""

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpcore
import httpx

CONNECT_SECONDS, TOTAL_SECONDS = 3.0, 15.0
LONGEST_URL = 2000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# IPv6 addresses that carry an IPv4 address in their last 32 bits.
_CARRIERS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"), ipaddress.ip_network("::ffff:0:0/96"))
_NEVER = (
    ipaddress.ip_network("64:ff9b:1::/48"),  # NAT64 of somebody's own network
    ipaddress.ip_network("2001::/23"),  # Teredo and other special purposes
    ipaddress.ip_network("2002::/16"),  # 6to4
    ipaddress.ip_network("fec0::/10"),  # site-local, before there were unique local addresses
)


_UNENCRYPTED = "The address must begin with https://."


class Refused(Exception):
    """An address we do not call, in a sentence."""


class Unreachable(Exception):
    """Nobody answered, in a sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What of an answer we look at."""

    status: int
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Rules:
    """Which networks may be called although they are not public; there, unencrypted too."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> "Rules":
        """The rules of a setting that was checked."""
        return cls(tuple(ipaddress.ip_network(one) for one in networks))

    def names(self, address: Address) -> bool:
        """Whether a setting names the network of an address."""
        return any(address in network for network in self.networks if network.version == address.version)


def check_url(url: str, rules: Rules) -> None:
    """Refuse an address that must not be called, as it stands and as its host is found now."""
    host, is_encrypted = _read(url)
    _find(host, rules, is_encrypted=is_encrypted)


def _read(url: str) -> tuple[str, bool]:
    """The host of an address, and whether it is spoken to encrypted."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        msg = "That is not an address as in https://example.com/hooks."
        raise Refused(msg) from error
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        msg = f"The address must be at most {LONGEST_URL} characters, without blanks."
        raise Refused(msg)
    if parts.scheme not in {"https", "http"} or not parts.host:
        raise Refused(_UNENCRYPTED)
    if parts.userinfo:
        msg = "The address must not carry a name or a password; deliveries are signed instead."
        raise Refused(msg)
    if parts.port == 0:
        msg = "There is no port 0."
        raise Refused(msg)
    return parts.raw_host.decode("ascii"), parts.scheme == "https"


def _look_up(host: str) -> Sequence[Address]:
    bare = host.strip("[]").rstrip(".")
    try:
        return [ipaddress.ip_address(bare)]
    except ValueError:
        last = bare.rpartition(".")[2].lower()
    if re.fullmatch(r"\d+|0x[0-9a-f]*", last) or ":" in bare or "%" in bare:
        # A resolver reads 2130706433 and 0x7f.1 as addresses too, and 010.0.0.1 as another than is meant.
        msg = f"'{host}' is no way to write an address; write it as in 203.0.113.7, or name the host."
        raise Refused(msg)
    try:
        found = socket.getaddrinfo(bare, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        msg = f"The host '{host}' is not found."
        raise Refused(msg) from error
    return [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]


def _find(host: str, rules: Rules, *, is_encrypted: bool) -> Address:
    """Where a host is; all its addresses must be allowed, so that which of them is taken does not matter."""
    found = _look_up(host)
    for address in found:
        if not is_encrypted and not rules.names(address):
            raise Refused(_UNENCRYPTED)
        if not rules.names(address) and not _is_public(address):
            msg = (
                f"'{host}' leads to an address that is not public, and no event is sent there. "
                "Whoever runs Winnow can allow a network in WINNOW_WEBHOOK_NETWORKS."
            )
            raise Refused(msg)
    return found[0]


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in _NEVER):
            return False
        if any(address in network for network in _CARRIERS):
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not (address.is_multicast or address.is_reserved)


def post(url: str, *, body: bytes, headers: Mapping[str, str], rules: Rules) -> Answer:
    """Send a body once; what stands in the answer's body is not read."""
    _, is_encrypted = _read(url)
    backend = _Guarded(rules, is_encrypted=is_encrypted, deadline=time.monotonic() + TOTAL_SECONDS)
    transport = httpx.HTTPTransport(verify=_tls(), trust_env=False)
    # Where connections come from is no parameter of httpx, only of the pool it stands on.
    transport._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend)
    timeout = httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS)
    try:
        with (
            httpx.Client(transport=transport, timeout=timeout, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=dict(headers)) as answer,
        ):
            return Answer(answer.status_code, _seconds(answer.headers.get("retry-after")))
    except httpx.TimeoutException as error:
        msg = f"No answer within {TOTAL_SECONDS:g} seconds, or no connection within {CONNECT_SECONDS:g}."
        raise Unreachable(msg) from error
    except httpx.HTTPError as error:
        raise Unreachable(_why(error)) from error


def _why(error: httpx.HTTPError) -> str:
    if "certificate" in str(error).lower():
        return "Its certificate is not valid."
    if isinstance(error, httpx.ConnectError):
        return "No connection: nobody listens there."
    return "What came back was no answer of a web server."


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _seconds(retry_after: str | None) -> float | None:
    """What Retry-After asks for, in seconds from now; it may name a moment too."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


class _Guarded(httpcore.NetworkBackend):
    """Connections to checked addresses only; TLS is told the host's name as ever, and all must end by a deadline."""

    def __init__(self, rules: Rules, *, is_encrypted: bool, deadline: float) -> None:
        self._rules = rules
        self._is_encrypted = is_encrypted
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look the host up once, check what is found, and connect to just that."""
        address = _find(host, self._rules, is_encrypted=self._is_encrypted)
        inner = self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
        return _Timed(inner, self._deadline)


class _Timed(httpcore.NetworkStream):
    """A connection that is over at a deadline, however slowly the other side trickles."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def _left(self, late: type[Exception]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise late
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = min(self._left(httpcore.ConnectTimeout), CONNECT_SECONDS)
        return _Timed(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
