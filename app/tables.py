"""Every table, so that one import knows the whole schema."""

from app.accounts.tables import ApiKey, AuditEntry, BlindMode, OneTimeLink, Person, SignInSession
from app.checksheets.tables import Belief, CheckSheet, CheckSheetVersion, Observation
from app.db import Base
from app.exchange.tables import BadImportRow, ImportRun, UploadPart
from app.forecasts.tables import Forecast
from app.jobs.tables import Job
from app.prospects.tables import Effort, Experience, FormerId, OutcomeEntry, Prospect, StageEntry
from app.repeating.tables import KeptAnswer
from app.reports.surprises.tables import ReviewNote
from app.scorecards.tables import Activation, ScorecardRow
from app.scoring.tables import ScoreEntry

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
    "Effort",
    "Experience",
    "Forecast",
    "FormerId",
    "ImportRun",
    "Job",
    "KeptAnswer",
    "Observation",
    "OneTimeLink",
    "OutcomeEntry",
    "Person",
    "Prospect",
    "ReviewNote",
    "ScoreEntry",
    "ScorecardRow",
    "SignInSession",
    "StageEntry",
    "UploadPart",
    "metadata",
]
