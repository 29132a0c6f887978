"""Salesforce: Apex jobs call out within 10 seconds, and queue themselves again where that failed."""

from tests.crm.standins.base import Call, Deal, StandIn

_WORDS = {
    True: "Yes",
    False: "No",
    "unknown": "Unknown",
    "current": "Current",
    "past": "Past",
    "new": "New",
    None: None,
}


class Salesforce(StandIn):
    name = "salesforce"
    patience = 10
    waits = (60,) * 5

    def id_of(self, number: int) -> str:
        return f"006Qy0000{number:06d}IAB"

    def saved(self, deal: Deal) -> Call:
        """A list of one; the loss reason stands as long as the deal is lost."""
        [body] = self.posted()
        moved = deal.closed or deal.created
        body |= {
            "Id": self.id_of(deal.number), "Name": deal.name, "Amount": float(deal.amount),
            "Owner": {"Name": deal.owner}, "Account": {"Name": deal.account},
            "CreatedDate": _time(deal.created), "LastStageChangeDate": _time(moved),
            "SystemModstamp": _time(deal.changed),
            "IsClosed": deal.state in {"won", "lost"}, "IsWon": deal.state == "won",
            "IsDeleted": deal.state == "deleted", "Loss_Reason__c": deal.reason or None,
        }  # fmt: skip
        body |= {f"wn_{item}__c": _WORDS[deal.answers.get(item)] for item in self.choices}
        return self.call(deal, [body])

    def deleted(self, deal: Deal) -> Call:
        return self.saved(deal)


def _time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
