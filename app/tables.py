"""Every table, so that one import knows the whole schema."""

from app.accounts.tables import ApiKey, AuditEntry, OneTimeLink, Person, SignInSession
from app.checksheets.tables import CheckSheet, CheckSheetVersion, Observation
from app.db import Base
from app.prospects.tables import OutcomeEntry, Prospect
from app.scorecards.tables import Activation, ScorecardRow
from app.scoring.tables import ScoreEntry

metadata = Base.metadata

__all__ = [
    "Activation",
    "ApiKey",
    "AuditEntry",
    "CheckSheet",
    "CheckSheetVersion",
    "Observation",
    "OneTimeLink",
    "OutcomeEntry",
    "Person",
    "Prospect",
    "ScoreEntry",
    "ScorecardRow",
    "SignInSession",
    "metadata",
]
