"""`winnow compare`: any two columns of probabilities on what happened."""

import csv
import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score


@pytest.fixture
def experts(tmp_path):
    """Four thousand forecasts of experts at tenths, 0 and 1 among them, beside a model; each knows something."""
    draw = np.random.default_rng(11)
    public, private = draw.normal(size=(2, 4000))
    won = draw.random(4000) < expit(public + private)
    model = expit(0.85 * public)
    said = np.round(expit(1.6 * (private + 0.4 * public) + draw.normal(0, 0.5, 4000)), 1)
    path = tmp_path / "experts.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["when", "team", "model", "expert", "came_true"])
        for row in range(4000):
            out.writerow([f"2024-01-{1 + row // 200:02}", f"t{row // 3}", model[row], said[row], int(won[row])])
    return path, won, model, said


def compare(winnow_alone, path, *more):
    return winnow_alone(
        "compare", path, "--data", "model", "--rep", "expert", "--outcome", "came_true", "--json", *more
    )


def test_figures_equal_scikit_learn_and_the_gain_of_combining_is_found(winnow_alone, experts):
    path, won, model, said = experts
    found = json.loads(compare(winnow_alone, path, "--time", "when", "--cluster", "team").out)
    assert {0.0, 1.0} <= set(said)
    for side, chance in (("data", model), ("reps", said)):
        expected = (brier_score_loss(won, chance), log_loss(won, chance), roc_auc_score(won, chance))
        assert [found[side][name] for name in ("brier", "log_loss", "auc")] == pytest.approx(expected, abs=1e-12)
    assert found["blend"]["gain_on_data"]["low"] > 0
    assert found["blend"]["gain_on_reps"]["low"] > 0
    assert (found["reps_add_information"]["yes"], found["data_adds_information"]["yes"]) == (True, True)


def test_without_times_the_weight_is_learnt_on_other_rows(winnow_alone, experts):
    """Sorted by outcome, as files often are, combining is found to gain all the same."""
    path, *_ = experts
    header, *rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([header, *sorted(rows, key=lambda row: row[-1])]), "utf-8")
    found = json.loads(compare(winnow_alone, path).out)
    assert 0.2 < found["blend"]["weight_on_data"] < 0.8
    assert found["blend"]["gain_on_data"]["low"] > 0


def test_blanks_are_left_out_and_percent_is_read(winnow_alone, tmp_path):
    """Forty rows in percent, three of them without a forecast or an outcome."""
    rows = [f"{'70' if n % 2 else '30'} %;{'60%' if n % 3 else '20%'};{'won' if n % 2 else 'lost'}" for n in range(37)]
    path = tmp_path / "file.csv"
    path.write_text("\n".join(["model;expert;came_true", *rows, ";50%;won", "50%;n/a;lost", "50%;50%;"]), "utf-8")
    found = json.loads(compare(winnow_alone, path).out)
    assert (found["rows"], found["left_out"], found["deals"], found["won"]) == (40, 3, 37, 18)
    assert found["data"]["brier"] == pytest.approx(0.09)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1.2,0.5,1", "Row 2 of the column 'model' holds '1.2'; a probability is a number from 0 to 1."),
        ("0.5,maybe,1", "Row 2 of the column 'expert' holds 'maybe'; a probability is a number from 0 to 1."),
        ("0.5,0.5,2", "Row 2 of the column 'came_true' holds '2'; it takes 1 or 0, yes or no, won or lost."),
        ("0.5,0.5", "Line 3: The row has 2 cells, the header names 3."),
    ],
)
def test_a_value_that_cannot_be_read_is_named_with_its_row(winnow_alone, tmp_path, row, sentence):
    path = tmp_path / "file.csv"
    path.write_text(f"model,expert,came_true\n0.5,0.5,1\n{row}\n", "utf-8")
    ran = compare(winnow_alone, path)
    assert (ran.status, ran.err.strip().replace("\n", " ")) == (1, sentence)


def test_a_column_that_is_not_there_is_named(winnow_alone, experts):
    ran = winnow_alone("compare", experts[0], "--data", "modle", "--rep", "expert", "--outcome", "came_true")
    assert ran.err.startswith("The file has no column 'modle'; it has when, team, model, expert, came_true.")


def test_under_thirty_it_says_how_many_more(winnow_alone, tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("model,expert,came_true\n" + "0.5,0.6,1\n0.4,0.2,0\n" * 10, "utf-8")
    ran = winnow_alone("compare", path, "--data", "model", "--rep", "expert", "--outcome", "came_true")
    assert (ran.status, ran.out.strip()) == (0, "Not enough yet: 20 rows with an outcome; 10 more are needed.")


def test_for_people_it_speaks_in_sentences(winnow_alone, experts):
    ran = winnow_alone("compare", experts[0], "--data", "model", "--rep", "expert", "--outcome", "came_true")
    assert "The reps know something the other does not" in ran.out
    assert "Data less reps, Brier:" in ran.out
