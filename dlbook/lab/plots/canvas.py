"""The book's figure: matplotlib's, with a description, its own style and a tidy SVG.

Importing this module loads matplotlib; `dlbook.lab.plots` does so only when a figure is made.
"""

import functools
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
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
    "scatter semilogx semilogy set_xlabel set_xticks set_yticks stairs stem "
    "step text violinplot vlines"
).split()
COLOR_ARGUMENTS = (
    "c", "color", "colors", "ec", "edgecolor", "edgecolors", "facecolor", "facecolors", "fc", "mec",
    "markeredgecolor", "markerfacecolor", "mfc",
)  # fmt: skip
TITLE_PAD = 9.0
LABEL_HEIGHT = 19.0


@functools.cache
def style() -> dict[str, Any]:
    """Return the settings of `book.mplstyle`."""
    return dict(mpl.rc_params_from_file(STYLE, use_default_template=False))


def styled(**settings: Any) -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws in the book's style.

    Args:
        settings: Further settings, with `_` for the dot in their names.
    """
    extra = {name.replace("_", ".", 1): value for name, value in settings.items()}
    return mpl.rc_context({**style(), **extra})


class BookAxes(Axes):
    """Axes that draw in the book's style and understand the names of its colours.

    The name of the vertical axis stands above it, to be read without turning the head.
    """

    def set_ylabel(self, ylabel: str, *_: Any, **options: Any) -> Any:
        """Write the name of the vertical axis above it, at its left end.

        Args:
            ylabel: The name, with its unit in brackets where it has one.
            options: Properties of the text.
        """
        place = {"rotation": 0, "ha": "left", "va": "bottom", "y": 1.0}
        with styled():
            label = super().set_ylabel(ylabel, **{**place, **options})
        self.set_title(self.get_title("left"))
        return label

    def set_title(self, label: str, *_: Any, **options: Any) -> Any:
        """Write a title, above the name of the vertical axis.

        Args:
            label: The title.
            options: Properties of the text.
        """
        pad = TITLE_PAD + (LABEL_HEIGHT if self.get_ylabel() else 0)
        with styled():
            return super().set_title(label, **{"pad": pad, "loc": "left", **options})


def _styled(name: str) -> Callable[..., Any]:
    draw = getattr(Axes, name)

    @functools.wraps(draw)
    def method(self: BookAxes, *args: Any, **options: Any) -> Any:
        for argument in COLOR_ARGUMENTS:
            if isinstance(options.get(argument), str):
                options[argument] = COLORS.get(options[argument], options[argument])
        with styled():
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
        with styled():
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
        with styled(svg_hashsalt=self.alt):
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
        with styled():
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
