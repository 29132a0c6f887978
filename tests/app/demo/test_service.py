"""The sample team in a database of its own: whole, scored, trained on, and found out where its beliefs are wrong."""

from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import func, select

from app.accounts.audit import find_break
from app.accounts.service import COMMAND_LINE
from app.checksheets.queries import closing_of, is_late, load_sheet
from app.checksheets.tables import Observation
from app.db import Database, utcnow
from app.demo.observing import REPS
from app.demo.people import SIMULATOR
from app.demo.service import SHEET, fill_with_sample_team
from app.demo.simulator import simulate_team
from app.demo.truth import WRONG_BELIEFS
from app.errors import Conflict
from app.forecasts.tables import Forecast
from app.migrating import migrate
from app.prospects.schemas import ProspectInput
from app.prospects.service import put_prospect
from app.prospects.tables import OPEN, Prospect
from app.prospects.withholding import awaiting_forecast
from app.reports.effort.queries import AskedEffort
from app.reports.routes import REPORTS
from app.scorecards.queries import card_in_force, load_card
from app.scorecards.tables import ScorecardRow
from app.settings import Settings
from tests.conftest import DIALECTS, SECRET

END = datetime(2026, 3, 31, 18, tzinfo=UTC)


@pytest.fixture(scope="module", params=DIALECTS)
def team(request, tmp_path_factory):
    """A database with the sample team in it, filled once for all tests here."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('team') / 'demo.db'}"
    else:
        server = request.getfixturevalue("postgresql_server")
        with psycopg.connect(server("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE demo")
        url = server("demo")
    database = Database(Settings(database_url=url, secret_key=SECRET))
    migrate(database.engine)
    fill_with_sample_team(database, now=END)
    yield database
    database.engine.dispose()


@pytest.fixture(scope="module")
def simulated(team):
    """What the simulator played."""
    with team.reading() as session:
        return simulate_team(load_sheet(session, SHEET).body.model_dump(mode="json", exclude_none=True), end=END)


def test_all_that_was_played_is_there(team, simulated):
    """Every prospect, observation and outcome of the simulation, and an audit chain that is whole."""
    with team.reading() as session:
        prospects = session.scalar(select(func.count()).select_from(Prospect))
        observations = session.scalar(select(func.count()).select_from(Observation))
        assert find_break(session)[1] is None
    assert prospects == len(simulated.prospects)
    assert observations == sum(len(prospect.observations) for prospect in simulated.prospects)


def test_late_observations_are_marked(team, simulated):
    """What reps ticked after the decision is kept and said to be late, and nothing else is."""
    with team.reading() as session:
        rows = session.execute(select(Observation, Prospect).join(Prospect, Prospect.id == Observation.prospect_id))
        late = sum(is_late(observation, closing_of(prospect)) for observation, prospect in rows)
    played = sum(
        prospect.outcome is not None and seen.observed_at > prospect.outcome.decided_at
        for prospect in simulated.prospects
        for seen in prospect.observations
    )
    assert late == played > 0


def test_every_open_prospect_has_a_score_of_the_card_in_force(team):
    """The team's open prospects can be put in order at once."""
    with team.reading() as session:
        in_force = card_in_force(session, SHEET)
        rows = session.execute(select(Prospect.score, Prospect.scorecard_id).where(Prospect.state == OPEN)).all()
    assert rows
    assert {(row.score is not None, row.scorecard_id) for row in rows} == {(True, in_force)}


def test_forecasts_were_locked_blind_and_some_revised(team, simulated):
    """Each prospect that was forecast has one forecast from before its score was shown; some have a revision too."""
    with team.reading() as session:
        kinds = dict(session.execute(select(Forecast.kind, func.count()).group_by(Forecast.kind)).all())
    said = [one.forecast for one in simulated.prospects if one.forecast]
    assert kinds == {"blind": len(said), "revision": sum(one.revised_at is not None for one in said)}


def test_every_rep_has_prospects_to_forecast_and_some_forecast_already(team):
    """The score of a few open prospects of each rep still waits for its forecast, so that anybody can try it."""
    with team.reading() as session:
        rows = session.execute(select(Prospect.owner, awaiting_forecast()).where(Prospect.state == OPEN)).all()
    assert {tuple(row) for row in rows} == {(rep.external_id, waits) for rep in REPS for waits in (False, True)}


def test_every_report_is_full_on_the_first_day(team):
    """No report of the sample team says that there is not enough yet."""
    asked = AskedEffort(SHEET, since=None, until=None, owner=None, at=END, below=30)
    with team.reading() as session:
        bodies = {report.name: report.read(session, caller=SIMULATOR, asked=asked) for report in REPORTS}
    assert {name: body.needed for name, body in bodies.items() if getattr(body, "needed", 0)} == {}
    assert len(bodies["surprises"].proposals) == 2


def test_cards_were_trained_as_history_went(team):
    """From beliefs to data: a card from outcome zero, then one a quarter."""
    with team.reading() as session:
        cards = session.scalars(select(ScorecardRow).order_by(ScorecardRow.created_at)).all()
        card = load_card(session, card_in_force(session, SHEET)).card
    assert len(cards) == 4
    assert cards[0].basis == "belief" != card.basis


def test_the_card_outweighs_what_the_team_believed_wrongly(team):
    """Where the team believes the opposite of the truth, the card's points follow the data."""
    opposite = [belief.item for belief in WRONG_BELIEFS if belief.how == "opposite"]
    assert opposite == ["competitors"]
    with team.reading() as session:
        sheet, card = load_sheet(session, SHEET), load_card(session, card_in_force(session, SHEET)).card
    assert sheet.items["competitors"].expected == "against"
    assert card.points_of({"competitors": True}) > card.points_of({"competitors": False})


def test_a_filled_database_is_left_alone(team):
    """Nothing is mixed; asked to fill only what is empty, it does nothing and says so."""
    with pytest.raises(Conflict, match="needs a database of its own"):
        fill_with_sample_team(team, now=END)
    assert fill_with_sample_team(team, now=END, if_empty=True) == 0


def test_one_prospect_is_not_empty(database, count_rows):
    """A prospect without a check sheet is somebody's work too."""
    with database.writing() as session:
        put_prospect(session, caller=COMMAND_LINE, external_id="x", fields=ProspectInput(), if_match=None, now=utcnow())
    before = count_rows()
    with pytest.raises(Conflict):
        fill_with_sample_team(database, now=END)
    assert count_rows() == before


def test_a_history_that_breaks_off_leaves_nothing(database, count_rows, monkeypatch):
    """All or nothing: an error in the middle leaves an empty database."""

    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr("app.demo.service.close", fail)
    with pytest.raises(RuntimeError):
        fill_with_sample_team(database, now=END)
    assert set(count_rows().values()) == {0}


def test_the_command_fills_once(winnow, monkeypatch):
    """`winnow demo --if-empty` may be run again and again."""
    monkeypatch.setattr("app.demo.service._fill", lambda *_: 7)
    assert winnow("demo", "--if-empty").out.startswith("7 prospects of the sample team are in.\n")
    winnow("sheet", "load", "blank")
    assert winnow("demo", "--if-empty").out == "There is something here already.\n"
    assert winnow("demo").err.startswith("The sample team needs a database of its own")
