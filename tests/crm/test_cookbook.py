"""Every page of the cookbook is done as it stands: its tables imported, its calls made, its answers compared."""

import re
from typing import Any

import pytest

from tests.crm.cookbook import AT_HOOK, FOLDER, HOOKS, Block
from tests.crm.standins.base import MORNING, Call, StandIn, taken
from tests.crm.standins.every import STANDINS


class Reader:
    """Somebody who does what a page says, step by step."""

    def __init__(self, standin: StandIn, api: Any, crm: Any, work: Any) -> None:
        self.standin, self.api, self.crm, self.work = standin, api, crm, work
        self.failed: list[str] = []

    def follow(self) -> None:
        """Do every block; what does not do as the page says is noted."""
        blocks = [block for block in self.standin.page.blocks if block.kind in {"csv", "http", "json"}]
        for block, behind in zip(blocks, [*blocks[1:], Block("", "")], strict=True):
            if block.kind == "csv":
                run = self.standin.bring_in(self.api, block.text, work=self.work)
                self.note(run["failed"] == 0 and run["created"] == block.text.count("\n") - 1, block, run)
            elif block.kind == "http":
                answer = self.call(block)
                expected = behind.json if behind.kind == "json" else None
                self.note(expected is None or holds(answer, expected), block, answer)

    def call(self, block: Block) -> Any:
        """Make a call, of the CRM or of who sets it up."""
        if block.call == AT_HOOK:
            status = self.standin.send(self.crm, Call(MORNING, block.body, hook=len(self.standin.hooks) - 1))
            self.note(status == 202, block, status)
            return None
        method, path = block.call.split(" ", 1)
        body = re.sub(rb"https://odoo\.example\.com/", b"https://1.1.1.1/", block.body)  # no name is looked up in tests
        headers = {"Content-Type": "application/json"} if body else {}
        answer = taken(self.api.request(method, path, content=body, headers=headers)).json()
        if block.call == HOOKS:
            self.standin.hooks.append(answer["path"])
        return answer

    def note(self, done: bool, block: Block, found: Any) -> None:
        if not done:
            self.failed.append(f"{block.text.splitlines()[0]}: {found}")


def holds(found: Any, expected: Any) -> bool:
    """Whether an answer has all that is expected: of objects these fields, of lists these entries among others."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name in found and holds(found[name], expected[name]) for name in expected
        )
    if isinstance(expected, list):
        return bool(found) == bool(expected) and all(any(holds(one, wanted) for one in found) for wanted in expected)
    return found == expected


@pytest.mark.parametrize("name", STANDINS)
def test_every_step_of_a_page_does_what_the_page_says(name, cookbook_api, client, crm, work):
    """With the key the page asks for; nothing that came in was left unread."""
    standin = STANDINS[name]()
    standin.make_sheet(cookbook_api)
    reader = Reader(standin, client("integration"), crm, work)
    reader.follow()
    assert reader.failed == []
    hooks = cookbook_api.get("/v1/hooks").json()["items"]
    assert [(hook["waiting"], hook["failed"]) for hook in hooks] == [(0, 0)] * len(standin.hooks)


def test_what_is_written_to_hubspot_is_at_most_a_hundred_deals_of_texts():
    """As its batch update takes it."""
    sent = STANDINS["hubspot"]().page.only("json")[-1].json["inputs"]
    values = [value for one in sent for value in one["properties"].values()]
    assert (len(sent) <= 100, {type(value) for value in values}) == (True, {str})


def test_every_page_is_listed_and_every_crm_has_one():
    listed = re.findall(r"\((\w+)\.md\)", (FOLDER / "README.md").read_text("utf-8"))
    pages = [path.stem for path in FOLDER.glob("*.md") if path.stem != "README"]
    assert sorted(set(listed)) == sorted(pages) == sorted(STANDINS)


def test_hubspot_is_turned_away_without_its_signature(cookbook_api, crm, work):
    """403, which HubSpot does not repeat."""
    standin = STANDINS["hubspot"]()
    standin.set_up(cookbook_api, work=work)
    [call, *_] = standin.day(1, deals=1)
    standin.signed = lambda *_: {}
    status = standin.send(crm, call)
    assert (status, standin.again(status, 1)) == (403, None)
