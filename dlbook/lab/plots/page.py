"""The sheet to draw on."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlbook.lab.plots.canvas import BookFigure

SHORTEST_ALT = 20


def figure(
    alt: str,
    *,
    rows: int = 1,
    columns: int = 1,
    width: float = 6.4,
    height: float = 3.6,
    **options: Any,
) -> tuple["BookFigure", Any]:
    """Make a figure in the book's style, with the sentence that stands for it.

    Args:
        alt: What the figure shows, for readers who do not see it: a sentence that names the axes
            and what is found, at least 20 characters.
        rows: Rows of axes.
        columns: Columns of axes; more than two are too small on a phone.
        width: Inches, 6.4 being the width of the text column.
        height: Inches.
        options: Further arguments of `matplotlib.figure.Figure.subplots`, such as `sharey=True`.

    Returns:
        The figure and its axes: one, or an array of shape `(rows, columns)` without the axes of
        length 1.

    Raises:
        ValueError: If `alt` is too short to be a sentence.

    Example:
        >>> drawing, axes = figure("A straight line that rises from 0 to 1.")
        >>> line = axes.plot([0, 1], [0, 1])
        >>> drawing.svg()[:12]
        '<svg xmlns="'
    """
    if not isinstance(alt, str) or len(alt.strip()) < SHORTEST_ALT:
        raise ValueError(
            f"alt must say in a sentence what the figure shows, at least {SHORTEST_ALT} "
            f"characters. Received: {alt!r}"
        )
    from dlbook.lab.plots.canvas import BookAxes, BookFigure, styled

    drawing = BookFigure(alt, figsize=(width, height))
    subplot_options = {"axes_class": BookAxes, **options.pop("subplot_kw", {})}
    with styled():
        axes = drawing.subplots(rows, columns, subplot_kw=subplot_options, **options)
    return drawing, axes


def share_labels(drawing: "BookFigure", x: str = "", y: str = "") -> None:
    """Name the axes of all panels once: below the lowest, and above the highest at the left.

    Args:
        drawing: A figure with several axes.
        x: Name of the horizontal axes.
        y: Name of the vertical axes.
    """
    from dlbook.lab.plots.canvas import styled

    with styled():
        if x:
            drawing.supxlabel(x, fontsize=12.5)
        if y:
            drawing.suptitle(y, x=0.01, ha="left", fontsize=12.5, fontweight="normal")
