"""What the columns of a file are taken for before a person corrects it."""

import pytest

from app.exchange.planning import Sample, infer_plan


@pytest.mark.parametrize("heading", ["Closed", "closed_at", "Closed on", "Close Date"])
def test_the_day_of_the_decision_goes_by_several_names(heading):
    """As far as its cells are days."""
    sample = Sample(["Deal id", heading], [["D1", "2026-01-03"], ["D2", "2026-02-03"]])
    assert infer_plan(sample, sheet=None, key="bids").columns[heading] == "decided_at"
