"""What callers send and get of inbound hooks."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.fields import Input, Moment, Name

Preset = Literal["salesforce", "hubspot", "dynamics", "pipedrive", "odoo"]
ReceivedState = Literal["waiting", "done", "ignored", "failed"]
_MAPPING = (
    "How to read what is posted: as a mapping file of imports, where a column is the path of a value, as in "
    "`data.title`. With a preset it says what the preset leaves open, `check_sheet` and `items` above all."
)


class HookInput(Input):
    """An address for a program that can only post what it has."""

    name: Name = Field(description="For people: which program posts here.", examples=["Odoo, deals"])
    preset: Preset | None = Field(default=None, description="A mapping that is there already.")
    mapping: dict[str, Any] = Field(
        description=_MAPPING,
        examples=[
            {
                "check_sheet": {"key": "bids"},
                "items": {"budget": {"column": "x_budget", "kind": "yes_no"}},
            }
        ],
    )
    signed_by: Literal["hubspot"] | None = Field(
        default=None, description="Take only what carries HubSpot's signature, version 2 or 3."
    )


class MappingInput(Input):
    """Another way to read what is posted."""

    preset: Preset | None = Field(default=None, description="A mapping that is there already.")
    mapping: dict[str, Any] = Field(description=_MAPPING)


class HookBody(BaseModel):
    """An inbound hook."""

    id: str = Field(examples=["hk_18eac0245389f207341f3bd0eb0f"])
    name: str
    mapping: dict[str, Any] = Field(description="How what is posted is read.")
    signed_by: Literal["hubspot"] | None = Field(description="Whose signature a call must carry.")
    waiting: int = Field(description="Records that came in and are still to be read.")
    failed: int = Field(description="Records that were not understood, kept for 30 days.")
    done: int = Field(description="Records that had their effect, of the last 30 days.")
    ignored: int = Field(
        description="Records that were not meant for Winnow, or said nothing new, of the last 30 days."
    )
    last_ignored: str | None = Field(
        description="Why the last of them was ignored, but for what was merely said before.",
        examples=["It is not of the kind this hook is for: '_model' is 'res.partner', not 'crm.lead'."],
    )
    received_at: Moment | None = Field(description="When something came in last; null where nothing did.")
    created_at: Moment
    path: str | None = Field(
        default=None, description="Where to post, secret and all; shown only when it is made.", examples=["/v1/hooks/…"]
    )
    request_id: str | None = None


class HookPage(BaseModel):
    """The hooks there are, newest first."""

    items: list[HookBody]
    next: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class ReceivedBody(BaseModel):
    """One record that came in."""

    id: str = Field(examples=["rv_18eac0245389f207341f3bd0eb0f"])
    state: ReceivedState = Field(description="`ignored`: not meant for Winnow, or said before; `failed`: see `reason`.")
    reason: str | None = Field(description="Why it had no effect, as a sentence.")
    external_id: str | None = Field(description="The prospect it tells of, once that is known.")
    body: str | None = Field(description="What came, as text; null once it has had its effect.")
    received_at: Moment = Field(description="When it came in.")
    processed_at: Moment | None = Field(description="When it was read.")
    request_id: str | None = None


class ReceivedPage(BaseModel):
    """One page of what came in, newest first."""

    items: list[ReceivedBody]
    next: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class Taken(BaseModel):
    """What was posted is kept, whatever comes of it."""

    received: list[str] = Field(description="Ids of the records that came in.")
    request_id: str


class Replayed(BaseModel):
    """Records that are read once more."""

    replayed: int = Field(description="How many records are read again.")
    request_id: str
