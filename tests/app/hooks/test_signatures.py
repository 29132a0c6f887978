"""HubSpot's signatures, worked out by hand, as its documents have them."""

import base64
import hashlib
import hmac
import time

import pytest

from app.hooks.signatures import is_hubspots

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
URL, BODY, NOW = "https://winnow.example/v1/hooks/abc?a=b%40c", b'{"x": "\xc3\xa4"}', 1_772_442_000_000


def v3(url=URL, body=BODY, sent=NOW, secret=SECRET):
    """HMAC-SHA256 over method, address, body and time, in base64; `%40` is signed as `@`."""
    signed = b"POST" + url.replace("%40", "@").encode() + body + str(sent).encode()
    made = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return {"x-hubspot-signature-v3": made, "x-hubspot-request-timestamp": str(sent)}


def v2(url=URL, body=BODY, secret=SECRET):
    """SHA-256 over the secret, method, address and body, in hexadecimal."""
    made = hashlib.sha256(secret.encode() + b"POST" + url.encode() + body).hexdigest()
    return {"x-hubspot-signature": made, "x-hubspot-signature-version": "v2"}


def taken(headers):
    return is_hubspots(SECRET, method="POST", url=URL, body=BODY, headers=headers, now_ms=NOW)


@pytest.mark.parametrize("headers", [v3(secret=""), v2(secret="")], ids=["v3", "v2"])
def test_without_a_secret_nothing_is_hubspots(headers):
    """A hook outlives the setting; who knows its address could sign with nothing."""
    assert not is_hubspots("", method="POST", url=URL, body=BODY, headers=headers, now_ms=NOW)


@pytest.mark.parametrize("headers", [v3(), v3(sent=NOW - 299_000), v2()], ids=["v3", "v3, 5 minutes", "v2"])
def test_hubspots_own_call_is_taken(headers):
    assert taken(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        v3(sent=NOW - 301_000),
        v3(sent=NOW + 301_000),
        v3(body=b"{}"),
        v3(url="https://winnow.example/v1/hooks/other"),
        v3(secret="another"),
        v3() | {"x-hubspot-request-timestamp": "soon"},
        v2(body=b"{}"),
        v2(secret="another"),
        v2() | {"x-hubspot-signature-version": "v1"},
        # A wrong new signature is not made good by an old one.
        v2() | v3(secret="another"),
    ],
)
def test_any_other_call_is_not(headers):
    assert not taken(headers)


def test_without_hubspots_secret_no_signature_can_be_asked_for(bids_api):
    refused = bids_api.post("/v1/hooks", json={"name": "x", "mapping": {}, "signed_by": "hubspot"})
    assert refused.json()["code"] == "no_signing_secret"


@pytest.fixture
def with_secret(app):
    """The setting holds the app's secret."""
    before, app.state.hubspot_secret = app.state.hubspot_secret, SECRET
    yield
    app.state.hubspot_secret = before


def test_a_signed_hook_takes_what_hubspot_signed_and_refuses_the_rest(make_hook, post, with_secret):
    hook = make_hook(signed_by="hubspot")
    body, url = b'{"deal": {"id": 7}}', f"http://testserver{hook['path']}"
    signed = v3(url, body, time.time_ns() // 1_000_000)
    assert [post(hook, body, **signed).status_code, post(hook, body).status_code] == [202, 403]
