"""Closed deals as a large team leaves them: the sample team and its cards, and many deals with all that is kept of one.

The customers are the sample team's, met in large numbers, four to an account; what reps saw, said and did of each is
put into the tables as the service would have left it.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from scipy.special import expit, logit
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.checksheets.tables import Observation
from app.db import Database, utcnow
from app.demo.observing import REPS
from app.demo.service import SHEET, fill_with_sample_team
from app.demo.truth import CHARACTERISTICS, Answer, centred_truth
from app.forecasts.tables import Forecast
from app.prospects.service import new_prospect_row
from app.prospects.tables import EFFORT_KINDS, Effort, OutcomeEntry, Prospect, StageEntry
from app.scorecards.queries import LoadedCard, load_card
from app.scorecards.tables import Activation
from app.scoring.service import log_row, score_columns
from app.scoring.tables import ScoreEntry

Rows = dict[type[Any], list[dict[str, Any]]]
BATCH = 2_000
MACHINES, SOURCES = ("Inline gauge", "Robot cell", "Parts washer"), ("fair", "website", "referral", "distributor", None)
STAGES = ("aware", "informing", "comparing", "priority", "budgeting")
CATEGORIES = ("commit", "best_case", "pipeline", "omitted")
BRIEF = dict.fromkeys(("looks_for", "what_fits", "trust"), "Room for the new series of cages by spring.")


def make_deals(database: Database, deals: int) -> None:
    """Fill an empty database with the sample team and so many more closed deals."""
    now = utcnow()
    fill_with_sample_team(database, now=now)
    with database.reading() as session:
        rows = session.execute(select(Activation).order_by(Activation.activated_at, Activation.id)).scalars().all()
        cards = [(row.activated_at, load_card(session, row.scorecard_id)) for row in rows]
    made = Maker(cards, now, deals)
    for first in range(0, deals, BATCH):
        with database.writing() as session:
            _store(session, made.rows(range(first, min(first + BATCH, deals))))


def _store(session: Session, rows: Rows) -> None:
    connection = session.connection()
    for table, values in rows.items():
        columns = {name for row in values for name in row}
        connection.execute(insert(table.__table__), [dict.fromkeys(columns) | row for row in values])


class Maker:
    """Deals in the order of their numbers, each with its whole history."""

    def __init__(self, cards: Sequence[tuple[datetime, LoadedCard]], now: datetime, deals: int) -> None:
        self.cards, self.now, self.deals = cards, now, deals
        self.out: Rows = {}
        self.truth, self.draw = centred_truth(), np.random.default_rng(0)

    def rows(self, numbers: Sequence[int]) -> Rows:
        """All rows of some deals, by table, prospects first."""
        self.out = defaultdict(list)
        for number in numbers:
            self._deal(number)
        return dict(self.out)

    def _deal(self, number: int) -> None:
        draw = self.draw
        real, owner = draw.normal(), REPS[int(draw.integers(len(REPS)))].external_id
        true = {
            item: one.option(one.loading * real + np.sqrt(1 - one.loading**2) * draw.normal())
            for item, one in CHARACTERISTICS.items()
        }
        chance = self.truth.probability(true)
        days = 20 + 100 * draw.beta(1.7, 1.9)
        room = (self.now - self.cards[0][0]) / timedelta(days=1) - days - 2
        arrived = self.cards[0][0] + timedelta(days=1 + room * draw.random())
        decided = arrived + timedelta(days=days)
        row = new_prospect_row(f"crm-{number}", owner, arrived) | {"id": self._id("pr", arrived)}
        row |= self._fields(number, decided)
        self.out[Prospect].append(row)
        looks = self._looks(row, true, arrived, days)
        self._scores(row, looks, decided)
        self._ending(row, bool(draw.random() < chance), decided)
        self._forecasts(row, chance)
        self._work(row, arrived, days)

    def _id(self, prefix: str, moment: datetime) -> str:
        """Sorts by the time of what it names, as ids do."""
        return f"{prefix}_{int(moment.timestamp() * 1e9):016x}{self.draw.integers(1 << 48):012x}"

    def _fields(self, number: int, decided: datetime) -> dict[str, Any]:
        draw = self.draw
        return {
            "check_sheet": SHEET,
            "name": f"{MACHINES[number % 3]} for line {number}",
            "account": None if number % 20 == 0 else f"Castings {int(draw.integers(max(self.deals // 4, 1)))}",
            "source": SOURCES[int(draw.integers(len(SOURCES)))],
            "amount": int(draw.integers(5_000, 200_000)) if draw.random() < 0.9 else None,
            "currency": "EUR",
            "stage": STAGES[int(draw.integers(len(STAGES)))],
            "brief": BRIEF,
            "decided_at": decided,
        }

    def _at(self, prospect: dict[str, Any], table: type[Any], prefix: str, moment: datetime, **more: Any) -> None:
        self.out[table].append({"id": self._id(prefix, moment), "prospect_id": prospect["id"], **more})

    def _looks(
        self, row: dict[str, Any], true: dict[str, Answer], arrived: datetime, days: float
    ) -> list[tuple[datetime, dict[str, Any]]]:
        """The sheet on its way: each look sees some more; one deal in fifty was only ticked from notes."""
        draw, known, looks = self.draw, {}, []
        from_notes = draw.random() < 0.02
        for share in np.sort(draw.uniform(0.05, 0.9, 1 if from_notes else int(draw.integers(1, 5)))):
            at = arrived + timedelta(days=days * float(share))
            seen: dict[str, Any] = {item: true[item] for item in true if draw.random() < 0.6}
            seen |= {item: "unknown" for item in true if item not in known and draw.random() < 0.05}
            known = known | seen
            kept = {"sheet_version": 1, "answers": seen, "observed_at": at, "evidence": "Said so on the telephone."}
            told = row["decided_at"] + timedelta(hours=1) if from_notes else at
            who = {"observer": REPS[int(draw.integers(len(REPS)))].external_id, "recorded_by": "made up"}
            self._at(row, Observation, "ob", told, recorded_at=told, reconstructed=from_notes, imported=from_notes,
                     **kept, **who)  # fmt: skip
            row["answered_at"] = row["answered_at"] | dict.fromkeys(seen, at.isoformat())
            if not from_notes:
                looks.append((at, known))
        row["answers"] = known
        return looks

    def _scores(self, row: dict[str, Any], looks: list[tuple[datetime, dict[str, Any]]], decided: datetime) -> None:
        """A score whenever the sheet or the card changed; none before the first look."""
        changes = [(at, "observation") for at, _ in looks] + [(at, "card") for at, _ in self.cards if at < decided]
        for at, cause in sorted(changes):
            known = [answers for seen, answers in looks if seen <= at]
            if known:
                columns = score_columns(self._card(at), known[-1])
                entry = log_row(row["id"], columns, cause=cause, now=at)
                self.out[ScoreEntry].append(entry | {"id": self._id("se", at)})
                columns.pop("points")
                row |= columns | {"score_changed_at": at, "score_told_at": at}

    def _card(self, at: datetime) -> LoadedCard:
        return next(card for since, card in reversed(self.cards) if since <= at)

    def _ending(self, row: dict[str, Any], won: bool, decided: datetime) -> None:
        """Most are told once; some are corrected, some reopened first, one in a hundred was no deal."""
        draw = self.draw
        result = "void" if draw.random() < 0.01 else "won" if won else "lost"
        said = [result]
        if draw.random() < 0.01:
            said = ["lost" if result == "won" else "won", result]
        elif draw.random() < 0.005:
            said = [result, "reopened", result]
        told = decided + timedelta(hours=float(draw.exponential(4)))
        for place, one in enumerate(said):
            at = min(told + timedelta(minutes=place), self.now)
            paid = one == "won" and row["amount"]
            money = {"amount": paid, "margin": round(0.3 * paid)} if paid else {}
            self._at(row, OutcomeEntry, "oc", at, result=one, decided_at=at if one == "reopened" else decided,
                     recorded_at=at, recorded_by="made up", currency="EUR", **money)  # fmt: skip
        row |= {"state": result, "closed_at": told, "outcome_id": self.out[OutcomeEntry][-1]["id"], "updated_at": at}

    def _forecasts(self, row: dict[str, Any], chance: float) -> None:
        """Blind ones of most deals after the first look, some revised; the rest informed, or of a CRM's history."""
        draw = self.draw
        if row["score_rank"] == 0 or draw.random() < 0.1:
            return
        scores = [one for one in reversed(self.out[ScoreEntry][-8:]) if one["prospect_id"] == row["id"]]
        first = scores[-1]
        kind = str(draw.choice(["blind", "informed", "imported"], p=[0.85, 0.05, 0.1]))
        said = float(np.round(expit(0.8 * logit(chance) + draw.normal(0.3, 0.7)), 1))
        at = first["scored_at"] + timedelta(minutes=5)
        self._forecast(row, kind, said, first, at)
        left = (row["decided_at"] - at) / timedelta(days=1)
        if kind == "blind" and draw.random() < 0.3:
            later = at + timedelta(days=left * float(draw.random()))
            then = next(one for one in scores if one["scored_at"] <= later)
            self._forecast(row, "revision", float(np.round((said + then["probability"]) / 2, 1)), then, later)
        row["forecast_owner"] = row["owner"]

    def _forecast(self, row: dict[str, Any], kind: str, said: float, score: dict[str, Any], at: datetime) -> None:
        in_category = self.draw.random() < 0.1
        own = {"owner": row["owner"], "by_owner": True, "blind_mode": True, "recorded_by": "made up"}
        what = {"category": CATEGORIES[min(int(4 * (1 - said)), 3)]} if in_category else {"probability": said}
        beside = {"scorecard_id": score["scorecard_id"], "data_probability": score["probability"]}
        locked = min(row["decided_at"] + timedelta(days=1), self.now) if kind == "imported" else at
        self._at(row, Forecast, "fc", locked, kind=kind, made_at=at, locked_at=locked, **own, **what, **beside)

    def _work(self, row: dict[str, Any], arrived: datetime, days: float) -> None:
        """Effort on the way, and the steps the customer took."""
        draw = self.draw
        for share in np.sort(draw.random(int(draw.integers(1, 6)))):
            at = arrived + timedelta(days=days * float(share))
            cost = {"cost": int(draw.integers(20, 400)), "currency": "EUR"} if draw.random() < 0.3 else {}
            self._at(row, Effort, "ef", at, kind=EFFORT_KINDS[int(draw.integers(len(EFFORT_KINDS)))], spent_at=at,
                     hours=int(draw.integers(1, 9)), estimated=bool(draw.random() < 0.3), recorded_at=at,
                     recorded_by="made up", **cost)  # fmt: skip
        for place, share in enumerate(np.sort(draw.random(int(draw.integers(1, 4))))):
            at = arrived + timedelta(days=days * float(share))
            self._at(row, StageEntry, "st", at, stage=STAGES[place], seen_at=at, recorded_at=at, recorded_by="made up")
