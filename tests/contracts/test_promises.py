"""Each promise has a test named after its number: `test_promise_04_…`."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Of the API and of security all; whoever keeps another adds its number.
KEPT = (*range(1, 28), 34, 41)


@pytest.mark.parametrize("number", KEPT)
def test_a_promise_has_a_test_named_after_it(number):
    named = re.compile(rf"^def test_promise_{number:02}_\w+\(", re.MULTILINE)
    assert any(named.search(path.read_text(encoding="utf-8")) for path in TESTS.rglob("test_*.py"))
