"""Pages: where events go, what became of each, and sending one again."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import ManagerVisitor
from app.db import DatabaseDep, Reading, Writing, begin
from app.errors import AppError, Unprocessable
from app.events.service import EVENT_TYPES
from app.forms import Form, Posted
from app.pages import page_router, redirect, render
from app.paging import Cursor
from app.webhooks import queries, service
from app.webhooks.schemas import DeliveryPage, WebhookBody, WebhookForm, WebhookInput
from app.webhooks.tables import Webhook

router = page_router()
WebhookId = Annotated[str, Path(pattern=r"^wh_[0-9a-z]{1,60}$")]
DeliveryId = Annotated[str, Path(pattern=r"^dl_[0-9a-z]{1,60}$")]
_SHOWN = 20
WORDS = {
    "score.changed": "a score moved, or is shown at last",
    "grade.changed": "a grade moved",
    "scorecard.activated": "another card is in force",
    "prospect.closed": "a prospect was won, lost or voided",
}


@dataclass(frozen=True, slots=True)
class WebhooksPage:
    webhooks: list[WebhookBody]
    form: Form
    words: dict[str, str]


@dataclass(frozen=True, slots=True)
class WebhookPage:
    webhook: WebhookBody
    deliveries: DeliveryPage
    words: dict[str, str]
    secret: str | None = None


@router.get("/webhooks", name="webhooks")
def show_webhooks(request: Request, visitor: ManagerVisitor, session: Reading) -> Response:
    """Where events go."""
    return _list(request, session, Form(dict.fromkeys(EVENT_TYPES, "on")))


def _list(request: Request, session: Session, form: Form, status: int = 200) -> Response:
    found = queries.list_webhooks(session, cursor=None, limit=service.MOST_WEBHOOKS).items
    return render(request, "webhooks/webhooks.html", WebhooksPage(found, form, WORDS), status=status)


@router.post("/webhooks", name="add_webhook")
def add_webhook(request: Request, visitor: ManagerVisitor, form: Posted, database: DatabaseDep) -> Response:
    """Make a target and show its secret, this once."""
    try:
        given = _read(form)
        service.refuse_unseemly(given.url, request.app.state.webhook_rules)
        with database.writing() as session:
            webhook = service.create_webhook(session, caller=visitor.caller, given=given, now=begin(session))
            return _with_secret(request, session, webhook)
    except AppError as refused:
        shown = form.refused(refused) if isinstance(refused, Unprocessable) else Form(form.values, {"": refused.detail})
        with database.reading() as session:
            return _list(request, session, shown, refused.status)


def _read(form: Form) -> WebhookInput:
    events = [kind for kind in EVENT_TYPES if form[kind]]
    if not events:
        raise Unprocessable.field("/events", "missing", "Tick at least one kind of event.")
    said = form.filled_in().read_as(WebhookForm)
    return WebhookInput(events=events, **said.model_dump())


def _with_secret(request: Request, session: Session, webhook: Webhook) -> Response:
    secret = service.secrets_of(webhook, master=request.app.state.secret, now=webhook.secret_changed_at)[0]
    return _one(request, session, webhook, secret=secret)


def _one(
    request: Request, session: Session, webhook: Webhook, *, secret: str | None = None, cursor: str | None = None
) -> Response:
    page = WebhookPage(
        queries.describe_webhook(session, webhook),
        queries.list_deliveries(session, webhook=webhook, state=None, cursor=cursor, limit=_SHOWN),
        WORDS,
        secret,
    )
    return render(request, "webhooks/webhook.html", page)


@router.get("/webhooks/{webhook_id}", name="webhook")
def show_webhook(
    request: Request, webhook_id: WebhookId, visitor: ManagerVisitor, session: Reading, cursor: Cursor = None
) -> Response:
    """One target and what was sent to it."""
    return _one(request, session, queries.find_webhook(session, webhook_id), cursor=cursor)


@router.post("/webhooks/{webhook_id}/secret", name="change_webhook_secret")
def change_secret(
    request: Request, webhook_id: WebhookId, visitor: ManagerVisitor, form: Posted, session: Writing
) -> Response:
    """Show another secret, this once."""
    webhook = service.change_secret(session, caller=visitor.caller, webhook_id=webhook_id, now=begin(session))
    return _with_secret(request, session, webhook)


@router.post("/webhooks/{webhook_id}/test", name="test_webhook_page")
def send_test(
    request: Request, webhook_id: WebhookId, visitor: ManagerVisitor, form: Posted, session: Writing
) -> Response:
    """Put a test delivery on its way."""
    service.send_test(session, caller=visitor.caller, webhook_id=webhook_id, now=begin(session))
    return redirect(request, "webhook", webhook_id=webhook_id, say="A test is on its way; look again in a moment.")


@router.post("/webhooks/{webhook_id}/pause", name="pause_webhook_page")
def pause(request: Request, webhook_id: WebhookId, visitor: ManagerVisitor, form: Posted, session: Writing) -> Response:
    """Let events wait."""
    service.pause(session, caller=visitor.caller, webhook_id=webhook_id)
    return redirect(request, "webhook", webhook_id=webhook_id, say="Nothing is sent for now; what happens waits.")


@router.post("/webhooks/{webhook_id}/enable", name="enable_webhook_page")
def enable(
    request: Request, webhook_id: WebhookId, visitor: ManagerVisitor, form: Posted, session: Writing
) -> Response:
    """Send again."""
    service.enable(session, caller=visitor.caller, webhook_id=webhook_id)
    return redirect(request, "webhook", webhook_id=webhook_id, say="Events are sent there again.")


@router.post("/webhooks/{webhook_id}/delete", name="delete_webhook_page")
def delete(
    request: Request, webhook_id: WebhookId, visitor: ManagerVisitor, form: Posted, session: Writing
) -> Response:
    """Forget a target."""
    service.delete_webhook(session, caller=visitor.caller, webhook_id=webhook_id)
    return redirect(request, "webhooks", say="The webhook is deleted.")


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", name="replay_delivery_page")
def replay(
    request: Request,
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
    visitor: ManagerVisitor,
    form: Posted,
    session: Writing,
) -> Response:
    """Send a delivery once more."""
    service.replay(session, caller=visitor.caller, webhook_id=webhook_id, delivery_id=delivery_id)
    return redirect(request, "webhook", webhook_id=webhook_id, say="It is on its way again; look again in a moment.")
