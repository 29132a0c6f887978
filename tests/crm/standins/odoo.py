"""Odoo: hangs up after one second and never calls again, so its page has a nightly import beside the hook."""

import csv
import io

from tests.crm.standins.base import Call, Deal, StandIn

_USERS = {"Ada Lind": 7, "Ben Kern": 8}
_KEYS = {True: "yes", False: "no"}


class Odoo(StandIn):
    name = "odoo"
    patience = 1
    deletes = False
    forecasts = False

    def id_of(self, number: int) -> str:
        return str(number)

    def saved(self, deal: Deal) -> Call:
        body = self.posted()
        body |= {
            "_id": deal.number, "name": deal.name, "user_id": _USERS[deal.owner],
            "expected_revenue": float(deal.amount),
            "create_date": _time(deal.created), "write_date": _time(deal.changed), "won_status": _won(deal),
            "date_closed": _time(deal.closed) if deal.closed else False, "active": deal.state != "lost",
            "probability": {"won": 100.0, "lost": 0.0}.get(deal.state, 32.5),
        }  # fmt: skip
        body |= {f"x_{item}": _key(deal.answers.get(item)) or False for item in self.choices}
        return self.call(deal, body)

    def reconcile(self, api, *, work=lambda: None):
        """Export what is there, with the columns of the page, and import it."""
        header = next(csv.reader(io.StringIO(self.page.only("csv")[0].text)))
        out = io.StringIO()
        rows = csv.writer(out)
        rows.writerow([*header, "The deciding person has spoken with us"])
        for deal in self.deals.values():
            answers = [_key(deal.answers.get(item)) for item in ("budget", "standing", "decider_seen")]
            ended = [_time(deal.closed) if deal.closed else "", _won(deal), str(deal.state != "lost").lower()]
            likely = {"won": "100.0", "lost": "0.0"}.get(deal.state, "32.5")
            who = [deal.number, deal.name, deal.owner, deal.account, f"{deal.amount}.00", _time(deal.created)]
            rows.writerow([*who, *ended, likely, deal.reason, *answers])
        run = self.bring_in(api, out.getvalue(), work=work)
        assert (run["state"], run["failed"]) == ("done", 0), run


def _won(deal):
    return deal.state if deal.state in {"won", "lost"} else "pending"


def _key(answer):
    return "" if answer is None else _KEYS.get(answer, answer)


def _time(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S")
