"""Each promise has a test named after its number: `test_promise_04_…`."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Whoever keeps a promise adds its number.
KEPT = (4, 5, 6, 7, 8, 9, 10, 13, 14, 18)


@pytest.mark.parametrize("number", KEPT)
def test_a_promise_has_a_test_named_after_it(number):
    named = re.compile(rf"^def test_promise_{number:02}_\w+\(", re.MULTILINE)
    assert any(named.search(path.read_text(encoding="utf-8")) for path in TESTS.rglob("test_*.py"))
