"""The book's figure: matplotlib's, with a description, its own style and a tidy SVG.

Importing this module loads matplotlib; `dlbook.lab.plots` does so only when a figure is made.
"""

import functools
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from dlbook.lab.plots.colors import COLORS
from dlbook.lab.plots.svg import tidy
from dlbook.lab.plots.text import number, power_of_ten

STYLE = Path(__file__).parents[1] / "book.mplstyle"
STYLED = (
    "annotate", "arrow", "axhline", "axhspan", "axline", "axvline", "axvspan", "bar",
    "bar_label", "barh", "boxplot", "contour", "contourf", "errorbar", "fill", "fill_between",
    "fill_betweenx", "grid", "hist", "hlines", "legend", "loglog", "pie", "plot", "quiver",
    "scatter", "semilogx", "semilogy", "set_xlabel", "set_xticklabels", "set_xticks",
    "set_yticklabels", "set_yticks", "stairs", "stem", "step", "text", "tick_params",
    "violinplot", "vlines",
)  # fmt: skip
COLOR_ARGUMENTS = (
    "c", "color", "colors", "ec", "edgecolor", "edgecolors", "facecolor", "facecolors", "fc", "mec",
    "markeredgecolor", "markerfacecolor", "mfc",
)  # fmt: skip
LABEL_RISE = 7.0
LABEL_HEIGHT = 20.0
MOST_PLAIN = 2e5
MOST_PASSES = 12
STILL = 1e-6


@functools.cache
def style() -> dict[Any, Any]:
    """Return the settings of `book.mplstyle`."""
    return dict(mpl.rc_params_from_file(STYLE, use_default_template=False))


def styled() -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws in the book's style."""
    return mpl.rc_context(style())


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
        place = {"rotation": 0, "ha": "left", "va": "bottom"}
        raised = ScaledTranslation(0, LABEL_RISE / 72, self.figure.dpi_scale_trans)
        with styled():
            label = super().set_ylabel(ylabel, **{**place, **options})
            self.yaxis.set_label_coords(0, 1, transform=self.transAxes + raised)
        return label

    def set_title(self, label: str, *_: Any, **options: Any) -> Any:
        """Write a title; where a vertical axis has a name, the titles of the figure move up.

        Args:
            label: The title.
            options: Properties of the text.
        """
        with styled():
            return super().set_title(label, **{"loc": "left", **options})

    def set_xscale(self, value: Any, **options: Any) -> None:
        """Change the scale; a logarithmic one gets few ticks, written as plain numbers.

        Args:
            value: Name of the scale.
            options: Passed on to matplotlib.
        """
        with styled():
            super().set_xscale(value, **options)
            _plain_ticks(self.xaxis)

    def set_yscale(self, value: Any, **options: Any) -> None:
        """Change the scale; a logarithmic one gets few ticks, written as plain numbers.

        Args:
            value: Name of the scale.
            options: Passed on to matplotlib.
        """
        with styled():
            super().set_yscale(value, **options)
            _plain_ticks(self.yaxis)

    def raise_title(self) -> None:
        """Move the title above the name of the vertical axis."""
        with styled():
            super().set_title(self.get_title("left"), loc="left", pad=LABEL_RISE + LABEL_HEIGHT)


def _plain_ticks(axis: Any) -> None:
    if axis.get_scale() == "log":
        axis.set_major_locator(LogLocator(numticks=7))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(functools.partial(_log_tick, axis)))


def _log_tick(axis: Any, value: float, _: int) -> str:
    low, high = axis.get_view_interval()
    return power_of_ten(value) if high / low > MOST_PLAIN else number(value)


def _hex_values(colors: Any) -> Any:
    """Turn names of book colours into their hex values, one or a list; leave the rest alone."""
    if isinstance(colors, list | tuple):
        return [_hex_values(color) for color in colors]
    return COLORS.get(colors, colors) if isinstance(colors, str) else colors


def _styled(name: str) -> Callable[..., Any]:
    draw = getattr(Axes, name)

    @functools.wraps(draw)
    def method(self: BookAxes, *args: Any, **options: Any) -> Any:
        for argument in COLOR_ARGUMENTS:
            if argument in options:
                options[argument] = _hex_values(options[argument])
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
        with styled(), self._finished():
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
        with styled(), self._finished():
            super().savefig(fname, **{"facecolor": COLORS["ground"], **options})

    @contextmanager
    def _finished(self) -> Iterator[None]:
        """Settle the layout, let the finishers see the sizes, and keep it while it is written."""
        book_axes = [axes for axes in self.axes if isinstance(axes, BookAxes)]
        if any(axes.get_ylabel() for axes in book_axes):
            for axes in book_axes:
                axes.raise_title()
        self._settle()
        for _ in range(2 if self._finishers else 0):
            for finish in self._finishers:
                finish()
            self._settle()
        engine = self.get_layout_engine()
        self.set_layout_engine("none")
        try:
            yield
        finally:
            self.set_layout_engine(engine)

    def _settle(self) -> None:
        """Repeat the layout until nothing moves, so that drawing twice gives the same picture."""
        engine = self.get_layout_engine()
        if engine is None:
            return
        before = np.array(np.inf)
        for _ in range(MOST_PASSES):
            engine.execute(self)
            places = np.array([axes.get_position().bounds for axes in self.axes])
            if np.allclose(before, places, rtol=0, atol=STILL):
                break
            before = places

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": self.alt}
