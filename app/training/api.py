"""Writing check sheets, training cards, and putting them in force."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import ManagerWriter
from app.accounts.service import Caller
from app.checksheets import queries as checksheets
from app.checksheets.schemas import SheetInput, SheetReply
from app.db import DatabaseDep, Writing, begin
from app.errors import Problem, Unprocessable
from app.fields import Key
from app.scorecards import queries as scorecards
from app.scorecards.api import CardId
from app.scorecards.schemas import ActivateInput, ActivationReply, CardBody
from app.strict_json import StrictRoute
from app.training import service
from app.training.schemas import TrainInput

router = APIRouter(prefix="/v1", route_class=StrictRoute)


def _save(
    session: Session, caller: Caller, given: SheetInput, request: Request, response: Response, *, only_new: bool
) -> SheetReply:
    put = service.save_sheet(session, caller=caller, given=given, only_new=only_new, now=begin(session))
    response.status_code = 201 if put.created else 200
    in_force = scorecards.card_in_force(session, given.key)
    warnings = list(scorecards.load_card(session, in_force).card.warnings) if in_force else ["no_card_yet"]
    body = checksheets.read_sheet(session, given.key)
    return SheetReply(
        **body.model_dump(exclude_unset=True),
        created=put.created,
        scorecard=in_force,
        warnings=warnings,
        request_id=request.state.request_id,
    )


@router.post(
    "/check-sheets",
    response_model=SheetReply,
    response_model_exclude_unset=True,
    status_code=201,
    responses={409: {"model": Problem}},
    tags=["check sheets"],
)
def create_sheet(
    session: Writing, caller: ManagerWriter, given: SheetInput, request: Request, response: Response
) -> SheetReply:
    """Create a check sheet; with beliefs on its items it scores at once."""
    return _save(session, caller, given, request, response, only_new=True)


@router.put(
    "/check-sheets/{key}",
    response_model=SheetReply,
    response_model_exclude_unset=True,
    responses={201: {"model": SheetReply}, 409: {"model": Problem}},
    tags=["check sheets"],
)
def put_sheet(
    session: Writing, caller: ManagerWriter, key: Key, given: SheetInput, request: Request, response: Response
) -> SheetReply:
    """Give a check sheet a new version, or create it; what says the same makes no version."""
    if given.key != key:
        raise Unprocessable.field(
            "/key", "key_differs", f"The sheet's key is '{given.key}', the address names '{key}'."
        )
    return _save(session, caller, given, request, response, only_new=False)


@router.post(
    "/scorecards",
    response_model=CardBody,
    status_code=201,
    responses={409: {"model": Problem}},
    tags=["scorecards"],
)
def train(
    database: DatabaseDep,
    session: Writing,
    caller: ManagerWriter,
    request: Request,
    asked: Annotated[TrainInput, Body()] = TrainInput(),  # noqa: B008 - a frozen default is what FastAPI takes
) -> CardBody:
    """Train a card on the outcomes there are; it is put in force where it does no worse than the present one."""
    with database.reading() as known:  # fitting takes long and holds no lock; the writer begins with storing
        trained = service.fit_card(known, asked)
    row = service.keep_card(session, caller=caller, trained=trained, now=begin(session))
    body = scorecards.describe_card(session, row)
    return body.model_copy(update={"request_id": request.state.request_id, "warnings": list(body.card["warnings"])})


@router.post(
    "/scorecards/{scorecard_id}/activate",
    response_model=ActivationReply,
    responses={404: {"model": Problem}},
    tags=["scorecards"],
)
def activate(
    session: Writing,
    caller: ManagerWriter,
    scorecard_id: CardId,
    request: Request,
    asked: Annotated[ActivateInput, Body()] = ActivateInput(),  # noqa: B008
) -> ActivationReply:
    """Put a card in force; naming an older one rolls back."""
    now = begin(session)
    row, rescored = service.activate_by_hand(
        session, caller=caller, scorecard_id=scorecard_id, reason=asked.reason, now=now
    )
    return ActivationReply(
        scorecard=row.id,
        check_sheet=row.check_sheet,
        activated_at=now,
        rescored=rescored,
        warnings=list(row.body["warnings"]),
        request_id=request.state.request_id,
    )
