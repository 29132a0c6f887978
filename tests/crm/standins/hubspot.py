"""HubSpot: workflows sign with version 2, event webhooks with version 3 and in batches; both try again for long.

Every value is a text, `"true"` too; times are milliseconds.
"""

import base64
import hashlib
import hmac
import time

from tests.crm.standins.base import OWNERS, Call, Deal, StandIn

SECRET = "the client secret of an app, for tests"
_WORKFLOW, _EVENTS = 0, 1
_MOST_EVENTS = 100


class HubSpot(StandIn):
    name = "hubspot"
    patience = 30
    waits = (60, 120, 240, 480, 600, 600)  # for three days

    def id_of(self, number: int) -> str:
        return str(18_000_000 + number)

    def saved(self, deal: Deal) -> Call:
        body = self.posted(_WORKFLOW)
        closed = deal.state in {"won", "lost"}
        body |= {
            "hs_object_id": self.id_of(deal.number), "dealname": deal.name, "hubspot_owner_id": str(OWNERS[deal.owner]),
            "amount": str(deal.amount), "createdate": _ms(deal.created), "hs_lastmodifieddate": _ms(deal.changed),
            "hs_is_closed": _text(closed), "hs_is_closed_won": _text(deal.state == "won"),
            "closed_lost_reason": deal.reason or None,
        }  # fmt: skip
        if deal.closed is not None:
            body["closedate"] = _ms(deal.closed)
        body |= {f"wn_{item}": _text(deal.answers.get(item)) for item in self.choices}
        return self.call(deal, body, hook=_WORKFLOW)

    def deleted(self, deal: Deal) -> Call:
        [event] = self.posted(_EVENTS)
        told = {"eventId": deal.number, "objectId": int(self.id_of(deal.number)), "occurredAt": _ms(deal.changed)}
        return self.call(deal, [event | told], hook=_EVENTS)

    def day(self, seed: int, *, deals: int = 6) -> list[Call]:
        """The events of a day come in batches, when there are some of them."""
        calls = super().day(seed, deals=deals)
        events = [call for call in calls if call.hook == _EVENTS]
        batches = [events[start : start + _MOST_EVENTS] for start in range(0, len(events), _MOST_EVENTS)]
        joined = [
            Call(batch[-1].at, b"[%s]" % b",".join(one.body[1:-1] for one in batch), _EVENTS) for batch in batches
        ]
        return sorted([call for call in calls if call.hook != _EVENTS] + joined, key=lambda call: call.at)

    def signed(self, call: Call, url: str) -> dict[str, str]:
        if call.path:
            return {}
        return v2(url, call.body) if call.hook == _WORKFLOW else v3(url, call.body)

    def again(self, status, tries):
        """Nothing that was refused is sent again, but what came too often."""
        return None if status in {400, 401, 403, 405} else super().again(status, tries)


def v2(url: str, body: bytes) -> dict[str, str]:
    """SHA-256 over secret, method, address and body."""
    made = hashlib.sha256(f"{SECRET}POST{url}".encode() + body).hexdigest()
    return {"X-HubSpot-Signature": made, "X-HubSpot-Signature-Version": "v2"}


def v3(url: str, body: bytes) -> dict[str, str]:
    """HMAC-SHA256 over method, address, body and time."""
    sent = str(int(time.time() * 1000))
    made = hmac.new(SECRET.encode(), b"POST" + url.encode() + body + sent.encode(), hashlib.sha256).digest()
    return {"X-HubSpot-Signature-v3": base64.b64encode(made).decode(), "X-HubSpot-Request-Timestamp": sent}


def _ms(moment):
    return int(moment.timestamp() * 1000)


def _text(value):
    return "" if value is None else str(value).lower()
