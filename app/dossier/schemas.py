"""What the forms about a prospect send, as people type it."""

from typing import Annotated

from app.prospects.schemas import EffortInput, ExperienceInput, Hours, OutcomeInput
from app.typed import TypedAmount, TypedCurrency, TypedHours, TypedMargin


class EffortForm(EffortInput):
    """Work with its hours and dates."""

    hours: Annotated[Hours | None, TypedHours] = None
    cost: TypedAmount = None
    currency: TypedCurrency = None


class ExperienceForm(ExperienceInput):
    """What happened after the sale."""

    amount: TypedAmount = None
    currency: TypedCurrency = None


class OutcomeForm(OutcomeInput):
    """How it ended."""

    amount: TypedAmount = None
    margin: TypedMargin = None
    currency: TypedCurrency = None
