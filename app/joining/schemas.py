"""What callers say when a record of their CRM got another id, or two became one."""

from pydantic import Field

from app.fields import Input
from app.prospects.schemas import ExternalId


class RenameInput(Input):
    """The id a prospect has from now on."""

    to: ExternalId = Field(description="Your own new id of the prospect.", examples=["opp-77"])


class MergeInput(Input):
    """The record that turned out to be the same."""

    duplicate: ExternalId = Field(description="Your own id of the record that goes.", examples=["crm-1043"])
