"""The example that does the main job by REST alone, as it stands in the docs, from an empty database."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.fixture
def told(empty_url, winnow_alone, serve, monkeypatch):
    """What the example prints, run against a server on an empty database."""
    monkeypatch.setenv("WINNOW_DATABASE_URL", empty_url)
    key = winnow_alone("keys", "create", "--role", "manager").out.strip()
    table = Path(os.environ["WINNOW_DATA"]) / "salvirt.csv"
    line = [EXAMPLES / "salvirt_by_rest.py", serve(empty_url), key, table, EXAMPLES / "salvirt.map.json"]
    ran = subprocess.run([sys.executable, *line], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.realdata
def test_the_example_by_rest_ends_in_a_score_anyone_can_recompute(told):
    """A card from data, a score whose reasons sum, and the same points and probability from the weights alone."""
    card, score = told["card"], told["score"]
    assert (card["basis"], card["prospects"], card["won"], card["lost"]) == ("data", 448, 227, 221)
    assert card["evaluation"]["auc"]["value"] > 0.7
    assert score["base_points"] + sum(reason["points"] for reason in score["reasons"]) == score["points"]
    assert told["points"] == score["points"]
    assert told["probability"] == pytest.approx(score["probability"], abs=1e-12)
