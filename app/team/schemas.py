"""What is said on the team's page."""

from datetime import time
from typing import Annotated, Literal

from app.fields import Input
from app.prospects.schemas import Hours
from app.typed import TypedHours

_Typed = Annotated[Hours, TypedHours]


class StandardHoursForm(Input):
    """What work of each kind takes where nobody logs the hours."""

    call: _Typed
    visit: _Typed
    demo: _Typed
    quote: _Typed
    other: _Typed


class NightlyForm(Input):
    """Whether cards are trained every night, and when, in UTC."""

    retraining: Literal["on", "off"]
    at: time
