"""People: taken in, changed and disabled by an admin; links that work once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts import people
from app.accounts.audit import find_break
from app.accounts.passwords import hash_password
from app.accounts.schemas import PersonInput, PlaceInput
from app.accounts.service import COMMAND_LINE
from app.accounts.tables import AuditEntry, OneTimeLink, Person
from app.db import utcnow
from app.errors import Conflict, NotFound, Unprocessable

ADA = {"email": "ada@example.com", "name": "Ada", "role": "rep", "owners": ["ada"]}


def invite(database, **changes):
    with database.writing() as session:
        return people.invite(session, given=PersonInput(**ADA | changes), by=COMMAND_LINE, now=utcnow())


def use(database, token, now=None):
    with database.writing() as session:
        return people.use_link(session, token=token, password_hash="hash", now=now or utcnow())


def read(database, person_id):
    with database.reading() as session:
        return session.get_one(Person, person_id)


def test_an_invited_person_has_no_password_until_the_link_is_used(database):
    person, token = invite(database)
    assert read(database, person.id).password_hash is None
    use(database, token)
    assert read(database, person.id).password_hash == "hash"


def test_the_text_of_a_link_is_nowhere_in_the_database(database):
    _, token = invite(database)
    with database.reading() as session:
        assert session.scalars(select(OneTimeLink.token_hash)).all() == [people.hash_token(token)]


def test_a_link_works_once(database):
    _, token = invite(database)
    use(database, token)
    with pytest.raises(NotFound) as gone:
        use(database, token)
    assert gone.value.code == "link_gone"


def test_an_invitation_lasts_a_week(database):
    _, token = invite(database)
    with pytest.raises(NotFound):
        use(database, token, utcnow() + timedelta(days=7, seconds=1))
    use(database, token, utcnow() + timedelta(days=6, hours=23))


def test_a_link_that_was_never_made_is_refused_like_one_that_is_gone(database):
    _, token = invite(database)
    use(database, token)
    details = set()
    for tried in (token, "x" * 43, "", "\ud800"):
        with pytest.raises(NotFound) as gone:
            use(database, tried)
        details.add(gone.value.detail)
    assert len(details) == 1


def test_a_new_link_ends_the_older_ones(database):
    person, first = invite(database)
    with database.writing() as session:
        found = people.find_person(session, person_id=person.id)
        second = people.make_link(session, person=found, by=COMMAND_LINE, now=utcnow())
    with pytest.raises(NotFound):
        use(database, first)
    use(database, second)


def test_choosing_a_password_ends_every_other_link(database):
    """Whoever found an older link finds it dead."""
    _, first = invite(database)
    use(database, first)
    with database.reading() as session:
        unused = select(func.count()).select_from(OneTimeLink).where(OneTimeLink.used_at.is_(None))
        assert session.scalar(unused) == 0


def test_a_disabled_person_gets_no_link_and_can_use_none(database):
    person, token = invite(database)
    with database.writing() as session:
        found = people.find_person(session, person_id=person.id)
        people.disable(session, person=found, by=COMMAND_LINE, now=utcnow())
    with pytest.raises(NotFound):
        use(database, token)
    with database.reading() as session:
        found = people.find_person(session, person_id=person.id)
        with pytest.raises(Conflict):
            people.make_link(session, person=found, by=COMMAND_LINE, now=utcnow())


@pytest.mark.parametrize("email", ["ada@example.com", " ADA@Example.COM "])
def test_an_email_stands_for_one_person(database, email):
    invite(database)
    with pytest.raises(Unprocessable) as refused:
        invite(database, email=email)
    assert refused.value.errors[0].code == "email_taken"


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"role": "integration"}, "/role", "unknown_role"),
        ({"role": ""}, "/role", "unknown_role"),
        ({"owners": []}, "/owners", "owner_required"),
    ],
)
def test_a_person_that_makes_no_sense_is_not_taken_in(database, count_rows, wrong, pointer, code):
    before = count_rows()
    with pytest.raises(Unprocessable) as refused:
        invite(database, **wrong)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [(pointer, code)]
    assert count_rows() == before


def test_the_database_knows_the_roles_too(database):
    row = {"id": "p", "email": "x@y", "name": "x", "role": "boss", "owners": [], "created_at": utcnow()}
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(Person(**row))


def test_owners_are_read_one_a_line():
    assert PlaceInput.model_validate({"role": "rep", "owners": " ada \r\n\r\nbob\nada"}).owners == ["ada", "bob"]


def test_a_manager_answers_for_everyone_so_owners_are_dropped(database):
    person, _ = invite(database, role="manager")
    assert read(database, person.id).owners == []


def test_an_admin_changes_neither_their_own_role_nor_their_own_access(database):
    """So there is always an admin left."""
    person, _ = invite(database, role="admin")
    self = people.caller_of(person)
    with database.writing() as session:
        found = people.find_person(session, person_id=person.id)
        with pytest.raises(Conflict):
            people.disable(session, person=found, by=self, now=utcnow())
        with pytest.raises(Conflict):
            people.change_place(session, person=found, given=PlaceInput(role="rep", owners=["a"]), by=self)


def test_a_person_acts_with_their_role_and_owners(database):
    person, _ = invite(database)
    caller = people.caller_of(person)
    assert (caller.role, caller.owners, caller.answers_for("bob")) == ("rep", ("ada",), False)


def test_every_change_is_audited_by_ids_alone(database):
    """The chain is whole, and holds neither e-mail nor name nor link."""
    person, token = invite(database, email="ada.canary@example.com", name="Canary")
    use(database, token)
    with database.writing() as session:
        found = people.find_person(session, person_id=person.id)
        people.set_password(session, person=found, password_hash=hash_password("seven quiet herons"), now=utcnow())
        people.change_place(session, person=found, given=PlaceInput(role="manager"), by=COMMAND_LINE)
        people.disable(session, person=found, by=COMMAND_LINE, now=utcnow())
        people.enable(session, person=found, by=COMMAND_LINE)
        people.make_link(session, person=found, by=COMMAND_LINE, now=utcnow())
    with database.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        assert find_break(session) == (len(rows), None)
    assert [row.action for row in rows] == [
        "person.invited", "password.chosen", "password.chosen", "person.changed", "person.disabled", "person.enabled",
        "link.made",
    ]  # fmt: skip
    written = " ".join(f"{row.actor} {row.subject} {row.detail}" for row in rows).lower()
    assert "canary" not in written
    assert token not in written
