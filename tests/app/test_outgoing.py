"""Promise 15: no address but a public one is called, when it is saved and when something is sent there."""

import http.server
import socket
import threading

import pytest

from app.outgoing import Refused, Rules, Unreachable, _seconds, check_url, post

NONE, HERE = Rules.of(()), Rules.of(("127.0.0.0/8",))
PUBLIC = ["https://1.1.1.1/x", "https://[2606:4700:4700::1111]:8443/x"]
FORBIDDEN = {
    "loopback": "https://127.0.0.1/",
    "loopback by another number": "https://127.8.9.1/",
    "this host": "https://0.0.0.0/",
    "private 10": "https://10.1.2.3/",
    "private 172": "https://172.16.0.1/",
    "private 192": "https://192.168.1.1/",
    "link-local": "https://169.254.1.1/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "carrier-grade NAT": "https://100.64.0.1/",
    "multicast": "https://224.0.0.1/",
    "broadcast": "https://255.255.255.255/",
    "documentation": "https://203.0.113.7/",
    "loopback v6": "https://[::1]/",
    "unspecified v6": "https://[::]/",
    "unique local v6": "https://[fd00:ec2::254]/",
    "link-local v6": "https://[fe80::1]/",
    "site-local v6": "https://[fec0::1]/",
    "multicast v6": "https://[ff02::1]/",
    "mapped": "https://[::ffff:127.0.0.1]/",
    "mapped in hexadecimal": "https://[::ffff:a9fe:a9fe]/",
    "compatible": "https://[::127.0.0.1]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "NAT64 of one's own": "https://[64:ff9b:1::7f00:1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "Teredo": "https://[2001:0:7f00:1::]/",
    "decimal": "https://2130706433/",
    "octal": "https://0177.0.0.1/",
    "hexadecimal": "https://0x7f000001/",
    "short": "https://127.1/",
    "decimal and public": "https://16843009/",
    "a trailing dot": "https://127.0.0.1./",
    "a name of this machine": "https://localhost/",
    "unencrypted": "http://1.1.1.1/",
    "a name and a password": "https://user:secret@1.1.1.1/",
    "another scheme": "file:///etc/passwd",
    "no host": "https:///x",
    "a blank": "https://1.1.1.1/a b",
    "nowhere": "https://no-such-host.invalid/",
}


@pytest.fixture
def resolves(monkeypatch):
    """Let a name lead to addresses: `resolves("1.1.1.1", "10.0.0.1")`, and count how often that is asked."""
    asked = []

    def lead(*addresses):
        real = socket.getaddrinfo

        def look_up(host, *more, **named):
            if host[0].isdigit():  # an address needs no looking up; connecting asks all the same
                return real(host, *more, **named)
            asked.append(host)
            family = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in addresses]
            return [(kind, socket.SOCK_STREAM, 6, "", (one, 0)) for kind, one in zip(family, addresses, strict=True)]

        monkeypatch.setattr("app.outgoing.socket.getaddrinfo", look_up)
        return asked

    return lead


@pytest.fixture
def here():
    """A server on this machine, and the Host headers it was sent."""
    hosts = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            hosts.append(self.headers["host"])
            self.send_response(302 if self.path == "/redirect" else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port, hosts
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("url", PUBLIC)
def test_a_public_address_is_taken(url):
    assert check_url(url, NONE) is None


@pytest.mark.parametrize("url", FORBIDDEN.values(), ids=FORBIDDEN)
def test_promise_15_an_address_that_is_not_public_is_refused_at_save_and_at_send(url):
    with pytest.raises(Refused):
        check_url(url, NONE)
    with pytest.raises((Refused, Unreachable)):
        post(url, body=b"{}", headers={}, rules=NONE)


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("1.1.1.1", "10.0.0.1"), ("::ffff:10.0.0.1",)], ids=str)
def test_a_name_that_leads_to_one_private_address_is_refused(resolves, addresses):
    resolves(*addresses)
    with pytest.raises(Refused, match="not public"):
        check_url("https://inside.example/", NONE)


def test_a_name_is_looked_up_once_and_the_checked_address_is_connected_to(resolves, here):
    """A name that leads elsewhere at a second look has no second look; the target is told the name it is called by."""
    port, hosts = here
    asked = resolves("127.0.0.1")
    answer = post(f"http://hooks.example:{port}/", body=b"{}", headers={}, rules=HERE)
    assert (answer.status, asked, hosts) == (200, ["hooks.example"], [f"hooks.example:{port}"])


def test_a_redirect_is_not_followed(here):
    port, hosts = here
    assert post(f"http://127.0.0.1:{port}/redirect", body=b"{}", headers={}, rules=HERE).status == 302
    assert len(hosts) == 1


def test_a_network_that_is_named_may_be_called_unencrypted_and_no_other():
    assert check_url("http://127.0.0.1:9/", HERE) is None
    with pytest.raises(Refused):
        check_url("http://1.1.1.1/", HERE)


def test_an_answer_that_trickles_is_given_up_in_time(monkeypatch):
    """A byte now and then keeps a connection open, not the delivery."""
    monkeypatch.setattr("app.outgoing.TOTAL_SECONDS", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def trickle():
            connection, _ = listening.accept()
            with connection:
                while not over.wait(0.05):
                    connection.sendall(b"H")

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        with pytest.raises(Unreachable, match="No answer"):
            post(f"http://127.0.0.1:{listening.getsockname()[1]}/", body=b"{}", headers={}, rules=HERE)
        over.set()
        thread.join(2)


@pytest.mark.parametrize("said", ["Mon, 01 Jan 2024 00:00:00 +99999999999999999999", "soon", ""])
def test_a_retry_after_that_says_nothing_does_not_spoil_the_answer(said):
    assert _seconds(said) is None
