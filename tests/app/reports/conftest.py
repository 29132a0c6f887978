"""A team's past for reports to tell of: every call at its own time, on the sheet `bids` with its card of beliefs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from app.accounts.service import COMMAND_LINE
from app.checksheets.schemas import ObservationInput, SheetInput
from app.db import Database, utcnow
from app.forecasts.schemas import ForecastInput
from app.forecasts.service import lock_forecast
from app.prospects.activity import record_effort, record_stage
from app.prospects.queries import find_prospect
from app.prospects.schemas import EffortInput, OutcomeInput, StageInput
from app.scoring.schemas import UpsertInput
from app.scoring.service import close, observe, upsert
from app.training.service import save_sheet
from tests.builders import sheet
from tests.deals import write_deals

DAYS = 200


@dataclass
class Past:
    """What happened `day` days after the sheet was written."""

    database: Database
    began: datetime

    def at(self, day: float) -> datetime:
        """The moment of a day."""
        return self.began + timedelta(days=day)

    def arrive(self, prospect: str, day: float, **fields: Any) -> None:
        """A prospect comes in, with answers where `answers` is given."""
        given = UpsertInput.model_validate({"check_sheet": "bids", "owner": "ada"} | fields)
        with self.database.writing() as session:
            upsert(session, caller=COMMAND_LINE, external_id=prospect, given=given, if_match=None, now=self.at(day))

    def see(self, prospect: str, day: float, *, observer: str | None = None, **answers: Any) -> None:
        """Something is observed."""
        given = ObservationInput(answers=answers, observed_at=self.at(day), observer=observer)
        with self.database.writing() as session:
            observe(session, caller=COMMAND_LINE, external_id=prospect, given=given, now=self.at(day))

    def say(self, prospect: str, day: float, probability: float) -> None:
        """Its owner says how likely it is to buy."""
        given = ForecastInput(probability=probability)
        with self.database.writing() as session:
            lock_forecast(session, caller=COMMAND_LINE, external_id=prospect, given=given, now=self.at(day))

    def end(
        self, prospect: str, day: float, result: str, *, corrects: bool = False, told: float = 0, **more: Any
    ) -> None:
        """A prospect is decided, and that is told `told` days later."""
        given = OutcomeInput.model_validate({"result": result, "decided_at": self.at(day), **more})
        with self.database.writing() as session:
            close(
                session,
                caller=COMMAND_LINE,
                external_id=prospect,
                outcome=given,
                if_match="*" if corrects else None,
                now=self.at(day + told),
            )

    def spend(self, prospect: str, day: float, kind: str, **more: Any) -> None:
        """Work is done for a prospect."""
        given = EffortInput.model_validate({"kind": kind, "spent_at": self.at(day), **more})
        self._note(prospect, lambda session, found: record_effort(
            session, caller=COMMAND_LINE, prospect=found, given=given, now=self.at(day)))  # fmt: skip

    def step(self, prospect: str, day: float, stage: str) -> None:
        """The customer takes a step."""
        given = StageInput(stage=stage, seen_at=self.at(day))
        self._note(prospect, lambda session, found: record_stage(
            session, caller=COMMAND_LINE, prospect=found, given=given, now=self.at(day)))  # fmt: skip

    def _note(self, prospect: str, note: Callable[[Session, Any], object]) -> None:
        with self.database.writing() as session:
            note(session, find_prospect(session, caller=COMMAND_LINE, external_id=prospect, lock=True))

    def deal(self, prospect: str, day: float, result: str, *, ends: float = 5, **fields: Any) -> None:
        """A prospect from arrival to outcome; `answers` are seen on the day it arrives."""
        answers = fields.pop("answers", {})
        amounts = {key: fields.pop(key) for key in ("margin",) if key in fields}
        self.arrive(prospect, day, arrived_at=self.at(day), **fields)
        if answers:
            self.see(prospect, day + 0.5, **answers)
        self.end(prospect, day + ends, result, **amounts)


@pytest.fixture
def past(app: FastAPI, database: Database) -> Past:
    """A team that wrote the sheet `bids` two hundred days ago."""
    began = utcnow() - timedelta(days=DAYS)
    with database.writing() as session:
        given = SheetInput.model_validate(sheet(grade_steps=None))
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=True, now=began)
    return Past(database, began)


@pytest.fixture
def forty(past: Past) -> Past:
    """Forty deals: with budget 15 of 20 were won, without it 5 of 20."""
    return _with_deals(past, 40)


@pytest.fixture
def eighty(past: Past) -> Past:
    """Twice as many: with budget 30 of 40 were won, without it 10 of 40."""
    return _with_deals(past, 80)


def _with_deals(past: Past, count: int) -> Past:
    for number in range(count):
        budget = number % 2 == 0
        won = (number % 8 != 0) if budget else (number % 8 == 1)
        past.deal(
            f"deal-{number}", 1 + number, "won" if won else "lost", answers={"budget": budget, "tender": not budget}
        )
    return past


@pytest.fixture
def keep_deals(database: Database, data_card: Callable[[], str]) -> Callable[..., list[str]]:
    """Write closed deals with forecasts; without `scored` there was no card when they were made."""
    card: list[str] = []

    def keep(deals: Sequence[dict[str, Any]], *, prefix: str = "deal", scored: bool = True) -> list[str]:
        card.extend([] if card else [data_card()])
        return write_deals(database, deals, card=card[0] if scored else None, prefix=prefix)

    return keep
