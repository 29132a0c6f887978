"""Answers written by msgspec: the hot routes spend their time on scoring, not on serialising."""

from typing import Any

import msgspec
from fastapi.responses import JSONResponse

_ENCODER = msgspec.json.Encoder(decimal_format="string")


class FastJSON(JSONResponse):
    """A JSON answer from dictionaries, dataclasses and moments."""

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return _ENCODER.encode(content)
