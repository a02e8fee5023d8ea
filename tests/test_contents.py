"""The nav of mkdocs.yml is the table of contents."""

import pytest

from dlbook import contents
from dlbook.contents import Chapter, UnknownChapter

NAV = """
nav:
  - Home: index.md
  - Numbers:
      - maths/index.md
      - Softmax: maths/softmax.md
      - Tools:
          - "Entropy: surprise": maths/entropy.md
  - Slopes: [calculus/index.md]
  - Reference:
      - Glossary: glossary.md
      - api/index.md
markdown_extensions:
  - pymdownx.emoji:
      emoji_index: !!python/name:nothing.like.this
site_url: !ENV [NOBODY_SETS_THIS, "http://localhost/"]
"""


@pytest.fixture
def nav(tmp_path):
    def write(text):
        path = tmp_path / "mkdocs.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_sections_that_are_subpackages_are_parts_in_the_order_of_the_nav(nav):
    found = contents.read(nav(NAV))
    assert [(part.name, part.title) for part in found] == [
        ("maths", "Numbers"),
        ("calculus", "Slopes"),
    ]


def test_chapters_keep_their_titles_and_their_order_also_in_sections_of_sections(nav):
    maths = contents.read(nav(NAV))[0]
    assert maths.chapters == (
        Chapter("maths", "softmax", "Softmax"),
        Chapter("maths", "entropy", "Entropy: surprise"),
    )


def test_tags_of_other_programs_are_not_carried_out(nav):
    assert contents.read(nav(NAV))


def test_an_edited_nav_is_read_again(nav):
    contents.read(nav(NAV))
    assert contents.read(nav(NAV.replace("Softmax:", "Softmax, softly:")))[0].chapters[0].title == (
        "Softmax, softly"
    )


def test_a_nav_without_parts_has_no_parts(nav):
    assert contents.read(nav("site_name: empty")) == ()


def test_a_chapter_without_a_title_is_an_error_that_names_its_page(nav):
    with pytest.raises(ValueError, match=r"must have a title\. Received: 'maths/mean\.md'"):
        contents.read(nav("nav:\n  - Maths:\n      - maths/mean.md\n"))


def test_a_missing_nav_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mkdocs\.yml\. Received: .*nowhere"):
        contents.read(tmp_path / "nowhere" / "mkdocs.yml")


@pytest.mark.parametrize(
    "name",
    ["softmax", "maths/softmax", "maths.softmax", "dlbook.maths.softmax", "Softmax", " softmax "],
)
def test_a_chapter_is_found_under_each_of_its_names(name):
    assert contents.find(name).address == "maths/softmax"


def test_hyphens_stand_for_underscores():
    assert contents.find("gradient-descent").name == "gradient_descent"


@pytest.mark.parametrize("name", ["softmx", "maths/sofmax", "soft", "descent.softmax"])
def test_an_unknown_chapter_gets_the_nearest_names(name):
    with pytest.raises(UnknownChapter, match="Received: ") as caught:
        contents.find(name)
    assert "maths/softmax" in caught.value.nearest
    assert not caught.value.planned


@pytest.mark.parametrize("name", ["", "zzzz", "/"])
def test_a_name_like_no_other_gets_no_suggestion(name):
    with pytest.raises(UnknownChapter, match="dlbook list") as caught:
        contents.find(name)
    assert caught.value.nearest == ()


def test_a_chapter_that_is_announced_is_called_planned(monkeypatch):
    monkeypatch.setattr(contents, "planned", lambda: {"maths/surprise": "Surprise"})
    with pytest.raises(UnknownChapter, match="planned") as caught:
        contents.find("surprise")
    assert caught.value.planned


def test_every_chapter_of_the_nav_was_announced(root):
    announced = contents.announced(root / "docs" / "notes.yml")
    written = {chapter.address: chapter.title for chapter in contents.chapters()}
    assert written.items() <= announced.items()
    assert not set(written) & set(contents.planned())


def test_without_notes_nothing_is_announced(tmp_path):
    assert contents.announced(tmp_path / "notes.yml") == {}


def test_outside_a_checkout_the_book_lies_in_the_package(monkeypatch, tmp_path):
    package = tmp_path / "site-packages" / "dlbook"
    package.mkdir(parents=True)
    monkeypatch.setattr(contents, "PACKAGE", package)
    assert contents.root() is None
    assert contents.folder() == package / "_book"


def test_names_of_a_chapter_agree_in_all_trees():
    chapter = contents.find("softmax")
    assert chapter.page_path.is_file()
    assert chapter.notebook == "notebooks/maths/softmax.ipynb"
    assert chapter.test == "tests/maths/test_softmax.py"
    assert contents.parts()[0].page == f"{contents.parts()[0].name}/index.md"
