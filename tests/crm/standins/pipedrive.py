"""Pipedrive: webhooks of version 2 hang up after 10 seconds, try three more times, and then give up."""

from tests.crm.standins.base import OWNERS, Call, Deal, StandIn

_OPTIONS = {
    "budget": {True: 31, False: 32, "unknown": 33},
    "decider_seen": {True: 34, False: 35, "unknown": 36},
    "standing": {"current": 37, "past": 38, "new": 39},
}
_FIELD = "b1d000000000000000000000000000000000000"


class Pipedrive(StandIn):
    name = "pipedrive"
    patience = 10
    waits = (3, 30, 150)
    forecasts = False

    def id_of(self, number: int) -> str:
        return str(number)

    def saved(self, deal: Deal) -> Call:
        body = self.posted(0)
        answers = {item: _OPTIONS[item].get(deal.answers.get(item)) for item in self.choices}
        body["meta"] |= {"entity_id": self.id_of(deal.number), "timestamp": _time(deal.changed)}
        body["data"] |= {
            "id": deal.number, "title": deal.name, "owner_id": OWNERS[deal.owner], "value": deal.amount,
            "add_time": _time(deal.created), "status": deal.state, "lost_reason": deal.reason or None,
            "close_time": _time(deal.closed) if deal.closed else None,
            "custom_fields": {f"{_FIELD}{place}": option and {"type": "enum", "id": option}
                              for place, option in enumerate(answers.values(), start=1)},
        }  # fmt: skip
        return self.call(deal, body)

    def deleted(self, deal: Deal) -> Call:
        body = self.posted(1)
        body["meta"] |= {"entity_id": self.id_of(deal.number), "timestamp": _time(deal.changed)}
        return self.call(deal, body)


def _time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
