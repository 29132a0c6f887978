"""API keys: what is kept of them, what they open, and when they end."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.accounts.service import COMMAND_LINE, create_key, revoke_key
from app.accounts.tables import ApiKey
from app.errors import NotFound, Unprocessable
from tests.builders import sheet


def call(app_client, key):
    text = key if isinstance(key, bytes) else key.encode()
    return app_client.get("/v1/check-sheets", headers={"Authorization": b"Bearer " + text})


def new_key(session, **more):
    given = {"secret": "s" * 32, "role": "admin", "name": "one", "owners": [], "scopes": ["read"], "by": COMMAND_LINE}
    return create_key(session, **given | more)


def test_promise_19_only_a_hash_of_a_key_is_kept(database, make_key):
    key = make_key()
    with database.reading() as session:
        row = session.scalars(select(ApiKey)).one()
    kept = [str(getattr(row, column.key)) for column in ApiKey.__table__.columns]
    random = key.split("_", 2)[2].rpartition("_")[0]  # which may hold underscores of its own
    assert not [text for text in kept if random in text]


def test_promise_19_a_key_says_its_role_and_ends_in_a_checksum(make_key):
    prefix, role, *_, checksum = make_key("manager").split("_")
    assert (prefix, role) == ("wn", "manager")
    assert len(checksum) == 8
    assert int(checksum, 16) >= 0


def test_two_keys_differ(make_key):
    assert make_key() != make_key()


def test_a_key_opens_the_service(api, make_key):
    assert call(api, make_key()).status_code == 200


def test_a_key_hashed_with_another_secret_is_no_key(api, database):
    with database.writing() as session:
        _, text = new_key(session, secret="another secret of thirty-two characters")
    assert call(api, text).status_code == 401


def test_promise_19_an_expired_key_is_refused(api, make_key):
    now = datetime.now(UTC)
    key = make_key(expires_at=now + timedelta(hours=1))
    assert call(api, key).status_code == 200
    with time_machine.travel(now + timedelta(hours=1, seconds=1)):
        assert call(api, key).status_code == 401


def test_promise_19_a_revoked_key_is_refused_at_once(api, database):
    with database.writing() as session:
        row, text = new_key(session, secret=api.app.state.secret)
    assert call(api, text).status_code == 200
    with database.writing() as session:
        revoke_key(session, key_id=row.id, by=COMMAND_LINE)
    assert call(api, text).status_code == 401


def test_revoking_twice_keeps_the_first_moment(database):
    with database.writing() as session:
        key = new_key(session)[0].id
    with database.writing() as session:
        first = revoke_key(session, key_id=key, by=COMMAND_LINE).revoked_at
    with database.writing() as session:
        assert revoke_key(session, key_id=key, by=COMMAND_LINE).revoked_at == first


def test_only_a_key_that_is_there_can_be_revoked(database):
    with database.writing() as session, pytest.raises(NotFound):
        revoke_key(session, key_id="key_0", by=COMMAND_LINE)


def test_every_key_that_is_not_valid_gets_the_same_refusal(api, database, make_key):
    """Checksum, unknown, expired or revoked: the answer tells none of them apart."""
    valid = make_key()
    with database.writing() as session:
        gone, revoked = new_key(session, secret=api.app.state.secret)
        revoke_key(session, key_id=gone.id, by=COMMAND_LINE)
        _, unknown = new_key(session, secret="another secret of thirty-two characters")
    expired = make_key(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    mistyped = valid[:-1] + ("0" if valid[-1] != "0" else "1")
    answers = [
        call(api, key).json() for key in (revoked, unknown, expired, mistyped, "wn_admin_x", "nonsense", "é".encode())
    ]
    assert {(one["status"], one["code"], one["detail"]) for one in answers} == {
        (401, "unauthorized", answers[0]["detail"])
    }


def test_a_refusal_says_how_to_authenticate(app, api):
    """A 401 names the scheme, as HTTP asks for."""
    assert call(api, "nonsense").headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dTpw", "wn_admin_key"])
def test_no_key_is_no_entry(api, header):
    headers = {} if header is None else {"Authorization": header}
    api.headers.pop("Authorization")
    assert api.get("/v1/check-sheets", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/prospects/p", {}),
        ("POST", "/v1/prospects/p/observations", {"answers": {"budget": True}}),
        ("PUT", "/v1/prospects/p/outcome", {"result": "won"}),
        ("DELETE", "/v1/prospects/p/outcome", None),
        ("DELETE", "/v1/prospects/p", None),
        ("POST", "/v1/check-sheets", sheet("other")),
        ("POST", "/v1/scorecards", {}),
    ],
)
def test_a_reading_key_changes_nothing(bids_api, client, count_rows, method, path, body):
    bids_api.put("/v1/prospects/p", json={})
    reader = client("admin", scopes=("read",))
    before = count_rows()
    answer = reader.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert count_rows() == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/scores", {"answers": {"budget": True}}, 200),
        ("/v1/scores/batch", {"items": [{"answers": {"budget": True}}]}, 207),
    ],
)
def test_asking_what_if_takes_no_more_than_reading(bids_api, client, path, body, status):
    assert client("integration", scopes=("read",)).post(path, json=body).status_code == status


def test_a_key_without_the_scope_read_reads_nothing(bids_api, client):
    writer = client("integration", scopes=("write",))
    assert writer.get("/v1/prospects").json()["code"] == "missing_scope"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"role": "boss"}, "unknown_role"),
        ({"role": "rep"}, "owner_required"),
        ({"role": "manager", "owners": ["ada"]}, "owner_needless"),
        ({"scopes": ["read", "everything"]}, "unknown_scope"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(database, count_rows, wrong, code):
    before = count_rows()
    with pytest.raises(Unprocessable) as refused, database.writing() as session:
        new_key(session, **wrong)
    assert refused.value.code == code
    assert count_rows() == before
