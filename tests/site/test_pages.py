"""How a chapter's Markdown and its executed notebook become a page."""

import json
import re

import pytest

from dlbook.contents import Part
from dlbook.site import header, listings, markup
from dlbook.site.book import Book


def test_an_output_stands_behind_its_cell(page):
    text = page("maths/doubling")
    places = [
        text.index(piece)
        for piece in ("twice three is</span>", "twice three is 6", "listing", "<svg viewBox")
        if piece in text
    ]
    assert text.index("twice three is 6") < text.index('<div class="dlbook-listing">')
    assert places == sorted(places)


def test_printed_text_is_marked_as_output(page):
    assert '<pre class="dlbook-output" tabindex="0">twice three is 6</pre>' in page(
        "maths/doubling"
    )


def test_nothing_of_the_notebook_plugin_but_outputs_reaches_the_page(page):
    text = page("maths/doubling")
    assert "jp-" not in text
    assert "<style>" not in re.sub(r"<head>.*?</head>", "", text, flags=re.S)
    assert len(text) < 60_000


def test_what_went_to_stderr_is_not_shown(page):
    assert ">to stderr" not in page("maths/doubling")


def test_a_figure_is_inline_and_follows_the_palette(page):
    figure = re.search(r'<figure class="dlbook-figure">(.*?)</figure>', page("maths/doubling"))
    assert figure
    assert "var(--dlbook-blue, #27478f)" in figure[1]
    assert 'aria-label="A blue line that rises to the right."' in figure[1]
    assert 'id="f1-line"' in figure[1]
    assert 'href="#f1-line"' in figure[1]
    assert "made today" not in figure[1]


def test_a_caption_follows_its_figure(page):
    assert re.search(
        r'</figure>\s*</div></div>\s*<p class="caption">It rises', page("maths/doubling")
    )


def test_hidden_code_is_folded(page):
    folded = re.search(
        r'<details class="dlbook-code"><summary>Show the code</summary>(.*?)</details>(.*?)</div>',
        page("maths/doubling"),
        re.S,
    )
    assert folded
    assert "_repr_svg_" in folded[1]
    assert "<figure" in folded[2]


def test_a_table_scrolls_in_a_box_with_a_name(page):
    assert (
        '<div class="dlbook-table-wrap" tabindex="0" role="region" '
        'aria-label="Table 1: The figure"><table class="dlbook-table">'
    ) in page("maths/doubling")


def test_a_cell_in_a_folded_solution_keeps_its_output_there(page):
    solution = re.search(r'<details class="success">(.*?)</details>', page("maths/doubling"), re.S)
    assert solution
    assert "&lt;object&gt;" in solution[1]


def test_an_expected_error_is_shown_without_its_traceback(page):
    error = re.search(r'<pre class="dlbook-output dlbook-error".*?</pre>', page("maths/doubling"))
    assert error
    assert "TypeError: unsupported operand" in error[0]
    assert "Traceback" not in error[0]


def test_own_source_is_shown_with_its_file(page):
    text = page("maths/doubling")
    assert '<span class="filename">dlbook/maths/doubling.py</span>' in text
    assert "what to double." not in text


def test_formulas_are_mathml(page):
    text = page("maths/doubling")
    assert '<math display="block">' in text
    assert "arithmatex" not in text
    assert "\\frac" not in text


def test_code_that_is_only_shown_stays_as_it_is(page):
    assert "shown" in page("maths/halving")
    assert "dlbook-cell" not in page("maths/halving")


def test_the_header_tells_part_answer_minutes_and_prerequisites(page):
    text = page("maths/doubling")
    assert '<p class="dlbook-part"><a href="../">The mathematics of twice</a></p>\n<h1' in text
    answer = re.search(r'<p class="dlbook-answer">(.*?)</p>', text)
    assert answer
    assert "<math>" in answer[1]
    assert "<em>nothing</em>" in answer[1]
    assert "<li>2 minutes</li>" in text
    assert "<li>1 minute</li>" in page("maths/halving")
    assert '<a href="../halving/">Halving</a>' in text
    assert '<span class="dlbook-planned">Thirding (planned)</span>' in text


def test_the_header_tells_what_the_reader_will_be_able_to_do(page):
    assert "<li>say what <code>double</code> does</li>" in page("maths/doubling")
    assert "dlbook-learn" not in page("maths/halving")


def test_the_run_box_offers_command_import_and_notebook(page, site):
    box = re.search(r'<aside class="dlbook-run".*?</aside>', page("maths/doubling"), re.S)
    assert box
    assert "<code>dlbook run doubling</code>" in box[0]
    assert "<code>from dlbook.maths.doubling import double</code>" in box[0]
    assert '<a href="doubling.ipynb" download>' in box[0]
    assert "Colab" not in box[0]
    assert (site / "maths" / "doubling" / "doubling.ipynb").is_file()


def test_a_chapter_without_cells_still_has_a_notebook_and_a_heading(page, site):
    assert "<h1>Halving</h1>" in page("maths/halving")
    assert (site / "maths" / "halving" / "halving.ipynb").is_file()


def test_colab_is_offered_once_the_repository_is_public(book):
    book.replace("mkdocs.yml", "site_name", "repo_url: https://github.com/someone/book\nsite_name")
    text = (book.build() / "maths" / "doubling" / "index.html").read_text(encoding="utf-8")
    address = "colab.research.google.com/github/someone/book/blob/main/docs/notebooks/maths/"
    assert f'href="https://{address}doubling.ipynb"' in text


def test_the_page_of_a_part_shows_written_and_planned_chapters_in_order(page):
    cards = re.findall(r'<li class="dlbook-card.*?</li>', page("maths"))
    assert [re.sub("<.*?>", " ", card).split()[0] for card in cards] == [
        "Doubling",
        "Thirding",
        "Halving",
    ]
    assert '<a href="doubling/">Doubling</a>' in cards[0]
    assert 'class="dlbook-card planned"' in cards[1]


def test_the_map_of_the_notes_links_only_written_chapters(page):
    row = re.search(r"<tr><th scope=.row.>(.*?)</tr>", page(""))
    assert row
    assert "1. Twice &amp; half" in row[1]
    assert '<a href="maths/doubling/">Doubling</a>' in row[1]
    assert '<span class="dlbook-planned">Thirding (planned)</span>' in row[1]


def test_a_term_is_explained_only_once(page):
    assert page("maths/doubling").count("<abbr") == 1


def test_the_search_finds_text_and_no_noise(site):
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    texts = " ".join(entry["text"] for entry in index["docs"] if "doubling" in entry["location"])
    assert "Twice a number is 2x" in texts
    for noise in ("twice three", "noisycolumn", "import", "dlbook run", "FACTOR"):
        assert noise not in texts


def test_marks_do_not_reach_the_reader(page):
    for address in ("", "maths", "maths/doubling", "maths/halving"):
        assert "noindex" not in page(address)
        assert "<!--dlbook" not in page(address)


def test_the_maths_font_is_ours(site):
    font = (site / "assets" / "fonts" / "stix-two-math.woff2").read_bytes()
    assert font[:4] == b"wOF2"
    assert len(font) < 100_000


def test_generated_and_included_files_are_not_published(site):
    assert not (site / "notebooks").exists()
    assert not (site / "includes").exists()
    assert not (site / "notes.yml").exists()


REFERENCE = """plugins:
  - mkdocstrings:
      enable_inventory: false
      handlers:
        python:
          paths: [.]
          options:
            extensions: ["dlbook.site.docstrings:Examples"]
"""


def test_the_reference_shows_the_modules_of_a_part_with_their_examples(book):
    book.replace("mkdocs.yml", "plugins:\n", REFERENCE)
    book.replace(
        "mkdocs.yml", "  - Home: index.md\n", "  - Home: index.md\n  - API: api/maths.md\n"
    )
    example = '"""Double a number.\n\n    Example:\n        >>> 1\n        1\n'
    book.replace("dlbook/maths/doubling.py", '"""Double a number.\n', example)
    (book.root / "dlbook" / "maths" / "halving.py").write_text('"""Half."""\n', encoding="utf-8")
    (book.root / "docs" / "api").mkdir()
    (book.root / "docs" / "api" / "maths.md").write_text("# M\n\n<!-- modules -->\n", "utf-8")
    text = (book.build() / "api" / "maths" / "index.html").read_text(encoding="utf-8")
    assert 'id="dlbook.maths.doubling.double"' in text
    assert 'id="dlbook.maths.halving"' in text
    assert '<span class="gp">&gt;&gt;&gt; </span>' in text
    assert "blockquote" not in text


def test_a_part_without_chapters_has_an_empty_reference(executed_book):
    reference = listings.module_reference(Book(executed_book), Part("maths", "Maths"))
    assert "No chapter of this part is written yet" in reference


@pytest.mark.parametrize(("words", "minutes"), [(10, 1), (200, 1), (201, 2), (1000, 5)])
def test_reading_takes_a_minute_for_two_hundred_words(words, minutes):
    assert header.reading_minutes("word " * words) == minutes


def test_code_and_formulas_take_time_too():
    assert header.reading_minutes("```py\n" + "a = 1\n" * 60 + "```\n") == 2
    assert header.reading_minutes("$$\nx\n$$\n" * 8) == 2


def test_a_sentence_of_front_matter_may_hold_code_and_formulas():
    text = header.inline("`a` is $x < y_1$ or $z$")
    assert text.startswith("<code>a</code> is <span")
    assert r"\(x &lt; y_1\)" in text
    assert r"\(z\)" in text


def test_the_book_knows_planned_and_written_chapters(executed_book):
    book = Book(executed_book)
    assert list(book.titles) == ["maths/doubling", "maths/thirding", "maths/halving"]
    assert book.planned == ("maths/thirding",)


@pytest.mark.parametrize(
    ("module", "page", "line"),
    [
        ("def other(): ...\ndef halving(): ...\n", "", "halving"),
        ("def other(): ...\nclass Halving: ...\n", "", "Halving"),
        ("def _own(): ...\ndef other(): ...\ndef third(): ...\n", "", "other"),
        ("def a(): ...\ndef b(): ...\nC = 1\n", "dlbook.maths.halving.b\ndlbook.x.a", "b"),
        ("LIMIT = 3\n", "", None),
    ],
)
def test_the_import_line_names_what_the_page_shows(book, module, page, line):
    (book.root / "dlbook" / "maths" / "halving.py").write_text(module, encoding="utf-8")
    small = Book(book.root)
    made = header.import_line(small, small.chapters["maths/halving"], f"```source\n{page}\n```\n")
    assert made == (f"from dlbook.maths.halving import {line}" if line else "")


def test_a_chapter_without_a_module_has_nothing_to_import(executed_book):
    book = Book(executed_book)
    assert header.import_line(book, book.chapters["maths/halving"], "") == ""


def test_the_search_reads_a_page_from_its_heading_on():
    shown = markup.searchable("<!--noindex--><p>Part</p><!--/noindex-->\n<h1>Title</h1><p>Text</p>")
    assert shown == "<h1>Title</h1><p>Text</p>", "anything before makes an entry of its own"


def test_the_search_reads_no_python():
    code = '<div class="language-py highlight"><pre><code><span>x = 1</span></code></pre></div>'
    shown = markup.searchable(f"<h1>Title</h1>{code}<p>Text</p>{code}<p>More</p>")
    assert shown == "<h1>Title</h1><p>Text</p><p>More</p>"
