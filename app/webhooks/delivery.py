"""Delivering: each target by one worker at a time, in a thread of its own, at least once and under the same id.

A worker holds a target by a lease that it renews with every delivery; when it dies, the lease ends and the next one
goes on with whatever has not been noted as delivered. A target that hangs keeps nobody waiting but itself.
"""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import Database, utcnow
from app.errors import Busy
from app.events.tables import DELIVERED, FAILED, WAITING, Delivery
from app.fields import rfc3339
from app.jobs.queries import database_seconds
from app.outgoing import TOTAL_SECONDS, Answer, Refused, Rules, Unreachable, post
from app.settings import Settings
from app.version import VERSION
from app.webhooks.queries import is_delivery_due, is_due
from app.webhooks.service import MOST_WEBHOOKS, disable, secrets_of
from app.webhooks.signing import sign
from app.webhooks.tables import ACTIVE, Webhook

log = structlog.get_logger()
LEASE_SECONDS = TOTAL_SECONDS + 10.0  # over before anybody else would take up what is only slow
# How long after each failed attempt the next one is made; README names them.
WAITS = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
_JITTER = 0.1
_LONGEST_REST = 86_400.0
_LOOK_EVERY = 0.5
_GONE = "The target answered 410 Gone: it wants no more."
_NEVER_THROUGH = "Nothing has got through since {:%-d %b %Y, %H:%M} UTC. The last attempt: {}"


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery as it is sent, and the hold on its target."""

    webhook_id: str
    fence: int
    delivery_id: str
    attempt: int
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an attempt."""

    status: int | None
    error: str | None
    retry_after: float | None = None


def body_of(delivery: Delivery) -> bytes:
    """What is sent, the same bytes at every attempt."""
    return msgspec.json.encode(
        {"type": delivery.type, "timestamp": rfc3339(delivery.occurred_at), "data": delivery.data}
    )


def wait_before(attempt: int, retry_after: float | None = None) -> float | None:
    """Seconds until the attempt after this one, with jitter; None when that was the last."""
    if attempt > len(WAITS):
        return None
    wait = WAITS[attempt - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)
    return max(wait, min(retry_after or 0.0, _LONGEST_REST))


def take(session: Session) -> tuple[str, int] | None:
    """Take a target that something is due for into hand; two workers never have the same."""
    waiting = select(Webhook.id).where(is_due()).order_by(Webhook.lease_until, Webhook.id).limit(1)
    took = (
        update(Webhook)
        .where(Webhook.id == waiting.with_for_update(skip_locked=True).scalar_subquery())
        .values(lease_until=database_seconds() + LEASE_SECONDS, fence=Webhook.fence + 1)
        .returning(Webhook.id, Webhook.fence)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(took).one_or_none()
    return None if row is None else (row.id, row.fence)


def next_message(session: Session, held: tuple[str, int], *, master: str, now: datetime) -> Message | None:
    """The next delivery due to a target in hand, held while it is sent; None lets go of the target."""
    webhook = _held(session, held)
    if webhook is None:
        return None
    clock = session.scalar(select(database_seconds())) or 0.0
    due = (Delivery.subscriber == webhook.id, Delivery.state == WAITING, Delivery.due_at <= clock)
    delivery = session.scalars(select(Delivery).where(*due).order_by(Delivery.due_at, Delivery.id).limit(1)).first()
    if delivery is None or webhook.state != ACTIVE or webhook.rest_until > clock:
        webhook.lease_until = 0.0
        return None
    webhook.lease_until = clock + LEASE_SECONDS
    body = body_of(delivery)
    secrets = secrets_of(webhook, master=master, now=now)
    signed = sign(secrets, message_id=delivery.event_id, timestamp=int(now.timestamp()), body=body)
    headers = signed | {"content-type": "application/json", "user-agent": f"Winnow/{VERSION}"}
    return Message(webhook.id, webhook.fence, delivery.id, delivery.attempts + 1, webhook.url, body, headers)


def _held(session: Session, held: tuple[str, int]) -> Webhook | None:
    query = select(Webhook).where(Webhook.id == held[0], Webhook.fence == held[1])
    return session.scalars(query.with_for_update()).one_or_none()


def let_go(session: Session, held: tuple[str, int]) -> None:
    """Leave a target to the next worker."""
    session.execute(update(Webhook).where(Webhook.id == held[0], Webhook.fence == held[1]).values(lease_until=0.0))


def send(message: Message, rules: Rules) -> Sent:
    """Make one attempt; whatever goes wrong becomes a sentence for the list of deliveries."""
    try:
        answer: Answer = post(message.url, body=message.body, headers=message.headers, rules=rules)
    except (Refused, Unreachable) as error:
        return Sent(None, str(error))
    except Exception:
        log.exception("a delivery failed for an unforeseen reason", delivery=message.delivery_id)
        return Sent(None, "It could not be sent, for a reason that has been logged.")
    if 200 <= answer.status < 300:
        return Sent(answer.status, None)
    said = "It redirects, which is not followed." if 300 <= answer.status < 400 else f"It answered {answer.status}."
    return Sent(answer.status, said, answer.retry_after)


def note(session: Session, message: Message, sent: Sent, *, now: datetime) -> None:
    """Write down what became of an attempt, unless another worker has the target by now."""
    webhook = _held(session, (message.webhook_id, message.fence))
    delivery = session.get(Delivery, message.delivery_id)
    if webhook is None or delivery is None:
        return
    delivery.attempts, delivery.last_attempt_at = message.attempt, now
    delivery.last_status, delivery.last_error = sent.status, sent.error
    if sent.error is None:
        delivery.state, webhook.delivered_at, webhook.failing_since = DELIVERED, now, None
        return
    webhook.failing_since = webhook.failing_since or now
    wait = wait_before(message.attempt, sent.retry_after)
    if sent.status == 410:
        delivery.state = FAILED
        disable(session, webhook, reason=_GONE)
    elif wait is None:
        delivery.state = FAILED
        if webhook.delivered_at is None or webhook.delivered_at < delivery.occurred_at:
            disable(session, webhook, reason=_NEVER_THROUGH.format(webhook.failing_since, sent.error))
    else:
        clock = session.scalar(select(database_seconds())) or 0.0
        delivery.due_at = clock + wait
        if sent.retry_after and sent.status in {429, 503}:
            webhook.rest_until = clock + min(sent.retry_after, _LONGEST_REST)


class Courier:
    """Looks for deliveries that are due and gives each target a thread, until it is told to stop."""

    def __init__(self, database: Database, settings: Settings, stopping: threading.Event) -> None:
        self._database = database
        self._master = settings.secret_key.get_secret_value()
        self._rules = Rules.of(settings.webhook_networks)
        self._stopping = stopping
        self._thread = threading.Thread(target=self._look, name="courier", daemon=True)
        self._busy_at = time.monotonic()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Wait until what is under way has been noted; call it when stopping is set."""
        self._thread.join()

    @property
    def idle_seconds(self) -> float:
        """For how long there has been nothing to deliver."""
        return time.monotonic() - self._busy_at

    def _look(self) -> None:
        with ThreadPoolExecutor(MOST_WEBHOOKS, thread_name_prefix="courier") as targets:
            while not self._stopping.is_set():
                held = None
                with suppress(Busy, SQLAlchemyError):
                    held = self._take()
                if held is None:
                    self._stopping.wait(_LOOK_EVERY)
                else:
                    targets.submit(self.serve, held)

    def _take(self) -> tuple[str, int] | None:
        with self._database.reading() as session:
            if not is_delivery_due(session):
                return None
        with self._database.writing() as session:
            return take(session)

    def serve(self, held: tuple[str, int]) -> None:
        """Send a target what is due to it, one after another."""
        message, sent = None, None
        try:
            while True:
                with self._database.writing() as session:
                    if message is not None and sent is not None:
                        note(session, message, sent, now=utcnow())
                    message = self._next(session, held)
                if message is None:
                    return
                self._busy_at = time.monotonic()
                sent = send(message, self._rules)
        except (Busy, SQLAlchemyError):
            log.exception("a target was let go", webhook=held[0])  # its lease ends, and it is taken up again

    def _next(self, session: Session, held: tuple[str, int]) -> Message | None:
        if self._stopping.is_set():
            let_go(session, held)
            return None
        return next_message(session, held, master=self._master, now=utcnow())
