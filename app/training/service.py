"""Making cards: from beliefs when a sheet is written, from outcomes when asked, and putting them in force."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from threadpoolctl import threadpool_limits

from app.accounts import audit
from app.accounts.service import Caller
from app.checksheets.answers import Sheet
from app.checksheets.beliefs import together, with_beliefs
from app.checksheets.queries import choose_sheet, load_sheet
from app.checksheets.schemas import SheetInput
from app.checksheets.service import SheetPut, put_sheet
from app.checksheets.tables import CheckSheet
from app.db import Database, begin
from app.errors import Conflict, Unprocessable
from app.scorecards.queries import card_in_force, find_card, load_card, was_in_force
from app.scorecards.service import put_in_force, store_card
from app.scorecards.tables import ScorecardRow
from app.scoring.service import rescore_open
from app.training.dataset import load_dataset, model_items
from app.training.schemas import TrainInput
from models.errors import NoBeliefs, NoCardYet
from models.evaluation import Gate, gate
from models.learning import Options, belief_scorecard, learn_scorecard
from models.scorecard import Scorecard

NO_DATA = "none"


def save_sheet(session: Session, *, caller: Caller, given: SheetInput, only_new: bool, now: datetime) -> SheetPut:
    """Store a check sheet, and let its beliefs score until outcomes do."""
    put = put_sheet(session, caller=caller, sheet=given, only_new=only_new, now=now)
    if put.changed and _beliefs_still_score(session, put.sheet.key):
        _score_by_beliefs(session, caller, put.sheet, now)
    return put


class SheetChanged(Conflict):
    """Somebody saved another version since this one was opened."""

    code = "sheet_changed"

    def __init__(self, latest: Sheet) -> None:
        super().__init__(
            f"Version {latest.version} of the sheet was saved meanwhile; look at it before you save yours."
        )
        self.latest = latest


def revise_sheet(session: Session, *, caller: Caller, given: SheetInput, opened: int, now: datetime) -> SheetPut:
    """Save what was made of one version of a sheet, if that is still the latest."""
    session.get_one(CheckSheet, given.key, with_for_update=True)
    latest = load_sheet(session, given.key)
    if latest.version != opened:
        raise SheetChanged(latest)
    return save_sheet(session, caller=caller, given=given, only_new=False, now=now)


def adopt_beliefs(session: Session, *, caller: Caller, check_sheet: str, now: datetime) -> SheetPut:
    """Give the sheet a version that carries the median of what the team said alone."""
    sheet = load_sheet(session, check_sheet)
    given = with_beliefs(sheet.body, together(session, sheet))
    put = save_sheet(session, caller=caller, given=given, only_new=False, now=now)
    if put.changed:
        audit.record(session, actor=caller.id, action="beliefs.adopted", subject=check_sheet, version=put.sheet.version)
    return put


def _beliefs_still_score(session: Session, check_sheet: str) -> bool:
    in_force = card_in_force(session, check_sheet)
    return in_force is None or find_card(session, in_force).basis == "belief"


def _score_by_beliefs(session: Session, caller: Caller, sheet: Sheet, now: datetime) -> None:
    try:
        card = belief_scorecard(
            model_items(sheet), expected_close_ratio=sheet.body.expected_close_ratio, options=_options(sheet)
        )
    except NoBeliefs:
        return
    row = store_card(
        session,
        caller=caller,
        card=card,
        check_sheet=sheet.key,
        sheet_version=sheet.version,
        fingerprint=NO_DATA,
        as_of=None,
        gate={"activated": True, "reason": "Made from the team's beliefs; outcomes will correct it."},
        now=now,
    )
    activate(session, caller=caller, row=row, reason=None, now=now)


def _options(sheet: Sheet, asked: TrainInput | None = None) -> Options:
    grades = sheet.body.grades.model_dump() if sheet.body.grades else None
    if asked is None:
        return Options(grades=grades)
    return Options(max_lines=asked.max_lines, max_points=asked.max_points, allow=frozenset(asked.allow), grades=grades)


def activate(session: Session, *, caller: Caller, row: ScorecardRow, reason: str | None, now: datetime) -> int:
    """Put a card in force and score the open prospects by it; how many scores changed."""
    put_in_force(session, caller=caller, row=row, reason=reason, now=now)
    return rescore_open(session, load_card(session, row.id), now=now)


def activate_by_hand(
    session: Session, *, caller: Caller, scorecard_id: str, reason: str | None, now: datetime
) -> tuple[ScorecardRow, int]:
    """A manager's own decision; against the gate's verdict it takes a reason."""
    row = find_card(session, scorecard_id)
    never_in_force = not row.gate["activated"] and card_in_force(session, row.check_sheet) != row.id
    if never_in_force and row.gate.get("refused") and not reason:
        raise Unprocessable.field(
            "/reason", "reason_required", f"The gate had said no: {row.gate['reason']} Give your reason to overrule it."
        )
    return row, activate(session, caller=caller, row=row, reason=reason, now=now)


def check_roll_back(session: Session, *, scorecard_id: str, reason: str | None) -> None:
    """A person who puts an older card back says why: whoever looks at the scores later will ask."""
    if not reason and was_in_force(session, scorecard_id):
        raise Unprocessable.field("/reason", "reason_required", "Say why: this card was in force before, and replaced.")


@dataclass(frozen=True, slots=True)
class Trained:
    """A card that was fitted and judged, not stored yet."""

    sheet: Sheet
    card: Scorecard
    fingerprint: str
    as_of: datetime | None
    verdict: dict[str, Any]


def train(database: Database, *, caller: Caller, asked: TrainInput) -> str:
    """Train a card and store it, in force where the gate lets it; the id of the stored card.

    Reading and fitting hold no lock; the writer is opened for storing only.
    """
    with database.reading() as session:
        trained = fit_card(session, asked)
    with database.writing() as session:
        return keep_card(session, caller=caller, trained=trained, now=begin(session)).id


def fit_card(session: Session, asked: TrainInput) -> Trained:
    """Fit a card on the outcomes there are, and judge it against the one in force."""
    sheet = load_sheet(session, choose_sheet(session, asked.check_sheet))
    dataset = load_dataset(session, sheet, as_of=asked.as_of)
    in_force = card_in_force(session, sheet.key)
    current = load_card(session, in_force).card if in_force else None
    options, expected = _options(sheet, asked), sheet.body.expected_close_ratio
    # Matrices here are small: threads of the linear algebra would wait for each other longer than they work.
    with threadpool_limits(limits=1, user_api="blas"):
        try:
            card = learn_scorecard(
                dataset.items, dataset.history, expected_close_ratio=expected, in_force=current, options=options
            )
            verdict = {"activated": False, "refused": False, "reason": "Asked not to put it in force."}
            if asked.as_of is not None:
                verdict["reason"] = "A back-test is looked at; a manager may put it in force by hand."
            elif asked.activate == "if_better":
                judged = gate(
                    dataset.items, dataset.history, in_force=current, expected_close_ratio=expected, options=options
                )
                verdict = _verdict(judged)
        except NoCardYet as error:
            raise Conflict(str(error), code="no_card_yet") from error
    return Trained(sheet, card, dataset.fingerprint, asked.as_of, verdict)


def keep_card(session: Session, *, caller: Caller, trained: Trained, now: datetime) -> ScorecardRow:
    """Store a fitted card, and put it in force where the gate said so."""
    row = store_card(
        session,
        caller=caller,
        card=trained.card,
        check_sheet=trained.sheet.key,
        sheet_version=trained.sheet.version,
        fingerprint=trained.fingerprint,
        as_of=trained.as_of,
        gate=trained.verdict,
        now=now,
    )
    if trained.verdict["activated"]:
        activate(session, caller=caller, row=row, reason=None, now=now)
    return row


def _verdict(judged: Gate) -> dict[str, Any]:
    figures = asdict(judged)
    return {"activated": figures.pop("activate"), "refused": not judged.activate, **figures}
