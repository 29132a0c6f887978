"""The frame every page stands in.

How a feature adds a page:

1. In its `pages.py`: `router = page_router()`, included in `app/main.py`; a place of its own goes into `NAVIGATION`.
2. Its context is a frozen dataclass; its template in `templates/<feature>/` extends `base.html` and reads only `page`.
3. GET: a `def` that takes `visitor: AnyVisitor` (`ManagerVisitor`, `AdminVisitor`: who may see it), ends in `render()`.
4. POST: takes `form: Posted` too (which refuses other sites), opens `with database.writing()` inside `try`, shows the
   page again with `form.refused(error)` and status 422 on `Unprocessable`, and ends in `redirect(…, say="Saved.")`.
5. Its row in `tests/contracts/test_page_access.py`; in `tests/browser/` a visit by axe, without script, by keyboard.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.responses import RedirectResponse
from starlette.templating import Jinja2Templates

from app import cookies
from app.cookies import Flash
from app.errors import TITLES, AppError
from app.forms import TOKEN_FIELD, form_token
from app.static_files import static_path

SIGN_IN = "sign_in"
# What machines call; an error there leaves as JSON whatever the Accept header says.
_FOR_MACHINES = ("/v1", "/health", "/metrics", "/openapi", "/static")


class Viewer(Protocol):
    """Who looks at a page, as far as the frame cares."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation: the page's name, and which roles it is for."""

    label: str
    route: str
    roles: tuple[str, ...] = ("rep", "manager", "admin")
    # The few places everybody goes to all day lie in the bar, five at the most; the others in the menu beside it.
    in_bar: bool = False


NAVIGATION = (
    Place("Home", "home", in_bar=True),
    Place("To qualify", "qualify", in_bar=True),
    Place("To pursue", "pursue", in_bar=True),
    Place("Nurture", "nurture", in_bar=True),
    Place("New prospect", "new_prospect"),
    Place("Team", "team", ("manager", "admin")),
    Place("Reports", "reports", ("manager", "admin")),
    Place("Your forecasts", "report_forecasts", ("rep",)),
    Place("Your selling", "report_people", ("rep",)),
    Place("First day", "first_day"),
    Place("Sheets", "check_sheets"),
    Place("Cards", "cards"),
    Place("Import", "imports", ("manager", "admin")),
    Place("Webhooks", "webhooks", ("manager", "admin")),
    Place("Hooks", "hooks", ("manager", "admin")),
    Place("Export", "exports"),
    Place("People", "people", ("admin",)),
    Place("Your account", "account"),
)


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    path: str
    current: bool
    in_bar: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page."""

    viewer: Viewer | None
    navigation: list[Link]
    form_token: str
    flash: Flash | None
    request_id: str


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What a person is told when something does not work."""

    status: int
    title: str
    detail: str
    errors: list[str]
    request_id: str
    prospect: str | None


class SignInRequired(AppError):
    """Nobody is signed in here; a page answers by asking to."""

    status, code = 401, "sign_in_required"

    def __init__(self) -> None:
        super().__init__("Please sign in.")


class PageRoute(APIRoute):
    """A route that answers people: its errors are pages too."""


def page_router() -> APIRouter:
    """A router for pages, which the API's description leaves out."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


def path_to(request: Request, name: str, **params: Any) -> str:
    """The path of a named route; an id in it may hold anything, slashes too."""
    steps = {key: quote(str(value), safe="") for key, value in params.items()}
    shape = _shape_of(request.app, name, *params)
    return f"{request.scope.get('root_path', '')}{shape.format(**steps)}"


@cache
def _shape_of(app: FastAPI, name: str, *params: str) -> str:
    """A route's path with its parameters left open: to find it, the router looks through all of them."""
    return str(app.url_path_for(name, **{param: f"{{{param}}}" for param in params}))


@pass_context
def _path_to(context: Context, name: str, **params: Any) -> str:
    return path_to(context["request"], name, **params)


@cache
def _templates() -> Jinja2Templates:
    environment = Environment(
        loader=PackageLoader("app"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(path_to=_path_to, static=static_path, token_field=TOKEN_FIELD)
    return Jinja2Templates(env=environment)


def render(request: Request, template: str, page: object, *, status: int = 200) -> Response:
    """The page in its frame; tests find `page` and `frame` in `.context`."""
    anonymous = None
    token = form_token(request)
    if token is None:  # whoever is not signed in gets a cookie for the forms, so that no other site can send them
        anonymous = secrets.token_urlsafe(32)
        token = cookies.keyed(request, "form", anonymous)
    frame = _frame(request, token)
    response = _templates().TemplateResponse(request, template, {"page": page, "frame": frame}, status_code=status)
    if anonymous is not None:
        cookies.put(request, response, "form", anonymous)
    if frame.flash is not None:
        cookies.drop(request, response, "flash")
    return response


def render_bare(request: Request, template: str, page: object, *, status: int = 200) -> Response:
    """A page without our frame around it and without a cookie: it is shown within somebody else's."""
    return _templates().TemplateResponse(request, template, {"page": page}, status_code=status)


def _frame(request: Request, token: str) -> Frame:
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    return Frame(
        viewer=viewer,
        navigation=list(_navigation(request, viewer)) if viewer else [],
        form_token=token,
        flash=cookies.read_flash(request),
        request_id=getattr(request.state, "request_id", ""),
    )


def _navigation(request: Request, viewer: Viewer) -> Iterator[Link]:
    here = request.url.path
    for place in NAVIGATION:
        if viewer.role in place.roles:
            path = path_to(request, place.route)
            current = here == path or (path != "/" and here.startswith(f"{path}/"))
            yield Link(place.label, path, current, place.in_bar)


def redirect(request: Request, route: str, *, say: str = "", link: str = "", **params: Any) -> Response:
    """Send the browser to a page of ours after a form, with a message for it."""
    return redirect_to(request, path_to(request, route, **params), say=say, link=link)


def redirect_to(request: Request, path: str, *, say: str = "", link: str = "") -> Response:
    """The same to a path, which must be one of ours."""
    response = RedirectResponse(path, status_code=303)
    if say:
        cookies.put_flash(request, response, Flash(say, link))
    return response


def own_path(path: str) -> str | None:
    """The path, if it leads nowhere but here: no other site may have its visitors sent on by us."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    with suppress(ValueError):
        parts = urlsplit(path)
        if plain and not parts.scheme and not parts.netloc:
            return path
    return None


def wants_page(request: Request) -> bool:
    """Whether an error is to be told a person rather than a machine."""
    if isinstance(request.scope.get("route"), PageRoute):
        return True
    for_machines = request.url.path.startswith(_FOR_MACHINES)
    return not for_machines and "text/html" in request.headers.get("accept", "")


def error_page(request: Request, error: AppError, headers: Mapping[str, str]) -> Response:
    """An error as a page; whoever is not signed in is asked to instead."""
    if isinstance(error, SignInRequired):
        return _ask_to_sign_in(request)
    titles = TITLES | {401: "Not signed in", 404: "Nothing here"}
    detail = _SENTENCES.get(error.status, error.detail) if _is_bare(error) else error.detail
    page = ErrorPage(
        status=error.status,
        title=titles.get(error.status, "That did not work"),
        detail=detail,
        errors=[problem.detail for problem in error.errors] if len(error.errors) > 1 else [],
        request_id=getattr(request.state, "request_id", ""),
        prospect=request.path_params.get("external_id") if error.status in _ABOUT_WHAT_IS_THERE else None,
    )
    response = render(request, "error.html", page, status=error.status)
    response.headers.update({name: value for name, value in headers.items() if name.lower() != "www-authenticate"})
    return response


_ABOUT_WHAT_IS_THERE = {409, 412, 422}
_SENTENCES = {
    404: "There is no page at this address. It may have been mistyped, or what it showed is gone.",
    405: "This page takes no such request. Go back and try again from the page itself.",
    413: "That was more than this page takes.",
}


def _is_bare(error: AppError) -> bool:
    """Whether nobody wrote a sentence for it."""
    return error.detail in {status.phrase for status in HTTPStatus}


def _ask_to_sign_in(request: Request) -> Response:
    path = path_to(request, SIGN_IN)
    # As it was sent: decoded, an id with a slash would lead elsewhere.
    sent: bytes | None = request.scope.get("raw_path")
    here = sent.decode("ascii", "replace").partition("?")[0] if sent else request.url.path
    back = here + (f"?{request.url.query}" if request.url.query else "")
    if request.method == "GET" and back != "/":
        path = f"{path}?{urlencode({'next': back})}"
    response = RedirectResponse(path, status_code=303)
    if cookies.read(request, "session"):
        cookies.drop(request, response, "session")
        cookies.put_flash(request, response, Flash("You have been signed out. Please sign in again."))
    return response


def absolute(request: Request, path: str) -> str:
    """An address to hand over: it begins as the settings say, or as this request's does."""
    base: str | None = request.app.state.base_url
    return f"{base or f'{request.url.scheme}://{request.url.netloc}'}{path}"
