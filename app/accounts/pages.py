"""Pages: signing in and out, choosing a password, one's own account, and people for admins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response
from sqlalchemy.orm import Session

from app import cookies
from app.accounts import people, queries
from app.accounts import sign_in as signing
from app.accounts.auth import AdminVisitor, AnyoneAtAll, AnyVisitor, BrowserDep, Keeper, Visitor
from app.accounts.passwords import SHORTEST
from app.accounts.people import find_person
from app.accounts.schemas import PersonInput, PlaceInput
from app.accounts.tables import PERSON_ROLES, Person, SignInSession
from app.db import DatabaseDep, Reading, Writing, utcnow
from app.errors import Unprocessable
from app.forms import Form, Posted
from app.pages import absolute, own_path, page_router, path_to, redirect, redirect_to, render

router = page_router()
_ONCE = "Hand this link over yourself; it is shown only now, works once, and whoever has it can sign in:"


@dataclass(frozen=True, slots=True)
class SignInPage:
    form: Form
    is_unencrypted: bool


@dataclass(frozen=True, slots=True)
class ChoosePasswordPage:
    form: Form
    token: str
    person: Person
    shortest: int = SHORTEST


@dataclass(frozen=True, slots=True)
class AccountPage:
    person: Person
    sessions: Sequence[SignInSession]
    this_session: str
    form: Form
    now: datetime
    shortest: int = SHORTEST


@dataclass(frozen=True, slots=True)
class PeoplePage:
    people: Sequence[Person]
    form: Form
    roles: tuple[str, ...] = PERSON_ROLES


@dataclass(frozen=True, slots=True)
class PersonPage:
    person: Person
    sessions: Sequence[SignInSession]
    is_self: bool
    form: Form
    now: datetime
    roles: tuple[str, ...] = PERSON_ROLES


@router.get("/sign-in", name="sign_in")
def show_sign_in(
    request: Request, visitor: AnyoneAtAll, next_path: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """Ask who is there."""
    if visitor is not None:
        return redirect_to(request, own_path(next_path) or path_to(request, "home"))
    return _sign_in_page(request, Form({"next": own_path(next_path) or ""}))


def _sign_in_page(request: Request, form: Form, status: int = 200) -> Response:
    unencrypted = cookies.is_secure(request) and request.url.scheme != "https"
    return render(request, "accounts/sign_in.html", SignInPage(form, unencrypted), status=status)


@router.post("/sign-in", name="sign_in_post")
def sign_in(request: Request, form: Posted, database: DatabaseDep, keeper: Keeper, browser: BrowserDep) -> Response:
    """Open a session and go where the person wanted to."""
    try:
        token = signing.sign_in(database, keeper, email=form["email"], password=form["password"], browser=browser)
    except Unprocessable as refused:
        return _sign_in_page(request, form.refused(refused), 422)
    response = redirect_to(request, own_path(form["next"]) or path_to(request, "home"))
    return _remember(request, response, keeper, token)


def _remember(request: Request, response: Response, keeper: Keeper, token: str) -> Response:
    cookies.put(request, response, "session", token, lasts=keeper.limits.longest)
    cookies.drop(request, response, "form")
    return response


@router.post("/sign-out", name="sign_out")
def sign_out(request: Request, form: Posted, visitor: AnyVisitor, session: Writing) -> Response:
    """End this browser's session."""
    signing.sign_out(session, session_id=visitor.session_id, by=visitor.caller, now=utcnow())
    return _forget(request, redirect(request, "sign_in", say="You are signed out."))


def _forget(request: Request, response: Response) -> Response:
    cookies.drop(request, response, "session")
    return response


@router.get("/choose-password/{token}", name="choose_password")
def show_choose_password(request: Request, token: str, session: Reading) -> Response:
    """Where a one-time link leads; looking at it does not use it up."""
    person = people.find_by_link(session, token=token, now=utcnow())
    return _choose_page(request, Form(), token, person)


def _choose_page(request: Request, form: Form, token: str, person: Person, status: int = 200) -> Response:
    return render(request, "accounts/choose_password.html", ChoosePasswordPage(form, token, person), status=status)


@router.post("/choose-password/{token}", name="choose_password_post")
def choose_password(
    request: Request, token: str, form: Posted, database: DatabaseDep, keeper: Keeper, browser: BrowserDep
) -> Response:
    """Use the link up: the password is set and the person is signed in."""
    try:
        opened = signing.choose_password(
            database, keeper, token=token, password=form["password"], repeated=form["repeated"], browser=browser
        )
    except Unprocessable as refused:
        with database.reading() as session:
            person = people.find_by_link(session, token=token, now=utcnow())
        return _choose_page(request, form.refused(refused), token, person, 422)
    return _remember(request, redirect(request, "home", say="Your password is set. Welcome."), keeper, opened)


@router.get("/account", name="account")
def show_account(request: Request, visitor: AnyVisitor, session: Reading, keeper: Keeper) -> Response:
    """Who one is here, and where one is signed in."""
    return _account_page(request, session, visitor, keeper, Form())


def _account_page(
    request: Request, session: Session, visitor: Visitor, keeper: Keeper, form: Form, status: int = 200
) -> Response:
    now = utcnow()
    sessions = queries.list_sessions(session, person=visitor.person, limits=keeper.limits, now=now)
    page = AccountPage(visitor.person, sessions, visitor.session_id, form, now)
    return render(request, "accounts/account.html", page, status=status)


@router.post("/account/password", name="change_password")
def change_password(
    request: Request, form: Posted, visitor: AnyVisitor, database: DatabaseDep, keeper: Keeper, browser: BrowserDep
) -> Response:
    """Set another password; every other browser is signed out."""
    try:
        token = signing.change_password(
            database,
            keeper,
            person=visitor.person,
            current=form["current"],
            password=form["password"],
            repeated=form["repeated"],
            browser=browser,
        )
    except Unprocessable as refused:
        with database.reading() as session:
            return _account_page(request, session, visitor, keeper, form.refused(refused), 422)
    said = "Your password is changed. Everywhere else you are signed out."
    return _remember(request, redirect(request, "account", say=said), keeper, token)


@router.post("/account/sign-out-everywhere", name="sign_out_everywhere")
def sign_out_everywhere(request: Request, form: Posted, visitor: AnyVisitor, session: Writing) -> Response:
    """End every session of one's own, this one too."""
    signing.sign_out_everywhere(session, by=visitor.caller, now=utcnow())
    return _forget(request, redirect(request, "sign_in", say="You are signed out everywhere."))


@router.get("/people", name="people")
def show_people(request: Request, visitor: AdminVisitor, session: Reading) -> Response:
    """Everybody, and a form to invite one more."""
    return _people_page(request, session, Form({"role": "rep"}))


def _people_page(request: Request, session: Session, form: Form, status: int = 200) -> Response:
    return render(request, "accounts/people.html", PeoplePage(queries.list_people(session), form), status=status)


@router.post("/people", name="invite")
def invite(request: Request, form: Posted, visitor: AdminVisitor, database: DatabaseDep) -> Response:
    """Take somebody in; the link to hand over is shown once."""
    try:
        given = form.read_as(PersonInput)
        with database.writing() as session:
            person, token = people.invite(session, given=given, by=visitor.caller, now=utcnow())
    except Unprocessable as refused:
        with database.reading() as session:
            return _people_page(request, session, form.refused(refused), 422)
    return _hand_over(request, person, token, f"{person.name} is invited.")


def _hand_over(request: Request, person: Person, token: str, said: str) -> Response:
    link = absolute(request, path_to(request, "choose_password", token=token))
    said = f"{said} {_ONCE}"
    return redirect(request, "person", person_id=person.id, say=said, link=link)


@router.get("/people/{person_id}", name="person")
def show_person(request: Request, person_id: str, visitor: AdminVisitor, session: Reading, keeper: Keeper) -> Response:
    """One person, and what an admin may do for them."""
    person = find_person(session, person_id=person_id)
    form = Form({"role": person.role, "owners": "\n".join(person.owners)})
    return _person_page(request, session, visitor, keeper, person, form)


def _person_page(
    request: Request, session: Session, visitor: Visitor, keeper: Keeper, person: Person, form: Form, status: int = 200
) -> Response:
    now = utcnow()
    sessions = queries.list_sessions(session, person=person, limits=keeper.limits, now=now)
    page = PersonPage(person, sessions, person.id == visitor.person.id, form, now)
    return render(request, "accounts/person.html", page, status=status)


@router.post("/people/{person_id}", name="change_person")
def change_person(
    request: Request, person_id: str, form: Posted, visitor: AdminVisitor, database: DatabaseDep, keeper: Keeper
) -> Response:
    """Give a person another role or other owners."""
    try:
        given = form.read_as(PlaceInput)
        with database.writing() as session:
            person = find_person(session, person_id=person_id)
            people.change_place(session, person=person, given=given, by=visitor.caller)
    except Unprocessable as refused:
        with database.reading() as session:
            person = find_person(session, person_id=person_id)
            return _person_page(request, session, visitor, keeper, person, form.refused(refused), 422)
    return redirect(request, "person", person_id=person_id, say=f"Saved. It counts from {person.name}'s next click on.")


@router.post("/people/{person_id}/link", name="make_link")
def make_link(request: Request, person_id: str, form: Posted, visitor: AdminVisitor, session: Writing) -> Response:
    """A new link for whoever forgot the password or lost the invitation."""
    person = find_person(session, person_id=person_id)
    token = people.make_link(session, person=person, by=visitor.caller, now=utcnow())
    return _hand_over(request, person, token, f"Here is a new link for {person.name}. Older ones no longer work.")


@router.post("/people/{person_id}/disable", name="disable_person")
def disable_person(request: Request, person_id: str, form: Posted, visitor: AdminVisitor, session: Writing) -> Response:
    """End a person's access at once."""
    person = find_person(session, person_id=person_id)
    people.disable(session, person=person, by=visitor.caller, now=utcnow())
    return redirect(request, "person", person_id=person_id, say=f"{person.name} can no longer sign in.")


@router.post("/people/{person_id}/enable", name="enable_person")
def enable_person(request: Request, person_id: str, form: Posted, visitor: AdminVisitor, session: Writing) -> Response:
    """Let a person in again."""
    person = find_person(session, person_id=person_id)
    people.enable(session, person=person, by=visitor.caller)
    return redirect(request, "person", person_id=person_id, say=f"{person.name} can sign in again.")
