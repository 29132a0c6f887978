"""Every table, so that one import knows the whole schema."""

from app.accounts.tables import ApiKey, AuditEntry, BlindMode, OneTimeLink, Person, SignInSession
from app.checksheets.tables import Belief, CheckSheet, CheckSheetVersion, Observation
from app.db import Base
from app.events.tables import Delivery, Subscription
from app.exchange.tables import BadImportRow, ImportRun, UploadPart
from app.forecasts.tables import Forecast
from app.hooks.tables import Hook, Received
from app.jobs.tables import Job, Schedule
from app.prospects.tables import Effort, Experience, FormerId, OutcomeEntry, Prospect, StageEntry
from app.repeating.tables import KeptAnswer
from app.reports.surprises.tables import ReviewNote
from app.scorecards.tables import Activation, ScorecardRow
from app.scoring.tables import ScoreEntry
from app.webhooks.tables import Webhook

metadata = Base.metadata

__all__ = [
    "Activation",
    "ApiKey",
    "AuditEntry",
    "BadImportRow",
    "Belief",
    "BlindMode",
    "CheckSheet",
    "CheckSheetVersion",
    "Delivery",
    "Effort",
    "Experience",
    "Forecast",
    "FormerId",
    "Hook",
    "ImportRun",
    "Job",
    "KeptAnswer",
    "Observation",
    "OneTimeLink",
    "OutcomeEntry",
    "Person",
    "Prospect",
    "Received",
    "ReviewNote",
    "Schedule",
    "ScoreEntry",
    "ScorecardRow",
    "SignInSession",
    "StageEntry",
    "Subscription",
    "UploadPart",
    "Webhook",
    "metadata",
]
