"""The book's figures: a style, named colours, and one function per kind of picture.

Nothing here loads matplotlib until a figure is made. Start with `figure` (axes) or `diagram` (an
empty sheet), draw with the functions below or with matplotlib's own methods of the axes, which
know the names of the book's colours, and return the figure: it shows itself as SVG.
"""

from typing import TYPE_CHECKING, Any

from dlbook.lab.plots.colors import COLORS, CYCLE, hex_of
from dlbook.lab.plots.comparisons import bars, dots, histogram, strip
from dlbook.lab.plots.diagrams import arrow, box, diagram, flow
from dlbook.lab.plots.fields import heatmap, matrix
from dlbook.lab.plots.marks import note, reference, shade
from dlbook.lab.plots.networks import circle, network
from dlbook.lab.plots.page import figure, share_labels
from dlbook.lab.plots.pictures import gallery, image
from dlbook.lab.plots.planes import decision_regions, landscape, path, plane, points
from dlbook.lab.plots.series import axis_name, band, curves, label_lines, log_axis
from dlbook.lab.plots.text import number

if TYPE_CHECKING:
    from dlbook.lab.plots.canvas import BookFigure

__all__ = [
    "COLORS",
    "CYCLE",
    "BookFigure",
    "arrow",
    "axis_name",
    "band",
    "bars",
    "box",
    "circle",
    "curves",
    "decision_regions",
    "diagram",
    "dots",
    "figure",
    "flow",
    "gallery",
    "heatmap",
    "hex_of",
    "histogram",
    "image",
    "label_lines",
    "landscape",
    "log_axis",
    "matrix",
    "network",
    "note",
    "number",
    "path",
    "plane",
    "points",
    "reference",
    "shade",
    "share_labels",
    "strip",
]


def __getattr__(name: str) -> Any:
    if name == "BookFigure":
        from dlbook.lab.plots.canvas import BookFigure

        return BookFigure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
