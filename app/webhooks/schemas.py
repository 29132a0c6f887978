"""What callers send and get of webhooks and deliveries."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from app.events.service import EventType
from app.fields import Input, Moment, Text
from app.outgoing import LONGEST_URL

Url = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL, strip_whitespace=True)]
State = Literal["active", "paused", "disabled"]
DeliveryState = Literal["waiting", "delivered", "failed"]


class WebhookForm(Input):
    """Where events are to be sent."""

    url: Url = Field(
        description="An https address that answers 2xx; it must be public and must not redirect.",
        examples=["https://hooks.example.com/winnow"],
    )
    description: Text | None = Field(default=None, description="For people: whose it is.", examples=["our CRM"])


class WebhookInput(WebhookForm):
    """Where events are to be sent, and which."""

    events: list[EventType] = Field(
        min_length=1, max_length=10, description="What to be told of.", examples=[["score.changed", "prospect.closed"]]
    )
    sees_withheld: bool = Field(
        default=False,
        description="Also send scores that are withheld until their owner's forecast; "
        "only who sees them may ask for that.",
    )


class WebhookBody(BaseModel):
    """A target of events."""

    id: str = Field(examples=["wh_18eac0245389f207341f3bd0eb0f"])
    url: str = Field(description="Where events are sent.")
    events: list[EventType] = Field(description="What it is told of.")
    description: str | None = Field(description="For people: whose it is.")
    sees_withheld: bool = Field(description="Whether scores that await a forecast are sent there too.")
    state: State = Field(description="`paused`: events wait; `disabled`: events are not kept for it.")
    disabled_reason: str | None = Field(description="Why nothing is sent there any more.")
    old_secret_until: Moment | None = Field(description="Until when the secret before the present one signs too.")
    failing_since: Moment | None = Field(description="Since when nothing got through.")
    delivered_at: Moment | None = Field(description="When something got through last.")
    waiting: int = Field(description="Deliveries on their way.")
    created_at: Moment
    secret: str | None = Field(
        default=None,
        description="What deliveries are signed with; shown only when it is made.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    request_id: str | None = None


class WebhookPage(BaseModel):
    """The targets there are."""

    items: list[WebhookBody]
    next: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class DeliveryBody(BaseModel):
    """One event on its way to one target."""

    id: str = Field(examples=["dl_18eac0245389f207341f3bd0eb0f"])
    event_id: str = Field(description="What goes as `webhook-id`, the same at every attempt.")
    type: str = Field(description="The kind of event.", examples=["score.changed"])
    data: dict[str, Any] = Field(description="What is told.")
    occurred_at: Moment = Field(description="When it happened.")
    state: DeliveryState = Field(description="`failed`: given up.")
    attempts: int = Field(description="How often it was tried.")
    next_attempt_at: Moment | None = Field(description="While it waits: when it is tried again.")
    last_attempt_at: Moment | None = Field(description="When it was tried last.")
    last_status: int | None = Field(description="The HTTP status of the last answer.")
    last_error: str | None = Field(description="Why the last attempt failed, as a sentence.")
    request_id: str | None = None


class DeliveryPage(BaseModel):
    """One page of deliveries, newest first."""

    items: list[DeliveryBody]
    next: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")
