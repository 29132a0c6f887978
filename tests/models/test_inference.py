"""Items from raw text, however dirty."""

import pytest

from models.inference import identifiers, infer_items


def inferred(texts):
    """Kind and answers of a column."""
    (item,), answers = infer_items({"x": texts})
    return item.kind, answers["x"].tolist()


@pytest.mark.parametrize(
    ("texts", "kind", "answers"),
    [
        (["Yes", "no", " ", "UNKNOWN"], "yes_no", [True, False, None, "unknown"]),
        (["1", "0", "1.0", "NA"], "yes_no", [True, False, True, None]),
        (["3", "1,200", "$ 5", "7", "n/a", "oops"], "number", [3.0, 1200.0, 5.0, 7.0, None, None]),
        (["red", "7", "blue", "Unknown"], "choice", ["red", "7", "blue", "unknown"]),
        (["same", "same"], "choice", ["same", "same"]),
        (["", ""], "choice", [None, None]),
    ],
)
def test_a_column_is_read_as_people_mean_it(texts, kind, answers):
    """Kind and answers of a column of text."""
    assert inferred(texts) == (kind, answers)


def test_identifiers_are_named_and_left_out():
    """A text of its own in every row says nothing of the next row."""
    columns = {"id": [f"lead {n}" for n in range(40)], "amount": [str(n) for n in range(40)]}
    items, _ = infer_items(columns)
    assert [item.key for item in items] == ["amount"]
    assert list(identifiers(columns)) == ["id"]
