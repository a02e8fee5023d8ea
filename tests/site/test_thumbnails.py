"""A small picture is one panel of a chapter's figure, as the notebook drew it, without words."""

import re
from xml.etree import ElementTree

import pytest

from dlbook.site import thumbnails
from dlbook.site.book import Book

FIGURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 4" stroke-linejoin="round">
<defs><path id="dot" d="M0 0v1"/></defs><defs><path id="tick" d="M0 0v2"/></defs>
<use x="1" y="3" href="#tick"/><text x="1" y="4">0.5</text>
<path d="M0 1h4" clip-path="url(#left)" stroke="#ddd7ca"/>
<path d="M0 2h4" clip-path="url(#left)" stroke="#27478f"/>
<text x="1" y="2" clip-path="url(#left)">inside</text>
<path d="M5 3h4" clip-path="url(#right)" stroke="#d66a00"/>
<g clip-path="url(#right)"><use x="7" y="3" href="#dot"/></g>
<defs><clipPath id="left"><rect x="0" y="0.5" width="4" height="3"/></clipPath></defs>
<defs><clipPath id="right"><rect x="5" y="0.5" width="4" height="3"/></clipPath></defs>
</svg>"""


def comment(address="calculus/derivatives", plot="plot_secants", number=1):
    return f"<!-- figure: {address} {plot} {number} -->"


def test_a_panel_keeps_its_data_and_loses_words_ticks_and_grid():
    left, right = (ElementTree.fromstring(thumbnails.panel(FIGURE, each)) for each in (1, 2))
    drawn = [[each.get("d") for each in one.iter() if each.get("d")] for one in (left, right)]
    assert drawn == [["M0 2h4"], ["M0 0v1", "M5 3h4"]]
    assert (left.get("viewBox"), right.get("viewBox")) == ("0 0.5 4 3", "5 0.5 4 3")
    assert "inside" not in "".join(left.itertext())


def test_shared_shapes_are_defined_and_not_drawn_by_themselves():
    small = thumbnails.panel(FIGURE, 2)
    assert re.search(r'<defs>.*<path id="dot".*</defs>.*<use [^>]*href="#dot"', small, re.S)
    assert small.count("<clipPath") == 1
    assert "tick" not in small


def test_a_small_picture_is_hidden_from_screen_readers():
    small = ElementTree.fromstring(thumbnails.panel(FIGURE, 1))
    assert small.get("aria-hidden") == "true"
    assert small.get("role") is None


@pytest.mark.parametrize("number", [0, 3])
def test_a_panel_that_does_not_exist_is_refused(number):
    with pytest.raises(thumbnails.NoFigureError, match=f"has 2 panels. Received: {number}"):
        thumbnails.panel(FIGURE, number)


def test_two_pictures_share_no_id_and_follow_the_palette(root):
    html = thumbnails.put(f"<p>{comment()}</p><p>{comment()}</p>", root, pytest.fail)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)) > 2
    assert {each.split("-")[0] for each in ids} == {"t1", "t2"}
    assert "var(--dlbook-accent, " in html


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (comment("calculus/nothing"), "made by plot_secants. Received: calculus/nothing"),
        (comment(plot="plot_nothing"), "made by plot_nothing. Received: calculus/derivatives"),
        (comment(number=2), "the figure has 1 panels. Received: 2"),
    ],
)
def test_a_picture_that_cannot_be_made_is_one_warning(root, asked, said):
    warnings = []
    assert thumbnails.put(f"<p>{asked}</p>", root, warnings.append) == "<p></p>"
    assert len(warnings) == 1
    assert warnings[0].endswith(said)


def test_the_strict_build_fails_without_the_figure(book):
    book.replace("docs/index.md", "# Home\n", f"# Home\n\n{comment('maths/doubling', 'plot_x')}\n")
    assert any(
        "index.md: <!-- figure: maths/doubling plot_x 1 -->" in one for one in book.problems()
    )


def test_every_part_has_a_small_picture_on_the_home_page_and_all_are_light(root):
    book = Book(root)
    text = (root / "docs" / "index.md").read_text(encoding="utf-8")
    asked = re.findall(
        r"<!-- figure: (\w+)/(\w+) \w+ \d+ -->\n\s+\[[^\]]+\]\((\w+)/index.md\)", text
    )
    assert [part for part, _, _ in asked] == [part.name for part in book.parts]
    assert all(part == linked for part, _, linked in asked)
    made = thumbnails.put(text, root, pytest.fail)
    assert len(made) - len(text) < 80_000
