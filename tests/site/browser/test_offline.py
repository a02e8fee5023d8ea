"""The offline edition, unpacked and opened from the disk."""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from dlbook.site.offline import ZIP, make_zip

pytestmark = pytest.mark.browser

DOCS = Path(__file__).resolve().parents[3] / "docs"
WIDGETS = {
    name: path
    for path in sorted(DOCS.rglob("*.md"))
    for name in re.findall(r"<(dlbook-[a-z-]+)", path.read_text(encoding="utf-8"))
}
ADDRESS = re.compile(r'\b(?:href|src)="([^"]+)"')


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book as a reader has it who unpacked the zip."""
    place = tmp_path_factory.mktemp("offline")
    with zipfile.ZipFile(make_zip(root, place / ZIP, strict=False)) as archive:
        archive.extractall(place)
    return place / "dlbook"


@pytest.fixture
def open_file(
    profile: Callable[..., BrowserContext], folder: Path
) -> Iterator[Callable[[str], Page]]:
    """Opens a page from the disk; what it misses or asks of a network is an error."""
    problems: list[str] = []

    def open_it(address: str) -> Page:
        page = profile(offline=True).new_page()
        page.on("requestfailed", lambda request: problems.append(f"missed {request.url}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto((folder / address).as_uri())
        return page

    yield open_it
    assert problems == []


def test_the_home_page_brings_its_small_pictures(folder):
    assert (folder / "index.html").read_text(encoding="utf-8").count("dlbook-thumbnail") == 8


def test_every_link_and_picture_is_in_the_zip(folder):
    missed = set()
    pages = list(folder.rglob("*.html"))
    for path in pages:
        for found in ADDRESS.findall(path.read_text(encoding="utf-8")):
            parts = urlsplit(found)
            if parts.path and not parts.scheme:
                target = (path.parent / unquote(parts.path)).resolve()
                missed |= set() if target.is_file() else {f"{path.relative_to(folder)}: {found}"}
    assert len(pages) > 40
    assert missed == set()


def test_no_place_of_the_machine_that_built_it_is_in_the_zip(folder, root):
    texts = (path for path in folder.rglob("*") if path.suffix in {".html", ".js", ".json", ".css"})
    assert [path.name for path in texts if str(root) in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("widget", WIDGETS)
def test_widgets_draw_themselves(open_file, widget):
    page = open_file(WIDGETS[widget].relative_to(DOCS).with_suffix(".html").as_posix())
    page.locator(f"{widget} svg").first.wait_for()


def test_the_search_finds_a_term(open_file):
    page = open_file("about.html")
    page.keyboard.press("/")
    page.locator(".md-search__input").press_sequentially("softmax temperature")
    page.locator("a.md-search-result__link[href*='maths/softmax.html']").first.wait_for()


def test_a_link_leads_to_the_next_page(open_file):
    page = open_file("index.html")
    page.get_by_role("link", name="Start with one neuron").click()
    page.wait_for_url("**/science/what_is_deep_learning.html")
