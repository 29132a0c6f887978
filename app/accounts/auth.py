"""Who may call a route: a dependency each route states. A key calls the API, a signed-in person looks at pages."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app import cookies
from app.accounts.people import caller_of
from app.accounts.service import Caller, find_caller
from app.accounts.sign_in import Browser, Doorkeeper, find_session, is_due, note_visit
from app.accounts.tables import PERSON_ROLES, ROLES, Person
from app.db import DatabaseDep, utcnow
from app.errors import Forbidden, TooManyRequests, Unauthorized
from app.pages import SignInRequired

bearer = HTTPBearer(auto_error=False, scheme_name="key", description="An API key, wn_<role>_<random>_<checksum>.")


def authenticate(
    request: Request,
    database: DatabaseDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Caller:
    """The caller behind the key; read in a session of its own so that no write waits on it."""
    if credentials is None:
        raise Unauthorized("Send your key as 'Authorization: Bearer wn_…'.")
    with database.reading() as session:
        caller = find_caller(session, key=credentials.credentials, secret=request.app.state.secret)
    request.state.caller = caller
    rate, allowed = request.app.state.request_limit.count(caller.id)
    request.state.rate = rate.headers
    if not allowed:
        raise TooManyRequests(a_minute=rate.a_minute, seconds=rate.seconds)
    return caller


def allow(*roles: str, scope: str) -> Callable[[Caller], Caller]:
    """A dependency that lets these roles in, if their key carries the scope."""

    def check(caller: Annotated[Caller, Depends(authenticate)]) -> Caller:
        if caller.role not in roles:
            raise Forbidden(f"A {caller.role} key may not do this; it takes {' or '.join(roles)}.", code="wrong_role")
        if scope not in caller.scopes:
            raise Forbidden(f"This key lacks the scope '{scope}'.", code="missing_scope")
        return caller

    check.roles, check.scope = roles, scope  # type: ignore[attr-defined]  # the access matrix is tested from these
    return check


Reader = Annotated[Caller, Depends(allow(*ROLES, scope="read"))]
Writer = Annotated[Caller, Depends(allow(*ROLES, scope="write"))]
ManagerReader = Annotated[Caller, Depends(allow("manager", "admin", scope="read"))]
ManagerWriter = Annotated[Caller, Depends(allow("manager", "admin", scope="write"))]
Importer = Annotated[Caller, Depends(allow("integration", "manager", "admin", scope="read"))]
ImportWriter = Annotated[Caller, Depends(allow("integration", "manager", "admin", scope="write"))]
Admin = Annotated[Caller, Depends(allow("admin", scope="write"))]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person, as of this request: what an admin changes counts from the next one on."""

    person: Person
    session_id: str
    caller: Caller

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def role(self) -> str:
        return self.person.role


def get_keeper(request: Request) -> Doorkeeper:
    """What signing in needs, of the running application."""
    keeper: Doorkeeper = request.app.state.keeper
    return keeper


def get_browser(request: Request) -> Browser:
    """Where the request comes from."""
    address = request.client.host if request.client else "nowhere"
    label = browser_label(request.headers.get("user-agent", ""))
    return Browser(address, label, cookies.read(request, "session"))


Keeper = Annotated[Doorkeeper, Depends(get_keeper)]
BrowserDep = Annotated[Browser, Depends(get_browser)]
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox|FxiOS", "Firefox"),
             ("Chrome|CriOS", "Chrome"), ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"),
            ("Linux|X11", "Linux"))  # fmt: skip


def browser_label(user_agent: str) -> str:
    """What a person calls a browser: Firefox on Android."""
    browser, system = (
        next((name for pattern, name in known if re.search(pattern, user_agent)), None)
        for known in (_BROWSERS, _SYSTEMS)
    )
    return f"{browser or 'A browser'} on {system}" if system else browser or "A browser"


def visit(
    request: Request, database: DatabaseDep, keeper: Keeper, browser: BrowserDep, background: BackgroundTasks
) -> Visitor | None:
    """Who is signed in, if anybody; the visit is noted when the answer is out."""
    if browser.token is None:
        return None
    now = utcnow()
    with database.reading() as session:
        found = find_session(session, token=browser.token, limits=keeper.limits, now=now)
    if found is None:
        return None
    seen, person = found
    if is_due(seen, now=now):
        background.add_task(note_visit, database, session_id=seen.id)
    visitor = Visitor(person, seen.id, caller_of(person))
    request.state.viewer = visitor  # the frame shows who it is, on error pages too
    return visitor


AnyoneAtAll = Annotated[Visitor | None, Depends(visit)]


def admit(*roles: str) -> Callable[[Visitor | None], Visitor]:
    """A dependency that lets signed-in people of these roles see a page."""

    def check(visitor: AnyoneAtAll) -> Visitor:
        if visitor is None:
            raise SignInRequired
        if visitor.role not in roles:
            raise Forbidden(f"This page is for {' and '.join(f'{role}s' for role in roles)}.", code="wrong_role")
        return visitor

    check.roles = roles  # type: ignore[attr-defined]  # the access matrix is tested from these
    return check


AnyVisitor = Annotated[Visitor, Depends(admit(*PERSON_ROLES))]
ManagerVisitor = Annotated[Visitor, Depends(admit("manager", "admin"))]
AdminVisitor = Annotated[Visitor, Depends(admit("admin"))]
