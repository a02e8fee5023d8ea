"""The whole book, built once and served, and a browser that reads it."""

import dataclasses
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dlbook.cli.server import HOST, bind
from dlbook.site.build import build_site
from tests.site.browser import visits
from tests.site.browser.visits import PREFIX, PROBE, Published, Visit
from tools.browser import NoBrowserError, launch

expect.set_options(timeout=20_000)
PLAIN_PAGE = "reference/sweeps"
"""A page of text, with no figures of its own, into which tests plant what they look at."""
ADDRESSES = visits.addresses(Path(__file__).resolve().parents[3])


@pytest.fixture(scope="session")
def published(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """The book, built and served for as long as the tests run.

    A stale notebook is no reason to stop here: the strict build says so already.
    """
    folder = tmp_path_factory.mktemp("published") / "site"
    with bind(folder, 0) as server:
        server.prefix = PREFIX
        url = f"http://{HOST}:{server.server_address[1]}{PREFIX}"
        pages = ((address, root / "docs" / page) for address, page in ADDRESSES.items())
        texts = {address: path.read_text(encoding="utf-8") for address, path in pages}
        build_site(root, strict=False, site_dir=folder, site_url=url)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Published(folder, url, texts)
        server.shutdown()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser; without one the tests are skipped on a laptop and fail in CI."""
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except NoBrowserError as error:
            give_up(str(error), os.environ)
        yield browser
        browser.close()


def give_up(reason: str, environment: Mapping[str, str]) -> NoReturn:
    """Say that no browser test can run: a failure where they must, a skip elsewhere."""
    if environment.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def profile(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes fresh profiles of the browser; options are those of Playwright."""
    contexts = []

    def make(**options: object) -> BrowserContext:
        contexts.append(new_profile(chromium, **options))
        return contexts[-1]

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(profile: Callable[..., BrowserContext], published: Published) -> Callable[..., Page]:
    """Opens a page of the book in a fresh profile and waits until it is ready."""

    def open_it(address: str = "", **options: object) -> Page:
        page = profile(**options).new_page()
        page.goto(visits.address_of(published, address))
        if options.get("java_script_enabled", True):
            visits.ask(page, "settle")
        return page

    return open_it


@pytest.fixture(scope="module")
def plant(published: Published) -> Iterator[Callable[[str], str]]:
    """Puts HTML on a page of its own, for as long as the tests of a module run.

    It returns the page's address, which the map of the site knows too, as links to it are instant.
    """
    folder = published.folder / "planted"
    sitemap = published.folder / "sitemap.xml"
    known = sitemap.read_text(encoding="utf-8")
    planted: dict[str, str] = {}

    def make(html: str) -> str:
        if html not in planted:
            address = planted[html] = f"planted/{len(planted)}"
            path = published.folder / address / "index.html"
            path.parent.mkdir(parents=True)
            text = published.html(PLAIN_PAGE)
            path.write_text(text.replace("</h1>", f"</h1><p>{html}</p>"), encoding="utf-8")
            places = (f"<url><loc>{published.url}{each}/</loc></url>" for each in planted.values())
            more = known.replace("</urlset>", f"{''.join(places)}</urlset>")
            sitemap.write_text(more, encoding="utf-8")
        return planted[html]

    yield make
    sitemap.write_text(known, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def still(
    plant: Callable[[str], str], chromium: Browser, published: Published
) -> Iterator[Callable[[str], Page]]:
    """Opens planted HTML once for all tests of a module, in a browser in which nothing moves."""
    with new_profile(chromium, reduced_motion="reduce") as context:

        def open_it(html: str) -> Page:
            page = context.new_page()
            page.goto(visits.address_of(published, plant(html)))
            visits.ask(page, "settle")
            return page

        yield open_it


@pytest.fixture
def open_planted(
    open_page: Callable[..., Page], plant: Callable[[str], str]
) -> Callable[..., Page]:
    """Opens planted HTML in a fresh profile of the browser."""
    return lambda html, **options: open_page(plant(html), **options)


@pytest.fixture
def visit_planted(
    visitor: BrowserContext, plant: Callable[[str], str], published: Published
) -> Callable[[str], dict[str, list[str]]]:
    """Looks at planted HTML as all readers do, and returns what is wrong with it."""

    def look(html: str) -> dict[str, list[str]]:
        found = dataclasses.asdict(visits.visit_page(visitor, published, plant(html)))
        return {
            name: faults for name, faults in found.items() if isinstance(faults, list) and faults
        }

    return look


@pytest.fixture
def arrive_at_planted(
    open_page: Callable[..., Page], plant: Callable[[str], str], published: Published
) -> Callable[[str], Page]:
    """Goes to planted HTML by a link on another page, without a reload, and returns the page."""

    def arrive(html: str) -> Page:
        address = visits.address_of(published, plant(html))  # before a page reads the site's map
        page = open_page("about")
        visits.mark(page)
        page.locator("article").evaluate(
            """(article, address) => article.insertAdjacentHTML(
                "afterbegin", `<p><a class="planted" href="${address}">planted</a></p>`)""",
            address,
        )
        visits.press_and_arrive(page, "a.planted")
        assert visits.is_marked(page)
        return page

    return arrive


@pytest.fixture(scope="session")
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    """The profile that visits every page: it keeps what pages share, and nobody searches in it.

    A page that is opened lets a worker read the whole book for the search. Ninety times that is
    half of all the work.
    """
    with new_profile(chromium, reduced_motion="reduce") as context:
        context.add_init_script("window.Worker = class extends EventTarget { postMessage() {} };")
        yield context


@pytest.fixture(scope="session", params=ADDRESSES, ids=lambda address: address or "home")
def visit(request: pytest.FixtureRequest, published: Published, visitor: BrowserContext) -> Visit:
    """One visit of a page, made once for all the tests that ask about it."""
    return visits.visit_page(visitor, published, request.param)


def new_profile(chromium: Browser, **options: object) -> BrowserContext:
    """A fresh profile of the browser on a desk, which can ask pages questions."""
    desk = {"viewport": {"width": visits.DESK, "height": 900}, "color_scheme": "light"}
    context = chromium.new_context(**{**desk, **options})  # pyright: ignore[reportArgumentType]
    context.set_default_timeout(20_000)
    context.add_init_script(path=PROBE)
    return context
