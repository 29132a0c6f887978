"""What is said on the team's page."""

from datetime import time
from typing import Literal

from app.fields import Input


class NightlyForm(Input):
    """Whether cards are trained every night, and when, in UTC."""

    retraining: Literal["on", "off"]
    at: time
