"""Dynamics 365 by Power Automate: rows as OData has them, each code beside its label, two-options codes inverted."""

from typing import ClassVar

from tests.crm.standins.base import Call, Deal, StandIn

LABEL = "@OData.Community.Display.V1.FormattedValue"
_STATES = {"open": (0, "Open", 1, "In Progress"), "won": (1, "Won", 3, "Won"), "lost": (2, "Lost", 5, "Out-Sold")}
_BUDGET = {
    "none": (0, "No Committed Budget"),
    "may_buy": (1, "May Buy"),
    "can_buy": (2, "Can Buy"),
    "will_buy": (3, "Will Buy"),
}
_INVERTED = {True: (False, "Yes"), False: (True, "No")}
_COLUMNS = {
    "budgetstatus": ("budget_status", _BUDGET),
    "confirminterest": ("confirm_interest", _INVERTED),
    "evaluatefit": ("evaluate_fit", _INVERTED),
}


class Dynamics(StandIn):
    name = "dynamics"
    patience = 120
    waits = (7, 14, 28, 56)
    choices: ClassVar = {
        "budget_status": tuple(_BUDGET),
        "confirm_interest": (True, False),
        "evaluate_fit": (True, False),
    }

    def make_sheet(self, api):
        """The import makes it."""

    def id_of(self, number: int) -> str:
        return f"6f1d0000-0000-4000-8000-{number:012d}"

    def saved(self, deal: Deal) -> Call:
        body = self.posted(0)
        state, state_label, status, status_label = _STATES[deal.state]
        body |= {
            "opportunityid": self.id_of(deal.number), "name": deal.name, f"_ownerid_value{LABEL}": deal.owner,
            "estimatedvalue": float(deal.amount), "createdon": _time(deal.created), "modifiedon": _time(deal.changed),
            "actualclosedate": deal.closed.date().isoformat() if deal.closed else None,
            "statecode": state, f"statecode{LABEL}": state_label,
            "statuscode": status, f"statuscode{LABEL}": status_label,
        }  # fmt: skip
        for column, (item, codes) in _COLUMNS.items():
            code, label = codes.get(deal.answers.get(item), (None, None))
            body |= {column: code, f"{column}{LABEL}": label}
        return self.call(deal, body)

    def deleted(self, deal: Deal) -> Call:
        return self.call(
            deal, self.posted(1) | {"opportunityid": self.id_of(deal.number), "modifiedon": _time(deal.changed)}
        )


def _time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
