"""The colours of the book: the same in figures and on pages, and readable in both palettes."""

import re
from pathlib import Path

import pytest

from dlbook.lab.plots.colors import COLORS, CYCLE

CSS = Path(__file__).parents[2] / "docs" / "assets" / "css" / "book.css"
PALETTES = ("default", "slate")
TEXT, GRAPHICS = 4.5, 3.0  # least contrast that WCAG AA asks for


def variables(scheme: str) -> dict[str, str]:
    """Every hexadecimal colour that a palette names, outside of print."""
    css = CSS.read_text(encoding="utf-8").split("@media print")[0]
    blocks = re.findall(rf'\[data-md-color-scheme="{scheme}"\] \{{(.*?)\n\}}', css, re.S)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", "".join(blocks)))


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_light_pages_have_the_colors_of_the_figures():
    page = variables("default")
    assert {name: page[f"dlbook-{name}"] for name in COLORS} == COLORS


def test_dark_pages_name_every_color_of_the_figures():
    assert {f"dlbook-{name}" for name in COLORS} <= variables("slate").keys()


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize("name", [*CYCLE, "yellow", "accent"])
def test_what_is_drawn_stands_out(scheme, name):
    palette = variables(scheme)
    assert contrast(palette[f"dlbook-{name}"], palette["dlbook-ground"]) >= GRAPHICS


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize("name", ["ink", "muted", "accent", "holds", "fails", "depends"])
@pytest.mark.parametrize("ground", ["ground", "tint"])
def test_words_are_readable(scheme, name, ground):
    palette = variables(scheme)
    assert contrast(palette[f"dlbook-{name}"], palette[f"dlbook-{ground}"]) >= TEXT


@pytest.mark.parametrize("scheme", PALETTES)
def test_every_color_of_code_is_readable(scheme):
    palette = variables(scheme)
    syntax = {name: color for name, color in palette.items() if name.startswith("md-code-hl-")}
    assert len(syntax) == 12
    faint = {n: c for n, c in syntax.items() if contrast(c, palette["dlbook-tint"]) < TEXT}
    assert not faint
