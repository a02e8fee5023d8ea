"""What the built pages say without a browser: links, names, search index, downloads."""

import gzip
import html
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import nbformat
import pytest

from dlbook import contents
from tests.site.browser.visits import Published, address_of, addresses

ADDRESSES = addresses(Path(__file__).resolve().parents[3])
CHAPTERS = [chapter.address for chapter in contents.chapters()]
FENCE = re.compile(r"^(`{3,}).*?^\1`*$", re.S | re.M)
HEAVIEST = 120_000
"""Bytes of the largest page that is still light, after compression."""

each_page = pytest.mark.parametrize(
    "address", [*ADDRESSES, "404.html"], ids=lambda each: each or "home"
)
each_chapter = pytest.mark.parametrize("address", CHAPTERS)


@dataclass
class Document(HTMLParser):
    """The links, names and headings of one page."""

    path: Path
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    language: str | None = None

    def __post_init__(self):
        super().__init__()
        self.text = self.path.read_text(encoding="utf-8")
        self.feed(self.text)
        self.title = self.text.partition("<title>")[2].partition("</title>")[0].strip()

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        if tag in {"a", "area"} and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given:
            self.parts += [] if given.get("rel") == "canonical" else [given["href"]]
        elif tag == "meta":
            self.meta[given.get("property") or given.get("name", "")] = given.get("content", "")
        elif tag == "html":
            self.language = given.get("lang")
        self.parts += [given["src"]] if "src" in given else []


@cache
def read(path: Path) -> Document:
    return Document(path)


def page_of(published: Published, address: str) -> tuple[Document, str]:
    """A page and the address from which its links count."""
    if address == "404.html":
        return read(published.folder / address), f"{published.url}nowhere/at/all/"
    return read(published.folder / address / "index.html"), address_of(published, address)


def file_of(published: Published, url: str) -> Path:
    """The file that is served at an address of the site."""
    below = unquote(urlsplit(url).path).removeprefix(urlsplit(published.url).path)
    path = published.folder / below
    return path / "index.html" if path.is_dir() else path


def broken_links(published: Published, document: Document, base: str) -> list[str]:
    """Links inside the site that lead to no file, or to no element of it."""
    targets = {urljoin(base, link) for link in document.links}
    return [url for url in targets if url.startswith(published.url) and not leads(published, url)]


def leads(published: Published, url: str) -> bool:
    """Whether an address of the site is that of a file, and its anchor that of an element."""
    path, anchor = file_of(published, url), unquote(urlsplit(url).fragment)
    if not anchor:
        return path.is_file()
    return path.is_file() and anchor in read(path).ids


def broken_parts(published: Published, parts: Iterable[str], base: str) -> list[str]:
    """What a page or a style sheet loads and is not ours, or is not there."""
    loaded = [urljoin(base, part) for part in parts if not part.startswith(("data:", "#"))]
    ours = [url for url in loaded if url.startswith(published.url)]
    return [url for url in loaded if url not in ours or not file_of(published, url).is_file()]


def repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def gaps(headings: list[int]) -> list[tuple[int, int]]:
    """Where the levels of headings are no outline: more than one first, or a level left out."""
    steps = pairwise([0, *headings])
    return [(above, below) for above, below in steps if below > above + 1 or (above and below == 1)]


# Links


@each_page
def test_every_link_and_anchor_leads_somewhere(published, address):
    document, base = page_of(published, address)
    assert len(document.links) > 10
    assert broken_links(published, document, base) == []


@each_page
def test_everything_that_a_page_loads_is_ours(published, address):
    document, base = page_of(published, address)
    assert len(document.parts) > 3
    assert broken_parts(published, document.parts, base) == []


def test_style_sheets_load_only_what_is_ours(published):
    for sheet in published.folder.rglob("*.css"):
        base = published.url + sheet.relative_to(published.folder).as_posix()
        parts = re.findall(r"url\(\s*[\"']?([^\"')]+)", sheet.read_text(encoding="utf-8"))
        assert broken_parts(published, parts, base) == []


# Names


@each_page
def test_no_name_is_given_twice(published, address):
    assert repeated(page_of(published, address)[0].ids) == []


@each_page
def test_headings_make_an_outline(published, address):
    headings = page_of(published, address)[0].headings
    assert headings
    assert gaps(headings) == []


def test_mistakes_would_be_found(published, tmp_path):
    path = tmp_path / "faulty.html"
    path.write_text(
        """<a href="maths/sofmax/"></a><a href="about/#nowhere"></a><a href="about/"></a>
        <h1 id="one">One</h1><h3 id="one">Three</h3><img src="https://example.org/x.png">
        <script src="assets/nothing.js"></script><link rel="stylesheet" href="assets/css/book.css">
        """,
        encoding="utf-8",
    )
    document, url = Document(path), published.url
    broken = broken_links(published, document, url)
    assert sorted(broken) == [f"{url}about/#nowhere", f"{url}maths/sofmax/"]
    assert broken_parts(published, document.parts, url) == [
        "https://example.org/x.png",
        f"{url}assets/nothing.js",
    ]
    assert repeated(document.ids) == ["one"]
    assert gaps(document.headings) == [(1, 3)]
    assert gaps([1, 2, 1]) == [(2, 1)]


@each_page
def test_a_page_says_what_it_is(published, address):
    document, _ = page_of(published, address)
    assert document.language == "en"
    assert len(document.meta["description"]) > 20
    assert document.meta["viewport"].startswith("width=device-width")


@each_page
def test_a_page_that_is_shared_has_a_picture_that_exists(published, address):
    document, _ = page_of(published, address)
    picture = document.meta.get("og:image")
    assert picture is None or file_of(published, picture).is_file()


def test_no_two_pages_share_a_title(published):
    titles = [page_of(published, address)[0].title for address in ADDRESSES]
    assert repeated(titles) == []


def test_no_two_chapters_share_a_description(published):
    about = [page_of(published, address)[0].meta["description"] for address in CHAPTERS]
    assert repeated(about) == []


@each_page
def test_a_page_is_light(published, address):
    text = page_of(published, address)[0].text
    assert len(gzip.compress(text.encode())) < HEAVIEST


def test_the_map_of_the_site_is_the_nav(published):
    places = ElementTree.parse(published.folder / "sitemap.xml").iterfind(".//{*}loc")
    mapped = [(place.text or "").removeprefix(published.url).strip("/") for place in places]
    assert sorted(mapped) == sorted(ADDRESSES)


# The search


def test_the_search_knows_every_page_and_no_notebook(published):
    pages = {entry["location"].split("#")[0].strip("/") for entry in index(published)}
    assert pages == set(ADDRESSES)


@each_chapter
def test_the_search_reads_no_code_and_no_output(published, address):
    prose = FENCE.sub("", published.texts[address])
    path = published.folder / address / f"{address.split('/')[-1]}.ipynb"
    text = indexed(published, address)
    assert len(text) > 500
    assert [line for line in lines_of(path) if line in text and line not in prose] == []
    assert "<svg" not in text


def test_noise_of_notebooks_would_be_found(published):
    path = published.folder / CHAPTERS[0] / f"{CHAPTERS[0].split('/')[-1]}.ipynb"
    lines = lines_of(path)
    assert any("import" in line for line in lines)
    assert not any(line in indexed(published, CHAPTERS[0]) for line in lines)


def lines_of(path: Path) -> set[str]:
    """The longer lines of code and of printed output of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    printed = [output.get("text", "") for cell in cells for output in cell.get("outputs", ())]
    lines = "\n".join([*code, *printed]).splitlines()
    return {line for each in lines if len(line := " ".join(each.split())) > 25}


def indexed(published: Published, address: str) -> str:
    """What the search knows of the text of a page."""
    entries = [each for each in index(published) if each["location"].startswith(f"{address}/")]
    return " ".join(" ".join(html.unescape(each["text"]).split()) for each in entries)


def index(published: Published) -> list[dict[str, str]]:
    text = (published.folder / "search" / "search_index.json").read_text(encoding="utf-8")
    return json.loads(text)["docs"]


# Downloads


@each_chapter
def test_the_notebook_of_a_chapter_is_there(published, address):
    document, base = page_of(published, address)
    (link,) = [link for link in document.links if link.endswith(".ipynb")]
    notebook = nbformat.read(file_of(published, urljoin(base, link)), as_version=4)
    nbformat.validate(notebook)
    assert any(cell.cell_type == "code" for cell in notebook.cells)
