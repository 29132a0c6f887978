"""The sample team can be looked at as a rep, as a manager and as an admin."""

from app.accounts.passwords import check_choice, hash_password, matches
from app.accounts.queries import list_people
from app.db import utcnow
from app.demo.observing import REPS
from app.demo.people import new_password, sample_people, take_in_people


def test_every_rep_has_a_person_who_answers_for_its_prospects():
    owners = {person.email: person.owners for person in sample_people() if person.role == "rep"}
    assert sorted(owners.values()) == sorted([rep.external_id] for rep in REPS)
    assert owners["ada@sample.invalid"] == ["rep-ada"]


def test_there_is_a_manager_and_an_admin():
    assert [person.role for person in sample_people() if person.role != "rep"] == ["manager", "admin"]


def test_the_password_is_another_each_time_and_good_enough_for_everybody():
    password = new_password()
    assert password != new_password()
    for person in sample_people():
        check_choice(password, name=person.name, email=person.email)


def test_everybody_signs_in_with_the_same_password(database):
    password = new_password()
    with database.writing() as session:
        take_in_people(session, password_hash=hash_password(password), now=utcnow())
    with database.reading() as session:
        people = list_people(session)
    assert [matches(password, person.password_hash) for person in people] == [True] * 8
