"""Webhooks by machine: targets, their deliveries, and sending one again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.accounts.auth import Importer, ImportWriter
from app.db import Reading, Writing, begin
from app.errors import Problem
from app.paging import Cursor, Limit
from app.strict_json import StrictRoute
from app.webhooks import queries, service
from app.webhooks.schemas import (
    DeliveryBody,
    DeliveryPage,
    DeliveryState,
    WebhookBody,
    WebhookInput,
    WebhookPage,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=StrictRoute)
WebhookId = Annotated[str, Path(pattern=r"^wh_[0-9a-z]{1,60}$", description="A webhook's id.", examples=["wh_18eac0"])]
DeliveryId = Annotated[
    str, Path(pattern=r"^dl_[0-9a-z]{1,60}$", description="A delivery's id.", examples=["dl_18eac0"])
]


@router.post("", response_model=WebhookBody, status_code=201, responses={409: {"model": Problem}})
def create_webhook(session: Writing, caller: ImportWriter, given: WebhookInput, request: Request) -> WebhookBody:
    """Have events sent to an address; the answer holds the secret they are signed with, this once.

    Deliveries follow Standard Webhooks: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of
    `type`, `timestamp` and `data`. They come at least once, in no promised order, with the same id at every attempt.
    """
    service.refuse_unseemly(given.url, request.app.state.webhook_rules)  # before the transaction begins
    now = begin(session)
    webhook = service.create_webhook(session, caller=caller, given=given, now=now)
    secret = service.secrets_of(webhook, master=request.app.state.secret, now=now)[0]
    body = queries.describe_webhook(session, webhook)
    return body.model_copy(update={"secret": secret, "request_id": request.state.request_id})


@router.get("", response_model=WebhookPage)
def list_webhooks(session: Reading, caller: Importer, cursor: Cursor = None, limit: Limit = 50) -> WebhookPage:
    """List the webhooks, newest first, with what is the matter with each."""
    return queries.list_webhooks(session, cursor=cursor, limit=limit)


@router.get("/{webhook_id}", response_model=WebhookBody)
def read_webhook(session: Reading, caller: Importer, webhook_id: WebhookId, request: Request) -> WebhookBody:
    """Read one webhook."""
    body = queries.describe_webhook(session, queries.find_webhook(session, webhook_id))
    return body.model_copy(update={"request_id": request.state.request_id})


@router.delete("/{webhook_id}", status_code=204)
def delete_webhook(session: Writing, caller: ImportWriter, webhook_id: WebhookId) -> Response:
    """Send nothing there any more, and forget what was sent."""
    service.delete_webhook(session, caller=caller, webhook_id=webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/secret", response_model=WebhookBody)
def change_secret(session: Writing, caller: ImportWriter, webhook_id: WebhookId, request: Request) -> WebhookBody:
    """Give a webhook another secret; for 24 hours the one before signs beside it."""
    now = begin(session)
    webhook = service.change_secret(session, caller=caller, webhook_id=webhook_id, now=now)
    secret = service.secrets_of(webhook, master=request.app.state.secret, now=now)[0]
    body = queries.describe_webhook(session, webhook)
    return body.model_copy(update={"secret": secret, "request_id": request.state.request_id})


@router.post("/{webhook_id}/pause", response_model=WebhookBody)
def pause_webhook(session: Writing, caller: ImportWriter, webhook_id: WebhookId, request: Request) -> WebhookBody:
    """Send nothing for a while; what happens meanwhile waits."""
    webhook = service.pause(session, caller=caller, webhook_id=webhook_id)
    return queries.describe_webhook(session, webhook).model_copy(update={"request_id": request.state.request_id})


@router.post("/{webhook_id}/enable", response_model=WebhookBody)
def enable_webhook(session: Writing, caller: ImportWriter, webhook_id: WebhookId, request: Request) -> WebhookBody:
    """Send again, after a pause or after the webhook was disabled."""
    webhook = service.enable(session, caller=caller, webhook_id=webhook_id)
    return queries.describe_webhook(session, webhook).model_copy(update={"request_id": request.state.request_id})


@router.post("/{webhook_id}/test", response_model=DeliveryBody, status_code=202)
def test_webhook(session: Writing, caller: ImportWriter, webhook_id: WebhookId, request: Request) -> DeliveryBody:
    """Send a delivery of type `webhook.test`, to see whether it arrives."""
    sent = service.send_test(session, caller=caller, webhook_id=webhook_id, now=begin(session))
    return queries.describe_delivery(sent).model_copy(update={"request_id": request.state.request_id})


@router.get("/{webhook_id}/deliveries", response_model=DeliveryPage)
def list_deliveries(
    session: Reading,
    caller: Importer,
    webhook_id: WebhookId,
    state: Annotated[DeliveryState | None, Query(description="Only those in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """List what was sent to a webhook or is on its way, newest first; kept for 30 days."""
    webhook = queries.find_webhook(session, webhook_id)
    return queries.list_deliveries(session, webhook=webhook, state=state, cursor=cursor, limit=limit)


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay", response_model=DeliveryBody, status_code=202)
def replay_delivery(
    session: Writing, caller: ImportWriter, webhook_id: WebhookId, delivery_id: DeliveryId, request: Request
) -> DeliveryBody:
    """Send a delivery once more, under the same id."""
    again = service.replay(session, caller=caller, webhook_id=webhook_id, delivery_id=delivery_id)
    return queries.describe_delivery(again).model_copy(update={"request_id": request.state.request_id})
