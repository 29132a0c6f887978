"""Who may call a route: a dependency each route states."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.accounts.service import Caller, find_caller
from app.accounts.tables import ROLES
from app.db import DatabaseDep
from app.errors import Forbidden, Unauthorized

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
        return find_caller(session, key=credentials.credentials, secret=request.app.state.secret)


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
Admin = Annotated[Caller, Depends(allow("admin", scope="write"))]
