"""The form that says how a prospect ended: what it starts with, how it is read, and what is said after."""

from datetime import datetime

from app.dossier.schemas import OutcomeForm
from app.dossier.words import OUTCOMES, say_reason
from app.errors import Unprocessable
from app.forms import Form
from app.prospects.schemas import OutcomeInput
from app.prospects.service import OutcomePut
from app.prospects.tables import OutcomeEntry, Prospect

NO_DECISION = "no_decision"
CHOICES = (
    ("won", "Won", "They bought from us."),
    ("lost", "Lost", "They decided, and not for us."),
    (NO_DECISION, "Lost: no decision", "They went silent, or cancelled their project."),
    ("void", "Void", "A duplicate or a test: the record should not exist. Nothing is learnt from it."),
)


def form_of(prospect: Prospect, current: OutcomeEntry | None, *, proposed: str = "") -> Form:
    """The form as it is first shown: what was said before, or nothing yet."""
    if current is None:
        known = [choice for choice, *_ in CHOICES]
        values = {"ended": proposed if proposed in known else "", "currency": prospect.currency or ""}
    else:
        silent = (current.result, current.reason) == ("lost", NO_DECISION)
        values = {
            "ended": NO_DECISION if silent else current.result,
            "decided_at": _day(current.decided_at),
            "amount": "" if current.amount is None else f"{current.amount:.2f}",
            "margin": "" if current.margin is None else f"{current.margin:.2f}",
            "currency": current.currency or "",
            "reason": "" if silent else current.reason or "",
        }
    return Form(values | {"etag": prospect.etag})


def read(form: Form, current: OutcomeEntry | None) -> OutcomeInput:
    """What the form says; a day left as it was keeps its hour."""
    filled = form.filled_in()
    values = dict(filled.values)
    ended = values.pop("ended", "")
    if not ended:
        raise Unprocessable.field("/ended", "missing", "Please choose how it ended.")
    if ended == NO_DECISION and values.get("reason"):
        raise Unprocessable.field(
            "/reason", "two_reasons", "“No decision” is the reason already: leave this empty, or choose Lost."
        )
    if ended == NO_DECISION:
        values["reason"] = NO_DECISION
    if current is not None and values.get("decided_at") == _day(current.decided_at):
        values["decided_at"] = current.decided_at.isoformat()
    return Form(values | {"result": "lost" if ended == NO_DECISION else ended}).read_as(OutcomeForm)


def _day(at: datetime) -> str:
    return at.date().isoformat()


def overtaken(form: Form, prospect: Prospect, current: OutcomeEntry | None) -> Form:
    """The form of somebody who saw an older state: what they typed, and what is there now."""
    there = "it is open" if current is None else f"it says “{describe(current)}”"
    sentence = (
        f"Somebody changed this prospect after you opened this page, so nothing was saved. Now {there}. "
        "Look again, and save if you still mean it."
    )
    return Form({**form.values, "etag": prospect.etag}, {"": sentence})


def describe(entry: OutcomeEntry) -> str:
    """How it ended, in a few words."""
    reason = say_reason(entry.reason)
    return f"{OUTCOMES[entry.result]}, decided {entry.decided_at:%-d %b %Y}" + (f" ({reason})" if reason else "")


def said(done: OutcomePut) -> str:
    """What the next page says."""
    if done.entry is None or not done.applied:
        return "It said just this already."
    return f"{describe(done.entry)}. It can be corrected or reopened here."
