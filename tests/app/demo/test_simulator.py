"""The sample team against its own truth."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from app.demo.simulator import simulate_team

INDUSTRIAL = Path(__file__).parents[3] / "app" / "checksheets" / "starters" / "industrial.json"
END = datetime(2026, 3, 31, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def sheet():
    return json.loads(INDUSTRIAL.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def team(sheet):
    return simulate_team(sheet, end=END)


@pytest.fixture(scope="module")
def closed(team):
    return decided(team)


@pytest.fixture(scope="module")
def weights(closed):
    """Log-odds of a ridge logistic regression on the final answers, one column per answer."""
    rows = [final_answers(prospect) for prospect in closed]
    columns = sorted({(item, answer) for row in rows for item, answer in row.items()}, key=repr)
    x = np.array([[row.get(item) == answer for item, answer in columns] for row in rows], dtype=float)
    y = [prospect.outcome.result == "won" for prospect in closed]
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(x, y)
    return dict(zip(columns, fitted.coef_[0], strict=True))


def decided(team):
    return [one for one in team.prospects if one.outcome and one.outcome.result != "void"]


def decided_or_open(team):
    return [one for one in team.prospects if not one.outcome or one.outcome.result != "void"]


def before_outcome(prospect):
    return [
        one for one in prospect.observations if not prospect.outcome or one.observed_at <= prospect.outcome.decided_at
    ]


def final_answers(prospect):
    answers = {}
    for observation in before_outcome(prospect):
        answers |= observation.answers
    return answers


def sheet_at(prospect, moment):
    answers = {}
    for observation in prospect.observations:
        if observation.observed_at <= moment:
            answers |= observation.answers
    return answers


def by_owner(prospects, figure):
    """Mean of a figure over each rep's prospects."""
    figures = defaultdict(list)
    for prospect in prospects:
        figures[prospect.owner].append(figure(prospect))
    return {owner: mean(values) for owner, values in figures.items()}


def test_the_same_seed_gives_the_same_team(sheet, team):
    """A team can be made again exactly."""
    assert simulate_team(sheet, end=END) == team


def test_another_seed_gives_another_team(sheet, team):
    """The seed is what the team depends on."""
    assert simulate_team(sheet, end=END, seed=7).prospects != team.prospects


def test_nothing_happens_after_the_end(team):
    """Arrivals, observations and decisions all lie in the history."""
    times = [prospect.arrived_at for prospect in team.prospects]
    times += [seen.observed_at for prospect in team.prospects for seen in prospect.observations]
    times += [prospect.outcome.decided_at for prospect in team.prospects if prospect.outcome]
    assert max(times) <= END


def test_the_history_is_three_quarters_long(team):
    """The first prospect arrives 274 days before the end or a little later."""
    assert 270 <= (END - team.prospects[0].arrived_at).days <= 274


def test_prospects_are_numbered_by_arrival(team):
    """External ids follow the order of arrival."""
    assert [one.external_id for one in team.prospects] == [f"demo-{n:04d}" for n in range(1, 429)]
    assert [one.arrived_at for one in team.prospects] == sorted(one.arrived_at for one in team.prospects)


@pytest.mark.parametrize("weekday", range(7))
def test_open_and_closed_are_as_many_as_promised_whatever_day_it_is(sheet, weekday):
    """300 to 330 are closed, 90 to 120 open and 8 void, on every day of the week."""
    team = simulate_team(sheet, end=END.replace(day=20 + weekday))
    results = Counter(one.outcome.result if one.outcome else "open" for one in team.prospects)
    assert 300 <= results["won"] + results["lost"] <= 330
    assert 90 <= results["open"] <= 120
    assert results["void"] == 8


@pytest.mark.parametrize("weekday", range(7))
def test_the_close_ratio_is_that_of_an_industrial_team_whatever_day_it_is(sheet, weekday):
    """Between 35 and 45 in a hundred decided prospects are won."""
    closed = decided(simulate_team(sheet, end=END.replace(day=20 + weekday)))
    assert 0.35 <= mean(one.outcome.result == "won" for one in closed) <= 0.45


def test_the_end_moves_the_days_and_not_the_customers(sheet, team):
    """A team simulated for another day has the same customers with the same chances."""
    later = simulate_team(sheet, end=END.replace(month=4, day=16))
    chances = [Counter(one.true_probability for one in decided_or_open(each)) for each in (team, later)]
    assert chances[0] == chances[1]


def test_decisions_take_weeks_to_months(closed):
    """From arrival to decision it is 17 to 120 days: 20 to 120, less a weekend brought forward to Friday."""
    days = [(one.outcome.decided_at.date() - one.arrived_at.date()).days for one in closed]
    assert (min(days) >= 17, max(days) <= 120) == (True, True)
    assert 45 <= median(days) <= 75


def test_some_customers_choose_nothing(closed):
    """Of the lost, 15 to 40 in a hundred went silent."""
    lost = [one.outcome.reason for one in closed if one.outcome.result == "lost"]
    assert 0.15 <= lost.count("no_decision") / len(lost) <= 0.40


def test_an_oracle_tells_won_from_lost_well_but_not_perfectly(team, closed):
    """The true weights on the final answers reach an AUC of .82 to .88."""
    won = [one.outcome.result == "won" for one in closed]
    assert 0.82 <= roc_auc_score(won, [team.truth.probability(final_answers(one)) for one in closed]) <= 0.88


def test_the_true_probability_is_the_truth_on_the_true_characteristics(team):
    """Nothing but the characteristics, neither rep nor reading, enters the probability."""
    assert [one.true_probability for one in team.prospects] == [
        team.truth.probability(one.characteristics) for one in team.prospects
    ]


def test_outcomes_come_as_often_as_the_truth_says(sheet):
    """Among prospects old enough to be decided, wins stay within three standard errors of their expectation."""
    team = simulate_team(sheet, end=END, prospects=3000)
    old = [one for one in decided(team) if (END - one.arrived_at).days > 125]
    chances = np.array([one.true_probability for one in old])
    surplus = sum(one.outcome.result == "won" for one in old) - chances.sum()
    assert abs(surplus) < 3 * np.sqrt((chances * (1 - chances)).sum())


def test_a_term_of_the_truth_is_centred(sheet, team):
    """Over many prospects the mean log-odds of each item are 0, so an item not observed counts nothing."""
    many = simulate_team(sheet, end=END, prospects=3000).prospects
    means = {
        item: mean(terms[one.characteristics[item]] for one in many) for item, terms in team.truth.log_odds.items()
    }
    assert [item for item, value in means.items() if abs(value) > 0.06] == []


def test_there_are_surprises(closed):
    """Some go against long odds, both ways."""
    against = Counter(
        one.outcome.result for one in closed if abs(one.true_probability - (one.outcome.result == "won")) > 0.75
    )
    assert set(against) == {"won", "lost"}


def test_sheets_are_filled_in_over_time(closed):
    """A prospect has up to five observations before its outcome, and the last sheet knows more than the first."""
    counts = {len(before_outcome(one)) for one in closed}
    first = mean(len(before_outcome(one)[0].answers) for one in closed if before_outcome(one))
    assert counts == {1, 2, 3, 4, 5}
    assert first + 1 < mean(len(final_answers(one)) for one in closed)


def test_some_answers_are_corrected(team):
    """A later sheet sometimes gives another answer than an earlier one did."""
    corrections = 0
    for prospect in team.prospects:
        known = {}
        for seen in before_outcome(prospect):
            corrections += sum(
                known.get(item, "unknown") not in ("unknown", answer) for item, answer in seen.answers.items()
            )
            known |= seen.answers
    assert corrections > 10


def test_a_handful_of_sheets_is_filled_in_after_the_decision(closed):
    """A few closed prospects carry one observation later than their outcome."""
    late = [len(one.observations) - len(before_outcome(one)) for one in closed]
    assert set(late) == {0, 1}
    assert 3 <= sum(late) <= 15


def test_no_sheet_is_older_than_its_prospect(team):
    """Observations follow the arrival, in order of time."""
    for prospect in team.prospects:
        times = [prospect.arrived_at, *(seen.observed_at for seen in prospect.observations)]
        assert times == sorted(times)


def test_every_answer_is_one_the_check_sheet_allows(sheet, team):
    """The service can take each observation as it stands."""
    allowed = {"yes_no": {True, False}, "number": set(range(1, 7))}
    by_item = {
        item["key"]: allowed.get(item["kind"], {one["key"] for one in item.get("choices", ())}) | {"unknown"}
        for item in sheet["items"]
    }
    seen = [pair for one in team.prospects for sheet in one.observations for pair in sheet.answers.items()]
    assert [(item, answer) for item, answer in seen if answer not in by_item[item]] == []


def test_completeness_differs_by_rep(closed):
    """Ada leaves hardly an item out and Bruno leaves most out of all."""
    filled = by_owner(closed, lambda one: sum(answer != "unknown" for answer in final_answers(one).values()))
    assert max(filled, key=filled.get) == "rep-ada"
    assert min(filled, key=filled.get) == "rep-bruno"


def test_bruno_looks_late(closed):
    """Bruno's first sheet comes later after arrival than anyone's, by weeks."""
    seen = [one for one in closed if before_outcome(one)]
    first = by_owner(seen, lambda one: (one.observations[0].observed_at - one.arrived_at).days)
    others = [days for owner, days in first.items() if owner != "rep-bruno"]
    assert first["rep-bruno"] > max(others) + 14


def test_chiara_says_when_she_does_not_know(team):
    """Chiara ticks `unknown` more than twice as often as anyone else."""
    unknown = by_owner(team.prospects, lambda one: sum("unknown" in seen.answers.values() for seen in one.observations))
    others = [count for owner, count in unknown.items() if owner != "rep-chiara"]
    assert unknown["rep-chiara"] > 2 * max(others)


def test_dirk_is_an_optimist_about_kept_steps(closed):
    """Dirk ticks the next step as kept where it was not, more often than anyone else."""
    not_kept = [one for one in closed if one.characteristics["next_step_kept"] != "kept"]
    rosy = by_owner(not_kept, lambda one: final_answers(one).get("next_step_kept") == "kept")
    others = [share for owner, share in rosy.items() if owner != "rep-dirk"]
    assert rosy["rep-dirk"] > max(others) + 0.1


def test_forecasts_come_before_the_decision(team):
    """Nobody forecasts, revises or works on what is decided already, or after the end of the history."""
    ends = {one.external_id: one.outcome.decided_at if one.outcome else END for one in team.prospects}
    late = [
        one.external_id
        for one in team.prospects
        for at in [done.spent_at for done in one.effort] + ([one.forecast.made_at] if one.forecast else [])
        if at > ends[one.external_id]
    ]
    assert late == []


def test_dirk_hopes_and_chiara_fears(sheet):
    """Over many deals Dirk's forecasts lie well above what happens, and Chiara's below."""
    team = simulate_team(sheet, end=END, prospects=3000)
    said = [one for one in decided(team) if one.forecast]
    bias = by_owner(said, lambda one: one.forecast.probability - (one.outcome.result == "won"))
    assert bias["rep-dirk"] > 0.1 > 0 > bias["rep-chiara"]


def test_reps_know_something_beyond_the_sheet(sheet):
    """Beside the oracle's view of the sheet, Elif's forecasts tell more of the truth; Feng's tell nothing."""
    team = simulate_team(sheet, end=END, prospects=3000)

    def told(owner):
        said = [one for one in decided(team) if one.forecast and one.owner == owner]
        known = [team.truth.probability(sheet_at(one, one.forecast.made_at)) for one in said]
        sight = np.log(np.array([known, [one.forecast.probability for one in said]]))
        truth = np.log([one.true_probability for one in said])
        return np.linalg.lstsq(np.vstack([sight, np.ones(len(said))]).T, truth, rcond=None)[0][1]

    assert told("rep-elif") > 0.2
    assert abs(told("rep-feng")) < 0.1


@pytest.mark.parametrize(
    ("item", "better", "worse"),
    [
        ("purpose_figures", "figures", "none_said"),
        ("decider_seen", True, False),
        ("budget", True, False),
        ("next_step_kept", "kept", "missed"),
        ("problem_owner", "production", "nobody"),
        ("tender", False, True),
    ],
)
def test_a_plain_regression_finds_the_items_that_count(team, weights, item, better, worse):
    """What the truth holds for clearly better comes out better from the answers alone."""
    assert team.truth.log_odds[item][better] > team.truth.log_odds[item][worse]
    assert weights[item, better] > weights[item, worse]


def test_the_named_beliefs_are_wrong(sheet, team):
    """Against the truth the sheet's beliefs fail as named: no effect, the opposite sign, underrated."""
    items, truth = {item["key"]: item for item in sheet["items"]}, team.truth.log_odds
    quote, rivals, people = items["asked_for_quote"], items["competitors"], items["people_met"]
    assert (quote["importance"], truth["asked_for_quote"]) == (2, {False: 0.0, True: 0.0})
    assert (rivals["expected"], truth["competitors"][True] > truth["competitors"][False]) == ("against", True)
    assert (people["importance"], truth["people_met"][6] - truth["people_met"][1]) == (1, pytest.approx(2.1))


def test_the_answers_contradict_the_wrong_beliefs(weights):
    """Comparing helps, people count much, and being asked for a quote counts less than either."""
    rivals = weights["competitors", True] - weights["competitors", False]
    people = mean(weights["people_met", n] for n in (4, 5)) - weights["people_met", 1]
    quote = weights["asked_for_quote", True] - weights["asked_for_quote", False]
    assert rivals > 0.4
    assert people > 0.8
    assert abs(quote) < 0.4


def test_three_beliefs_are_named_wrong(team):
    """The list of wrong beliefs is what a trained card can be checked against."""
    assert [(one.item, one.how) for one in team.truth.wrong_beliefs] == [
        ("asked_for_quote", "no_effect"),
        ("competitors", "opposite"),
        ("people_met", "underrated"),
    ]


def test_some_accounts_come_back(team):
    """Duplicates aside, an account has one to three prospects."""
    per_account = Counter(one.account for one in decided_or_open(team))
    assert set(per_account.values()) == {1, 2, 3}


def test_a_duplicate_repeats_an_earlier_prospect(team):
    """Every void record names an account and a job that another record holds."""
    voids = [one for one in team.prospects if one.outcome and one.outcome.result == "void"]
    real = {(one.account, one.name) for one in team.prospects if one not in voids}
    assert {(one.account, one.name) for one in voids} <= real


def test_a_won_prospect_brings_amount_and_margin(closed):
    """Only what was won has an amount paid and a margin within it."""
    sold = [one.outcome for one in closed if one.outcome.amount is not None]
    assert {one.result for one in sold} == {"won"}
    assert len(sold) == sum(one.outcome.result == "won" for one in closed)
    assert all(0 < one.margin < one.amount for one in sold)


def test_a_check_sheet_the_customers_do_not_answer_is_refused(sheet):
    """A sheet with an item taken away is not simulated by half."""
    with pytest.raises(ValueError, match="differ in: budget"):
        simulate_team(sheet | {"items": [one for one in sheet["items"] if one["key"] != "budget"]}, end=END)


def test_an_end_without_time_zone_is_refused(sheet):
    """A naive time could be any."""
    with pytest.raises(ValueError, match="time zone"):
        simulate_team(sheet, end=END.replace(tzinfo=None))
