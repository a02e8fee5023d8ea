"""The MkDocs hook of the book: how a chapter's Markdown and its notebook become a page.

MkDocs renders the text. mkdocs-jupyter renders the executed notebook, of which only the outputs
are kept; they are put behind the cells they belong to. Whatever would publish something wrong
(a stale notebook, a name that no longer exists, a mistake in a formula, a figure without
description) is a warning, and warnings fail the strict build.
"""

import logging
import posixpath
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import CombinedEvent, event_priority, get_plugin_logger
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from dlbook.lab.plots.colors import COLORS
from dlbook.site import (
    execute,
    fonts,
    freshness,
    join,
    ledger,
    listings,
    markup,
    maths,
    offline,
    outputs,
    source,
    thumbnails,
)
from dlbook.site.book import Book
from dlbook.site.fences import Fence, split
from dlbook.site.header import Header

_log = get_plugin_logger("dlbook")
_STATE = "dlbook_build"


class Build:
    """What one build of the site remembers from page to page.

    Args:
        root: the repository.
    """

    def __init__(self, root: Path) -> None:
        self.book = Book(root)
        self.characters: set[str] = set()
        self.rendered: dict[str, dict[str, list[outputs.Output]]] = {}
        self.content: dict[str, str] = {}
        self.sources: dict[str, str] = {}

    def warn(self, page: Page, problem: str) -> None:
        """Report a problem of a page, which fails the strict build, in one line."""
        _log.warning("%s: %s", page.file.src_uri, " ".join(problem.split()))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Begin a build."""
    logging.getLogger("traitlets").setLevel(logging.ERROR)  # we check descriptions ourselves
    root = Path(config.config_file_path).resolve().parent
    config.extra[_STATE] = Build(root)
    cache = root / ".cache" / "mkdocs-jupyter"
    config.plugins["mkdocs-jupyter"].config["cache_dir"] = str(cache)
    return config


@event_priority(-100)
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Point mkdocs-jupyter at the executed notebooks of the chapters."""
    build = _build(config)
    for chapter in build.book.chapters.values():
        file = files.get_file_from_path(chapter.page)
        path = execute.notebook_path(build.book.root, chapter.address)
        if file and path.is_file():
            file.abs_src_path = str(path)
    return files


def on_page_read_source(page: Page, config: MkDocsConfig) -> str | None:
    """Read a chapter's Markdown, although its file points at the notebook."""
    build = _build(config)
    if page.file.src_uri not in build.book.pages:
        return None
    path = Path(config.docs_dir) / page.file.src_uri
    return path.read_text(encoding="utf-8-sig")


@event_priority(-100)
def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn cells and listings into ordinary code blocks with marks around them."""
    build = _build(config)
    build.sources[page.file.src_uri] = markdown
    if markdown.startswith("---\n"):
        build.warn(
            page, "the front matter is no valid YAML (does a text with a colon lack quotes?)"
        )
    if page.file.src_uri in build.book.pages:
        _render_notebook(build, page, config, files)
    part = _part(build, page)
    if part and listings.MODULES in markdown:
        return markdown.replace(listings.MODULES, listings.module_reference(build.book, part))
    number = 0
    pieces = []
    for piece in split(markdown):
        number += isinstance(piece, Fence) and piece.is_cell
        pieces.append(_native(build, page, piece, number))
    return "".join([*pieces, "\n\n", build.book.glossary])


@event_priority(-100)
def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put outputs, header, lists and formulas into the HTML of a page."""
    build = _build(config)
    uri = page.file.src_uri

    def link(target: str) -> str:
        file = files.get_file_from_path(target)
        return get_relative_url(file.url, page.url) if file else target

    html = _lists(build, page, html, link)
    html = html.replace(offline.LINK, offline.link(config.extra.get("zip_name", "")))
    if uri in build.book.pages:
        html = _join_outputs(build, page, html)
        html = _header(build, page, config, link).insert(html, build.sources[uri])
    html = maths.typeset(html, lambda problem: build.warn(page, f"formula: {problem}"))
    for problem in markup.image_problems(html):
        build.warn(page, problem)
    _typeset_titles(page.toc)
    build.characters |= maths.characters(html)
    return markup.finish(html)


@event_priority(100)
def _on_page_context_before_search(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Any
) -> None:
    """Show the search what a reader looks for: text and headings, no code, no output."""
    build = _build(config)
    build.content[page.file.src_uri] = page.content or ""
    page.content = markup.searchable(page.content or "")


@event_priority(-100)
def _on_page_context_after_search(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Any
) -> None:
    """Give the page its content back."""
    content = _build(config).content.pop(page.file.src_uri)
    page.content = markup.without_marks(content)


on_page_context = CombinedEvent(_on_page_context_before_search, _on_page_context_after_search)


def on_post_build(config: MkDocsConfig) -> None:
    """Write the maths font with the characters that the formulas need."""
    build = _build(config)
    fonts.write(Path(config.site_dir), build.characters, build.book.root / ".cache" / "fonts")


def _build(config: MkDocsConfig) -> Build:
    return config.extra[_STATE]


def _part(build: Build, page: Page) -> Any:
    """The part whose page (or page of reference) this is, or None."""
    name = page.file.src_uri.removesuffix("/index.md").removesuffix(".md").split("/")[-1]
    return next((part for part in build.book.parts if part.name == name), None)


def _render_notebook(build: Build, page: Page, config: MkDocsConfig, files: Files) -> None:
    """Let mkdocs-jupyter render the notebook, keep its outputs, and leave the text to MkDocs."""
    book, chapter = build.book, build.book.pages[page.file.src_uri]
    if not execute.is_fresh(book.root, chapter.address, book.keys):
        build.warn(page, "the notebook is stale, its code has changed; run `dlbook build`")
    if "render" not in vars(page):
        return
    if execute.same_cells(book.root, chapter.address):
        page.render(config, files)
        build.rendered[page.file.src_uri] = outputs.collect(page.content or "")
    del page.render
    page.content = None


def _native(build: Build, page: Page, piece: str | Fence, number: int) -> str:
    """One piece of a page in Markdown that MkDocs understands."""
    if isinstance(piece, str):
        return piece
    if piece.is_cell:
        return join.marked_cell(piece, number)
    if piece.language != "source":
        return str(piece)
    try:
        names = freshness.shown_names(piece)
        full = "full" in piece.info.split()[1:]
        return join.marked_listing(source.fences(build.book.root, names, full=full))
    except source.SourceNotFoundError as error:
        build.warn(page, f"line {_lines_before(build, page) + piece.line}: {error}")
        return str(piece)


def _lines_before(build: Build, page: Page) -> int:
    """Lines of front matter above the Markdown of a page."""
    path = build.book.root / "docs" / page.file.src_uri
    written = path.read_text(encoding="utf-8-sig").count("\n")
    return written - build.sources[page.file.src_uri].count("\n")


def _join_outputs(build: Build, page: Page, html: str) -> str:
    chapter = build.book.pages[page.file.src_uri]
    found = build.rendered.pop(page.file.src_uri, {})
    cells = execute.saved_cells(build.book.root, chapter.address) if found else []
    renderer = outputs.Renderer(COLORS, lambda problem: build.warn(page, problem))
    blocks = [renderer.render(found.get(cell["id"], ()), cell) for cell in cells]
    return join.put_outputs(html, blocks)


def _header(build: Build, page: Page, config: MkDocsConfig, link: Any) -> Header:
    chapter = build.book.pages[page.file.src_uri]
    has_notebook = execute.notebook_path(build.book.root, chapter.address).is_file()
    return Header(
        book=build.book,
        chapter=chapter,
        meta=page.meta,
        link=link,
        notebook=f"{chapter.name}.ipynb" if has_notebook else "",
        colab=_colab(config, chapter.notebook) if has_notebook else "",
    )


def _colab(config: MkDocsConfig, notebook: str) -> str:
    """Where Colab opens a notebook; "" while there is no public repository."""
    repository = urlsplit(config.repo_url or "").path.strip("/")
    path = posixpath.join("blob/main/docs", notebook)
    return f"https://colab.research.google.com/github/{repository}/{path}" if repository else ""


def _lists(build: Build, page: Page, html: str, link: Any) -> str:
    part = _part(build, page)
    if part and listings.CHAPTERS in html:
        html = html.replace(listings.CHAPTERS, listings.chapter_cards(build.book, part, link))
    if listings.NOTES_MAP in html:
        html = html.replace(listings.NOTES_MAP, listings.notes_map(build.book, link))
    if ledger.LEDGER in html:
        html = html.replace(ledger.LEDGER, ledger.page(build.book, link))
    if ledger.VERDICTS in html:
        html = html.replace(ledger.VERDICTS, ledger.verdicts(build.book))
    return thumbnails.put(html, build.book.root, lambda problem: build.warn(page, problem))


def _typeset_titles(items: Any) -> None:
    for item in items:
        item.title = maths.typeset_title(item.title)
        _typeset_titles(item.children)
