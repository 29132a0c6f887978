"""Plots: an Altair chart in, a picture out, in one theme; the same chart is drawn once.

Every plot is read beside its table, in grey as well as in colour: what differs in colour differs in dash, shape or
brightness too. The paper is always light, so that a picture in a page reads in both colour schemes.
"""

import hashlib
import json
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from fastapi import Request, Response

if TYPE_CHECKING:
    import altair as alt

    Chart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart

Form = Literal["svg", "png"]
MEDIA_TYPES: dict[Form, str] = {"svg": "image/svg+xml", "png": "image/png"}

INK, SOFT, LINE, PAPER = "#1b2420", "#4f5a54", "#d8d3c4", "#fffdf8"
# Dark to light, so that they part in grey as well: the first for what the data say, the second for what people say.
FIRST, SECOND, THIRD = "#0f5c4d", "#c4622d", "#8a94a6"
BAND = "#b9d3cb"
# Narrow, because a plot drawn for a desk is read on a phone as well and scales up better than down.
WIDTH, HEIGHT = 400, 260
# The first comes with the program that draws; a browser takes the next, which is as wide.
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_TEXT = {"labelFont": _FONT, "titleFont": _FONT, "labelColor": INK, "titleColor": INK}
_THEME = {
    "background": PAPER,
    "font": _FONT,
    "padding": 12,
    "view": {"stroke": None},
    "title": {"anchor": "start", "fontSize": 16, "fontWeight": 700, "color": INK, "font": _FONT, "offset": 10,
              "subtitleFont": _FONT, "subtitleFontSize": 13, "subtitleColor": SOFT, "subtitlePadding": 5},
    "axis": _TEXT | {"labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": 400, "titlePadding": 8,
                     "gridColor": LINE, "domainColor": SOFT, "tickColor": SOFT, "labelLimit": 200, "tickCount": 5},
    "legend": _TEXT | {"labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": 400, "orient": "top",
                       "symbolStrokeWidth": 3, "symbolSize": 90, "labelLimit": 260, "columnPadding": 22},
    "header": _TEXT | {"labelFontSize": 13, "titleFontSize": 13},
    "text": {"font": _FONT, "fontSize": 13, "color": INK},
    "range": {"category": [FIRST, SECOND, THIRD, INK], "ordinal": [FIRST, SECOND, THIRD, INK]},
    "line": {"strokeWidth": 2.5},
    "bar": {"color": FIRST},
    "point": {"color": FIRST, "filled": True, "size": 55},
    "rule": {"color": SOFT},
    "area": {"color": BAND, "opacity": 0.75, "line": False},
}  # fmt: skip

# Room for names beside a plot where a browser has none of the fonts and takes a wider one.
BESIDE_NAMES = {"left": 36, "right": 12, "top": 12, "bottom": 12}
_NAME_WIDTH = 24


def in_lines(name: str) -> str:
    """A name in lines short enough to stand beside a plot."""
    return "\n".join(textwrap.wrap(name, _NAME_WIDTH, max_lines=2, placeholder=" …")) or name


def names_axis() -> "alt.Axis":
    """An axis of names made by `in_lines`."""
    import altair as alt

    return alt.Axis(labelExpr="split(datum.label, '\\n')", labelLimit=0)


def spec_of(chart: "Chart") -> str:
    """A chart in our theme as the text it is drawn from: what is the same text is the same picture."""
    spec: dict[str, Any] = chart.to_dict()
    spec["config"] = _THEME
    return json.dumps(spec, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=64)
def draw(spec: str, form: Form) -> bytes:
    """The picture of a chart."""
    import vl_convert  # with what it draws with, a second the first time

    if form == "svg":
        return vl_convert.vegalite_to_svg(spec).encode()
    return bytes(vl_convert.vegalite_to_png(spec, scale=2))


def send_plot(request: Request, chart: "Chart", form: Form) -> Response:
    """The picture of a chart; a browser that has it already is told so, and nothing is drawn."""
    spec = spec_of(chart)
    etag = f'"{hashlib.sha256(f"{form}{spec}".encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(draw(spec, form), media_type=MEDIA_TYPES[form], headers=headers)
