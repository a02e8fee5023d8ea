"""What must not be published fails the strict build, with one clear line."""

import pytest

from dlbook.site import execute


def test_the_small_book_builds_as_it_is(book):
    assert (book.build() / "maths" / "doubling" / "index.html").is_file()


def test_a_function_that_is_gone_fails_the_build(book):
    book.replace("docs/maths/doubling.md", "maths.doubling.double\n", "maths.doubling.doble\n")
    line = named(book.problems(), "doble")
    assert "maths/doubling.md: line 31:" in line
    assert "nearest: double." in line


def test_a_broken_link_fails_the_build(book):
    book.replace("docs/maths/doubling.md", "(halving.md)", "(halfing.md)")
    assert len(book.problems()) == 1
    assert "maths/halfing.md" in book.problems()[0]


def test_a_broken_anchor_fails_the_build(book):
    book.replace("docs/maths/doubling.md", "(halving.md)", "(halving.md#nowhere)")
    assert len(book.problems()) == 1
    assert "does not contain an anchor '#nowhere'" in book.problems()[0]


def test_a_misspelt_tex_command_fails_the_build(book):
    book.replace("docs/maths/doubling.md", "\\frac{2x}{2}", "\\farc{2x}{2}")
    (line,) = book.problems()
    assert "maths/doubling.md: formula: Unknown command" in line
    assert "Received: x = \\farc{2x}{2}" in line


@pytest.mark.parametrize("label", ["", "Line."])
def test_a_figure_without_a_description_fails_the_build(book, label):
    book.replace("docs/maths/doubling.md", "A blue line that rises to the right.", label)
    execute.execute_chapters(book.root)
    (line,) = book.problems()
    assert "maths/doubling.md: a figure needs `alt`" in line
    assert line.endswith(f"Received: {label!r}")


def test_an_image_without_a_description_fails_the_build(book):
    book.replace("docs/maths/doubling.md", "![A hand-drawn two]", "![]")
    (line,) = book.problems()
    assert "maths/doubling.md: an image needs a description" in line
    assert "two.svg" in line


def test_code_edited_without_execution_fails_the_build(book):
    book.replace("docs/maths/doubling.md", "double(3)", "double(4)")
    (line,) = book.problems()
    assert "maths/doubling.md: the notebook is stale" in line
    assert "`dlbook build`" in line


def test_a_module_edited_without_execution_fails_the_build(book):
    book.replace("dlbook/maths/factor.py", "2", "3")
    (line,) = book.problems()
    assert "maths/doubling.md: the notebook is stale" in line


def test_a_missing_notebook_fails_the_build(book):
    execute.notebook_path(book.root, "maths/doubling").unlink()
    (line,) = book.problems()
    assert "maths/doubling.md: the notebook is stale" in line


def test_front_matter_that_is_no_yaml_fails_the_build(book):
    book.replace("docs/maths/halving.md", "description: Half.", "description: Half: a half.")
    assert "front matter" in named(book.problems(), "maths/halving.md")


def test_a_page_outside_the_nav_fails_the_build(book):
    (book.root / "docs" / "lost.md").write_text("# Lost\n", encoding="utf-8")
    assert "lost.md" in " ".join(book.problems())


def test_every_problem_is_listed_at_once(book):
    book.replace("docs/maths/doubling.md", "(halving.md)", "(halfing.md)")
    book.replace("docs/maths/doubling.md", "\\frac", "\\farc")
    book.replace("docs/maths/doubling.md", "double(3)", "double(4)")
    assert len(book.problems()) == 3


def named(problems, word):
    """The one problem that contains a word."""
    (line,) = [problem for problem in problems if word in problem]
    return line
