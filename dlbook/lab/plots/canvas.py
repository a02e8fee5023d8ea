"""The book's figure: matplotlib's, with a description, its own style and a tidy SVG.

Importing this module loads matplotlib; `dlbook.lab.plots` does so only when a figure is made.
"""

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlbook.lab.plots.colors import COLORS
from dlbook.lab.plots.svg import tidy

STYLE = Path(__file__).parents[1] / "book.mplstyle"
STYLED = (
    "annotate arrow axhline axhspan axline axvline axvspan bar bar_label barh boxplot contour "
    "contourf errorbar fill fill_between fill_betweenx hist hlines legend loglog pie plot quiver "
    "scatter semilogx semilogy set_title set_xlabel set_xticks set_ylabel set_yticks stairs stem "
    "step text violinplot vlines"
).split()
COLOR_ARGUMENTS = (
    "c", "color", "colors", "ec", "edgecolor", "edgecolors", "facecolor", "facecolors", "fc", "mec",
    "markeredgecolor", "markerfacecolor", "mfc",
)  # fmt: skip


@functools.cache
def style() -> dict[str, Any]:
    """Return the settings of `book.mplstyle`."""
    return dict(mpl.rc_params_from_file(STYLE, use_default_template=False))


class BookAxes(Axes):
    """Axes that draw in the book's style and understand the names of its colours."""


def _styled(name: str) -> Callable[..., Any]:
    draw = getattr(Axes, name)

    @functools.wraps(draw)
    def method(self: BookAxes, *args: Any, **options: Any) -> Any:
        for argument in COLOR_ARGUMENTS:
            if isinstance(options.get(argument), str):
                options[argument] = COLORS.get(options[argument], options[argument])
        with mpl.rc_context(style()):
            return draw(self, *args, **options)

    return method


for _name in STYLED:
    setattr(BookAxes, _name, _styled(_name))


class BookFigure(Figure):
    """A figure that can be read aloud, and that turns into SVG the same way every time.

    Attributes:
        alt: What the figure shows, in a sentence.
    """

    def __init__(self, alt: str, **options: Any) -> None:
        self.alt = alt
        self._finishers: list[Callable[[], None]] = []
        with mpl.rc_context(style()):
            super().__init__(**options)

    def before_drawing(self, finish: Callable[[], None]) -> None:
        """Call `finish` when all sizes are known, just before the figure is written.

        Args:
            finish: Function without arguments, for example one that moves labels apart.
        """
        self._finishers.append(finish)

    def svg(self) -> str:
        """Return the figure as SVG text: scales with the page, coloured by it, same bytes always.

        Raises:
            ValueError: If a colour is used that is not one of the book's.
        """
        buffer = io.StringIO()
        with mpl.rc_context({**style(), "svg.hashsalt": self.alt}):
            self._finish()
            super().savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        return tidy(buffer.getvalue(), self.alt)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write the figure to a file: `.svg` as `svg()` gives it, other kinds by matplotlib.

        Args:
            fname: Path or open file; its ending says which kind.
            options: Passed on to matplotlib (not for SVG).
        """
        if str(fname).endswith(".svg"):
            Path(fname).write_text(self.svg() + "\n", encoding="utf-8")
            return
        with mpl.rc_context(style()):
            self._finish()
            super().savefig(fname, **{"facecolor": COLORS["ground"], **options})

    def _finish(self) -> None:
        self.draw_without_rendering()
        for finish in self._finishers:
            finish()

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": self.alt}
