"""The stand-ins by name."""

from tests.crm.standins.base import StandIn
from tests.crm.standins.dynamics import Dynamics
from tests.crm.standins.hubspot import HubSpot
from tests.crm.standins.odoo import Odoo
from tests.crm.standins.pipedrive import Pipedrive
from tests.crm.standins.salesforce import Salesforce

STANDINS: dict[str, type[StandIn]] = {one.name: one for one in (Salesforce, HubSpot, Dynamics, Pipedrive, Odoo)}
