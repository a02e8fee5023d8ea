"""Figures stand inside the page, follow its palette and are described in words."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dlbook.site import figures, outputs, tidy

LABEL = "Accuracy rises with the number of examples."
SVG = f'<svg role="img" aria-label="{LABEL}"><g/></svg>'


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=0)
    return base64.b64encode(buffer.getvalue()).decode()


def pixels_of(data):
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    return np.asarray(picture.convert("RGBA"))


def test_two_figures_on_a_page_share_no_id():
    svg = '<svg><path id="a"/><use href="#a" clip-path="url(#a)"/><use xlink:href="#a"/></svg>'
    first, second = (figures.inline(svg, name, {}) for name in ("f1", "f2"))
    assert first == (
        '<svg><path id="f1-a"/><use xlink:href="#f1-a" clip-path="url(#f1-a)"/>'
        '<use xlink:href="#f1-a"/></svg>'
    )
    assert "f1" not in second


def test_a_reference_to_nothing_in_the_figure_stays():
    svg = '<svg><a xlink:href="#top"/></svg>'
    assert figures.inline(svg, "f1", {}) == svg


def test_colours_of_the_book_follow_the_palette_and_others_stay():
    svg = '<svg><g style="fill: #AABBCC; stroke: #aabbcd"/></svg>'
    assert figures.recolor(svg, {"ink": "#aabbcc"}) == (
        '<svg><g style="fill: var(--dlbook-ink, #aabbcc); stroke: #aabbcd"/></svg>'
    )


def test_a_figure_tells_what_it_shows():
    assert figures.describe(SVG) == LABEL
    assert figures.describe(SVG.replace("rises", "&lt; 1")) == LABEL.replace("rises", "< 1")


@pytest.mark.parametrize("svg", ["<svg/>", '<svg aria-label="Plot."/>', "no figure"])
def test_a_figure_without_words_is_an_error(svg):
    with pytest.raises(figures.MissingDescriptionError, match=r"needs `alt`.*Received: '"):
        figures.describe(svg)


def test_a_figure_loses_prologue_comments_and_needless_digits():
    svg = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg>\n<metadata>x</metadata><!-- today -->'
        '<path d="M 1.98765 -0.001 L 12 3.5"/>\n'
        '<g transform="scale(0.015625)"/><text>1.23456</text></svg>\n'
    )
    assert figures.shrink(svg) == (
        '<svg><path d="M 1.99 -0 L 12 3.5"/><g transform="scale(0.015625)"/>'
        "<text>1.23456</text></svg>"
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 40]))
def test_a_compressed_picture_has_the_same_pixels(seed, num_colours):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, num_colours, size=(16, 16, 3), dtype=np.uint8)
    assert (pixels_of(tidy.compress_png(png(pixels))) == pixels_of(png(pixels))).all()


def test_a_compressed_picture_is_smaller():
    flat = np.full((64, 64, 3), 7, dtype=np.uint8)
    assert len(tidy.compress_png(png(flat))) < len(png(flat)) / 10


def test_a_transparent_picture_stays_transparent():
    pixels = np.zeros((8, 8, 4), dtype=np.uint8)
    pixels[:4] = 255
    assert (pixels_of(tidy.compress_png(png(pixels))) == pixels).all()


def test_a_picture_inside_a_figure_is_compressed():
    data = png(np.full((64, 64, 3), 7, dtype=np.uint8))
    svg = figures.shrink(f'<svg><image href="data:image/png;base64,{data}"/></svg>', len_of)
    assert svg == f'<svg><image href="data:image/png;base64,{len(data)}"/></svg>'


def len_of(data):
    return str(len(data))


def rendered(output, cell=None):
    problems = []
    renderer = outputs.Renderer({"ink": "#112233"}, problems.append)
    return renderer.render([output], cell or {}), problems


def notebook_picture(metadata):
    output = {"output_type": "display_data", "data": {"image/png": "x"}, "metadata": metadata}
    return {"outputs": [{"output_type": "stream"}, output]}


def test_a_picture_takes_its_description_from_the_notebook():
    output = outputs.Output("", '<img alt="x" src="data:image/png;base64,AAAA"/>')
    html, problems = rendered(output, notebook_picture({"image/png": {"alt": LABEL}}))
    assert f'<img alt="{LABEL}" src="data:image/png;base64,AAAA">' in html
    assert not problems
    assert not rendered(output, notebook_picture({"alt": LABEL}))[1]


def test_a_picture_without_a_description_is_reported():
    output = outputs.Output("", '<img alt="x" src="data:image/png;base64,AAAA"/>')
    assert len(rendered(output, notebook_picture({}))[1]) == 1
    assert len(rendered(output)[1]) == 1


def test_colours_of_the_terminal_are_dropped():
    output = outputs.Output("text/plain", '<pre>\n<span class="ansi-red-fg">Red</span>: a\n</pre>')
    assert '<pre class="dlbook-output" tabindex="0">Red: a</pre>' in rendered(output)[0]


def test_a_cell_without_outputs_shows_nothing():
    assert outputs.Renderer({}, print).render([], {}) == ""


def test_outputs_are_found_for_each_cell():
    page = (
        '<div class="jp-Notebook"><div id="cell-id=code-1">'
        '<div class="jp-X jp-OutputArea-output" data-mime-type="text/plain"><div>a</div></div>'
        '</div><div id="cell-id=code-2">\n<div class="jp-OutputArea-output">b</div>'
        '<div class="jp-OutputArea-output">c</div></div></div> <!-- jp-Notebook --><style></style>'
    )
    found = outputs.collect(page)
    assert found == {
        "code-1": [outputs.Output("text/plain", "<div>a</div>")],
        "code-2": [outputs.Output("", "b"), outputs.Output("", "c")],
    }
