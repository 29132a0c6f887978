"""The pages of the cookbook as their tests read them: every block of a page, in its order."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs" / "cookbook"
HOOKS, AT_HOOK = "POST /v1/hooks", "POST /v1/hooks/…"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code: what it is written in, and its text; of a call its line, its headers and its body."""

    kind: str
    text: str

    @property
    def call(self) -> str:
        """Method and path, as in `POST /v1/hooks`."""
        return self.text.split("\n", 1)[0]

    @property
    def body(self) -> bytes:
        """What stands below the headers of a call."""
        return self.text.partition("\n\n")[2].strip().encode()

    @property
    def json(self) -> Any:
        """The JSON of a call's body, or of the block."""
        return json.loads(self.body if self.kind == "http" else self.text)

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a form sent with curl."""
        return dict(re.findall(r"-F (\w+)=([^@\s]+)", self.text))


@dataclass(frozen=True)
class Page:
    """One CRM's page."""

    blocks: list[Block]

    def calls(self, line: str) -> list[Block]:
        """The calls of this line."""
        return [block for block in self.blocks if block.kind == "http" and block.call == line]

    def only(self, kind: str) -> list[Block]:
        """The blocks of a kind."""
        return [block for block in self.blocks if block.kind == kind]


@cache
def read_page(name: str) -> Page:
    """The page of a CRM."""
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    return Page([Block(kind, inner) for kind, inner in _FENCE.findall(text)])
