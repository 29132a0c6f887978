"""Targets on this machine, and a worker that delivers to them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import update

from app.db import Database
from app.events.tables import Delivery
from app.outgoing import Rules
from app.settings import Settings
from app.webhooks.delivery import Courier, take
from app.webhooks.tables import Webhook

HERE = ("127.0.0.0/8",)


class Target:
    """A server of somebody else's: `statuses` are its answers, the last one for ever."""

    def __init__(self) -> None:
        self.statuses, self.headers, self.got = [204], {}, []
        self.before_answer = lambda _count: None
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                target.got.append((dict(self.headers.items()), body))
                target.before_answer(len(target.got))
                answer = target.statuses[0] if len(target.statuses) == 1 else target.statuses.pop(0)
                self.send_response(answer)
                for name, value in target.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/events"

    @property
    def bodies(self) -> list[dict]:
        return [json.loads(body) for _, body in self.got]

    def told(self, kind: str) -> list[dict]:
        """What was told of one kind of event."""
        return [body["data"] for body in self.bodies if body["type"] == kind]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def target() -> Iterator[Target]:
    """A target that takes what it is sent."""
    made = Target()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def here_allowed(app):
    """The setting lets events be sent to this machine."""
    before, app.state.webhook_rules = app.state.webhook_rules, Rules.of(HERE)
    yield
    app.state.webhook_rules = before


@pytest.fixture
def deliver(database: Database, settings: Settings):
    """Deliver what is due, as a worker does, in this thread; `later=True` lets every wait pass first."""
    courier = Courier(database, settings.model_copy(update={"webhook_networks": HERE}), threading.Event())

    def work(*, later: bool = False) -> None:
        if later:
            with database.writing() as session:
                session.execute(update(Delivery).values(due_at=0.0))
                session.execute(update(Webhook).values(rest_until=0.0, lease_until=0.0))
        while True:
            with database.writing() as session:
                held = take(session)
            if held is None:
                return
            courier.serve(held)

    return work


@pytest.fixture
def subscribe(bids_api, target):
    """Subscribe the target: `subscribe("score.changed", sees_withheld=True)`; gives the webhook."""

    def make(*events: str, url: str = "", api=bids_api, **more):
        made = api.post("/v1/webhooks", json={"url": url or target.url, "events": list(events), **more})
        assert made.status_code == 201, made.text
        return made.json()

    return make
