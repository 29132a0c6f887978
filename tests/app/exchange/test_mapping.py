"""Mapping files: what is wrong with one is said in a sentence, and the examples in the docs hold."""

import json
import re
from pathlib import Path

import pytest

from app.exchange.files import UnreadableFile
from app.exchange.mapping import Mapping, load_mapping

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nmae": {"column": "Customer"}}, "nmae: Extra inputs are not permitted."),
        ({"items": {"budget": {"colunm": "Budget", "kind": "yes_no"}}}, "items/budget/column: Field required."),
        ({"items": {"budget": {"column": "Budget", "kind": "maybe"}}}, "items/budget/kind: Input should be 'yes_no'"),
        ({"id": {"column": "Id", "row": True}}, "id: give either a column, or row: true."),
        ({"id": {"prefix": "x"}}, "id: give either a column, or row: true."),
        ({"check_sheet": {"key": "Not A Key"}}, "check_sheet/key: String should match pattern"),
        ({"separator": ";;"}, "separator: String should match pattern"),
        ({"separator": '"'}, "separator: String should match pattern"),
        ({"name": {"column": "Customer", "format": "%Y"}}, "name/format: Extra inputs are not permitted."),
        ({"decided_at": {"column": "Closed", "format": "%Q"}}, "decided_at/format: 'Q' is a bad directive"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(map_file, changes, sentence):
    """One sentence names the file, the place and the fault."""
    with pytest.raises(UnreadableFile) as error:
        load_mapping(map_file(**changes))
    assert f"bids.map.json' is wrong: {sentence}" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["{", "", "[]", b"\xff\xfe", b'{"check_sheet": "\xe9"}'])
def test_what_is_no_json_is_said(write_file, content):
    """Broken JSON and bytes that are no text are no traceback."""
    with pytest.raises(UnreadableFile, match=r"The mapping file '.*' is wrong: "):
        load_mapping(write_file("bad.json", content))


def test_a_missing_file_is_said():
    """A mapping that is not there is no traceback."""
    with pytest.raises(UnreadableFile, match="There is no mapping file"):
        load_mapping(Path("nowhere.json"))


def test_a_byte_order_mark_is_no_fault(map_file):
    """A file saved by a Windows editor is read."""
    path = map_file()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_mapping(path).check_sheet.key == "bids"


def test_choices_are_the_answers_in_their_order(map_file):
    """A sheet made from a mapping has the answers as choices, unknown and not observed left out."""
    answers = {"Low": "low", "?": "unknown", "-": None, "High": "high", "Very high": "high"}
    mapping = load_mapping(map_file(items={"met": {"column": "Met", "kind": "scale", "answers": answers}}))
    (item,) = mapping.sheet().items
    assert [(choice.key, choice.label) for choice in item.choices] == [("low", "Low"), ("high", "High")]
    assert item.label == "Met"


def test_the_readme_names_every_key():
    """Every key of a mapping stands in the description of the mapping file, and its example is one."""
    text = (EXAMPLES / "README.md").read_text("utf-8")
    keys = [*Mapping.model_fields, "won", "lost", "void", "open", "prefix", "format", "answers", "kind"]
    assert [key for key in keys if f"`{key}`" not in text] == []
    Mapping.model_validate(json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])).sheet()


def test_the_example_describes_its_check_sheet():
    """The shipped example makes a whole check sheet."""
    sheet = load_mapping(EXAMPLES / "salvirt.map.json").sheet()
    assert len(sheet.items) == 21
    assert all(item.definition for item in sheet.items)
