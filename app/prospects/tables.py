"""Prospects, and every outcome ever said of them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

OPEN, WON, LOST, VOID = "open", "won", "lost", "void"
STATES = (OPEN, WON, LOST, VOID)
REOPENED = "reopened"
EFFORT_KINDS = ("call", "visit", "demo", "quote", "other")
EXPERIENCE_KINDS = ("satisfied", "complained", "returned", "bought_again")


_IS_OPEN = text(f"state = '{OPEN}' AND erased_at IS NULL")
_IS_CLOSED = text(f"state <> '{OPEN}' AND decided_at IS NOT NULL AND erased_at IS NULL")


class Prospect(Base):
    """One selling opportunity, with what is known of it now; the past stands in observations and outcomes."""

    __tablename__ = "prospect"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_prospect_arrival", "arrived_at", "id"),
        Index("ix_prospect_updated", "updated_at", "id"),
        # What moved since a moment, for those who look for themselves.
        Index("ix_prospect_score_told", "score_told_at", "id"),
        Index("ix_prospect_rank", "score_rank", "arrived_at", "id"),
        Index("ix_prospect_owner", "owner", "arrived_at", "id"),
        # The lists of open prospects, in order of arrival: everybody's with what they are filtered by, and an owner's.
        Index(
            "ix_prospect_open",
            *("arrived_at", "id", "owner", "source", "stage", "forecast_owner", "look_again_at"),
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        Index("ix_prospect_open_owner", "owner", "arrived_at", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        # The list of the closed, newest decision first, with what it is filtered by.
        Index(
            "ix_prospect_closed",
            *("decided_at", "id", "owner", "source", "stage"),
            sqlite_where=_IS_CLOSED,
            postgresql_where=_IS_CLOSED,
        ),
        # Reports read so much of every closed deal: on SQLite without its answers and its brief, which lie between. On
        # PostgreSQL, which keeps those apart and has no room for long names in an index, it holds nothing.
        Index(
            "ix_prospect_ended",
            *("check_sheet", "state", "decided_at", "updated_at", "id", "closed_at", "outcome_id", "owner", "source"),
            *("account", "arrived_at", "amount", "currency", "probability", "grade", "scorecard_id"),
            sqlite_where=text(f"state IN ('{WON}', '{LOST}')"),
            postgresql_where=text("false"),
        ),
        Index("ix_prospect_sheet_state", "check_sheet", "state", "decided_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    check_sheet: Mapped[str | None] = mapped_column(ForeignKey("check_sheet.key"))
    name: Mapped[str | None]
    owner: Mapped[str | None]
    account: Mapped[str | None]
    source: Mapped[str | None]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    stage: Mapped[str | None]
    arrived_at: Mapped[datetime]
    expected_close: Mapped[date | None]
    brief: Mapped[dict[str, Any]]
    waiting_for: Mapped[str | None]
    look_again_at: Mapped[datetime | None]

    state: Mapped[str] = mapped_column(default=OPEN)
    decided_at: Mapped[datetime | None]
    # When this closing was first told to us: what is observed after that may be hindsight.
    closed_at: Mapped[datetime | None]
    outcome_id: Mapped[str | None]

    # The merged current answers and the moment each was seen, rebuildable from the observations.
    answers: Mapped[dict[str, Any]]
    answered_at: Mapped[dict[str, Any]]

    score: Mapped[int | None]
    grade: Mapped[str | None]
    probability: Mapped[float | None]
    scorecard_id: Mapped[str | None] = mapped_column(ForeignKey("scorecard.id"))
    score_changed_at: Mapped[datetime | None]
    # The same, in the order of the commits: whoever has seen one of these times misses nothing that moved before it.
    score_told_at: Mapped[datetime | None]
    # The score turned round, 0 where there is none: one plain index then serves "best first, unscored last".
    score_rank: Mapped[int] = mapped_column(default=0)

    # The owner whose first forecast is in; while it is another's, the score is withheld.
    forecast_owner: Mapped[str | None]

    version: Mapped[int] = mapped_column(default=1)
    import_digest: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]

    @property
    def etag(self) -> str:
        """What If-Match must name."""
        return f'"{self.version}"'


class FormerId(Base):
    """An id a prospect had in the CRM before it was renamed or merged; late calls by it still reach the prospect."""

    __tablename__ = "former_id"
    __table_args__ = (Index("ix_former_id_prospect", "prospect_id"),)

    external_id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    renamed_at: Mapped[datetime]


class OutcomeEntry(Base):
    """One thing said about how a prospect ended; the last one counts, none is overwritten."""

    __tablename__ = "outcome"
    __table_args__ = (
        CheckConstraint(f"result IN {(WON, LOST, VOID, REOPENED)}", name="result"),
        Index("ix_outcome_prospect", "prospect_id", "recorded_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    result: Mapped[str]
    decided_at: Mapped[datetime]
    amount: Mapped[Decimal | None]
    margin: Mapped[Decimal | None]
    currency: Mapped[str | None]
    reason: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class StageEntry(Base):
    """A step the customer took on its journey, by the sign it gave."""

    __tablename__ = "stage_entry"
    __table_args__ = (Index("ix_stage_entry_prospect", "prospect_id", "seen_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    stage: Mapped[str]
    sign: Mapped[str | None]
    seen_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class Effort(Base):
    """Work spent on a prospect; hours nobody logged are the team's standard for the kind, and marked."""

    __tablename__ = "effort"
    __table_args__ = (
        CheckConstraint(f"kind IN {EFFORT_KINDS}", name="kind"),
        Index("ix_effort_prospect", "prospect_id", "spent_at", "kind", "recorded_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    kind: Mapped[str]
    hours: Mapped[Decimal]
    estimated: Mapped[bool]
    cost: Mapped[Decimal | None]
    currency: Mapped[str | None]
    by: Mapped[str | None]
    spent_at: Mapped[datetime]
    requested_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class StandardHours(Base):
    """What work of a kind takes by the team's own word, from a moment on; the last row of a kind counts."""

    __tablename__ = "standard_hours"
    __table_args__ = (CheckConstraint(f"kind IN {EFFORT_KINDS}", name="kind"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    hours: Mapped[Decimal]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class Experience(Base):
    """What happened after a won sale."""

    __tablename__ = "experience"
    __table_args__ = (
        CheckConstraint(f"kind IN {EXPERIENCE_KINDS}", name="kind"),
        Index("ix_experience_prospect", "prospect_id", "happened_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    kind: Mapped[str]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    note: Mapped[str | None]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
