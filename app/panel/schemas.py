"""Panel links as callers ask for and get them."""

from pydantic import BaseModel, Field

from app.fields import Input, Moment
from app.panel.links import LONGEST_HOURS, USUAL_HOURS


class PanelLinkInput(Input):
    """How long a link is to open."""

    hours: int = Field(
        default=USUAL_HOURS, ge=1, le=LONGEST_HOURS, description="For how many hours it opens; a week unless said."
    )


class PanelLinkReply(BaseModel):
    """A link to a prospect's panel."""

    url: str = Field(
        description="Show it in a frame of your CRM. Whoever has it can look until it expires; it needs no key.",
        examples=["https://winnow.example.com/panel/WyJwcl8xOGVhYjlj…"],
    )
    expires_at: Moment
    request_id: str
