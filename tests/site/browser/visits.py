"""One visit of a page by a browser, and everything that it complains about."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from mkdocs.utils.yaml import yaml_load
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

PROBE = Path(__file__).with_name("probe.js")
PREFIX = "/dlbook/"
"""The book is served below a path, as it is when published, so that no address may forget it."""

PHONE, TABLET, DESK = 360, 768, 1280
TALL = 1200
"""Height of the window in CSS pixels: the contents beside the text need not scroll."""

PAPER = 690
"""Width of the text on a sheet of A4 paper, in CSS pixels."""

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = {"runOnly": WCAG}
RULES_OF_STRUCTURE = {**RULES, "rules": {"color-contrast": {"enabled": False}}}
RULES_OF_COLOR = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


@dataclass(frozen=True)
class Published:
    """The built book, where it is served, and the Markdown it was made of."""

    folder: Path
    url: str
    texts: dict[str, str]

    def html(self, address: str) -> str:
        """The HTML of a page."""
        return (self.folder / address / "index.html").read_text(encoding="utf-8")


@dataclass
class Visit:
    """What a page was found to do wrong: lists of complaints, each empty if all is well."""

    address: str
    num_formulas: int = 0
    console: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    untypeset: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    uncolored: list[str] = field(default_factory=list)
    illegible: list[str] = field(default_factory=list)
    uncopied: list[str] = field(default_factory=list)
    undrawn: list[str] = field(default_factory=list)
    misprinted: list[str] = field(default_factory=list)
    unreachable: list[str] = field(default_factory=list)
    inaccessible: list[str] = field(default_factory=list)


def addresses(root: Path) -> dict[str, str]:
    """Every page of the nav: its address on the site, and its file below ``docs``."""
    with (root / "mkdocs.yml").open(encoding="utf-8") as file:
        nav = yaml_load(file)["nav"]
    pages = [page for page in _leaves(nav) if page.endswith(".md")]
    return {page.removesuffix(".md").removesuffix("index").strip("/"): page for page in pages}


def visit_page(context: BrowserContext, published: Published, address: str) -> Visit:
    """Open a page and look at it as all its readers do: on a desk, a phone, in the dark, on paper.

    Args:
        context: a profile of a browser that has chosen no palette.
        published: the served book.
        address: address of the page, such as ``maths/softmax``.
    """
    visit, page = Visit(address), context.new_page()
    listen(page, published, visit)
    page.goto(address_of(published, address))
    for step in STEPS:
        step(page, visit)
    page.evaluate("localStorage.clear()")
    page.close()
    return visit


def address_of(published: Published, address: str) -> str:
    """The full address of a page."""
    return f"{published.url}{address}/" if address else published.url


def listen(page: Page, published: Published, visit: Visit) -> None:
    """Write down what the console of a page says and what it asks the network for."""

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            visit.console.append(f"{message.type}: {message.text}")

    def follow(request: Request) -> None:
        if not request.url.startswith((published.url, "data:", "blob:")):
            visit.foreign.append(request.url)

    def receive(response: Response) -> None:
        if response.status >= 400:
            visit.failed.append(f"{response.status} {response.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: visit.console.append(f"exception: {error.message}"))
    page.on("request", follow)
    page.on(
        "requestfailed", lambda request: visit.failed.append(f"{request.failure} {request.url}")
    )
    page.on("response", receive)


def ask(page: Page, question: str, *arguments: Any) -> Any:
    """Ask a page one of the questions of ``probe.js``."""
    return page.evaluate("([name, given]) => probe[name](...given)", [question, arguments])


def resize(page: Page, width: int) -> None:
    """Give the page another width, and time to follow."""
    page.set_viewport_size({"width": width, "height": TALL})
    ask(page, "settle")


def press_palette(page: Page) -> None:
    """Press the button that goes on to the next palette: system, light, dark."""
    page.locator("[data-md-component=palette] label:not([hidden])").dispatch_event("click")
    ask(page, "settle")


def scheme(page: Page) -> str | None:
    """The palette that a page shows: ``default`` is light, ``slate`` is dark."""
    return page.locator("body").get_attribute("data-md-color-scheme")


def _look_on_a_desk(page: Page, visit: Visit) -> None:
    resize(page, DESK)
    ask(page, "unfold", True)
    page.evaluate(Axe().axe_script)
    visit.num_formulas = ask(page, "countFormulas")
    for question in ("untypeset", "unlabelled", "uncopied", "undrawn"):
        getattr(visit, question).extend(ask(page, question))
    visit.inaccessible += violations(page, "desk", RULES_OF_STRUCTURE)


def _look_at_widths(page: Page, visit: Visit) -> None:
    for width in (DESK, TABLET, PHONE):
        resize(page, width)
        visit.wide += [f"{width} px: {complaint}" for complaint in ask(page, "wide")]
        visit.unreachable += [f"{width} px: {box}" for box in ask(page, "unreachable")]
    resize(page, DESK)


def _look_at_palettes(page: Page, visit: Visit) -> None:
    press_palette(page)
    assert scheme(page) == "default"
    light = ask(page, "colors")
    ask(page, "noteLooks")
    visit.illegible += [f"light: {complaint}" for complaint in ask(page, "illegible")]
    press_palette(page)
    assert scheme(page) == "slate"
    dark = ask(page, "colors")
    ask(page, "noteLooks")
    visit.illegible += [f"dark: {complaint}" for complaint in ask(page, "illegible")]
    visit.uncolored += [
        before[0] for before, after in zip(light, dark, strict=True) if before == after
    ]


def _look_on_paper(page: Page, visit: Visit) -> None:
    ask(page, "unfold", False)
    page.emulate_media(media="print")
    resize(page, PAPER)
    visit.misprinted += ask(page, "misprinted")
    visit.misprinted += [f"sticks out: {complaint}" for complaint in ask(page, "wide")]
    page.emulate_media(media="screen")
    resize(page, DESK)


def _measure_contrast(page: Page, visit: Visit) -> None:
    ask(page, "unfold", True)
    ask(page, "dropTwins")
    visit.inaccessible += violations(page, "dark", RULES_OF_COLOR)
    press_palette(page)
    assert scheme(page) == "default"
    visit.inaccessible += violations(page, "light", RULES_OF_COLOR)


def place(page: Page) -> str:
    """The address of the page that is open."""
    return urlsplit(page.url).path.removeprefix(PREFIX).strip("/")


def mark(page: Page) -> None:
    """Leave a mark in the window that only a reload removes."""
    page.evaluate("window.marked = true")


def is_marked(page: Page) -> bool:
    """Whether the mark is still there."""
    return page.evaluate("window.marked === true")


def press_and_arrive(page: Page, selector: str) -> str:
    """Press a link, wait for its page, and return its address."""
    before = page.locator("article h1").element_handle()
    page.locator(selector).first.click()
    assert before is not None
    page.wait_for_function("heading => !heading.isConnected", arg=before)
    ask(page, "settle")
    return place(page)


def violations(page: Page, where: str, rules: dict[str, Any] = RULES) -> list[str]:
    """What axe says against a page, after ``page.evaluate(Axe().axe_script)``.

    The list of pages begins at its top: what has scrolled under its title is no target.
    """
    page.evaluate(SCROLL_BACK)
    found = page.evaluate("rules => axe.run(rules)", {**rules, "resultTypes": ["violations"]})
    return [
        f"{where}: {each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        for node in each["nodes"][:5]
    ]


def _leaves(branch: Any) -> list[str]:
    if isinstance(branch, str):
        return [branch]
    children = branch.values() if isinstance(branch, dict) else branch
    return [leaf for child in children for leaf in _leaves(child)]


SCROLL_BACK = """() => document.querySelectorAll(".md-sidebar__scrollwrap")
    .forEach((list) => (list.scrollTop = 0))"""
STEPS = (
    _look_on_a_desk,
    _look_at_widths,
    _look_at_palettes,
    _look_on_paper,
    _measure_contrast,
)
