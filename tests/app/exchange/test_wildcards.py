"""Values of a mapping in which `*` stands for anything."""

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from app.exchange.columns import pattern


@given(st.text("ab*[?", max_size=8), st.text("ab[?", max_size=10))
def test_a_star_is_anything_and_everything_else_is_itself(value, text):
    """As Python's own matching of file names has it, where its other signs are quoted."""
    quoted = "".join(f"[{letter}]" if letter in "[?" else letter for letter in value)
    assert bool(pattern([value]).fullmatch(text)) == fnmatchcase(text, quoted)


def test_many_stars_are_settled_at_once():
    """Going back and forth over so long a text would take longer than the world has been there."""
    assert pattern(["*a" * 200 + "b"]).fullmatch("a" * 30_000) is None
