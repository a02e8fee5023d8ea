"""The named colours of the book: every figure uses these and no others."""

COLORS: dict[str, str] = {
    "ink": "#23262d",
    "muted": "#5c6069",
    "grid": "#ddd7ca",
    "ground": "#faf7f0",
    "accent": "#9b3a1c",
    "blue": "#27478f",
    "orange": "#d66a00",
    "green": "#007a66",
    "purple": "#a75cb0",
    "red": "#8c1d20",
    "sky": "#1c8be8",
    "yellow": "#a07800",
}
"""Colour name -> hex on a light page. The page swaps each hex for the variable `--dlbook-<name>`,
so that the same drawing is right on a dark page; that is why every hex occurs once."""

CYCLE: tuple[str, ...] = ("blue", "orange", "green", "purple", "red", "sky")
"""Names of the colours that series take in turn; colour-blind readers can tell them apart."""


def hex_of(color: str) -> str:
    """Return the hex value of a book colour.

    Args:
        color: A name in `COLORS`, or already one of its hex values.

    Raises:
        ValueError: If the colour is not one of the book's.

    Example:
        >>> hex_of("blue")
        '#27478f'
    """
    if color in COLORS:
        return COLORS[color]
    if color in COLORS.values():
        return color
    raise ValueError(
        f"color must be one of the book's colours: {', '.join(COLORS)}. Received: {color!r}"
    )
