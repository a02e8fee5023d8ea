"""Take pictures of pages for people who review them by eye: light and dark, phone and desk.

    python -m tools.look maths/softmax descent --out pictures
    python -m tools.look --out pictures            the home page and every chapter

Without ``--site`` the book is built first, into a temporary folder, with the notebooks as they are.
"""

import argparse
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from dlbook import contents
from dlbook.cli.reading import prefix_of
from dlbook.cli.server import HOST, bind
from dlbook.site.build import build_site
from tools.browser import launch

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (390, 1280)
PALETTES = ("light", "dark")
READY = "document.fonts.ready.then(() => new Promise(done => setTimeout(done, 250)))"
UNFOLD = "document.querySelectorAll('details').forEach(details => (details.open = true))"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, take the pictures and say where they are."""
    chosen = _parser().parse_args(arguments)
    pages = chosen.pages or ["", *(chapter.address for chapter in contents.chapters())]
    chosen.out.mkdir(parents=True, exist_ok=True)
    with serve(chosen.site) as url, sync_playwright() as playwright:
        browser = launch(playwright)
        for page in pages:
            address = page.strip("/").removesuffix(".md").removesuffix("index").strip("/")
            for path in photograph(browser, url, address, chosen):
                print(path)
        browser.close()


@contextmanager
def serve(site: Path | None) -> Iterator[str]:
    """Serve a site on a free port for a while, and build it before if there is none.

    Args:
        site: folder of a built site, or None.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = site or Path(temporary) / "site"
        with bind(folder, 0) as server:
            address = f"http://{HOST}:{server.server_address[1]}"
            if site is None:
                build_site(ROOT, strict=False, site_dir=folder, site_url=f"{address}/")
            server.prefix = prefix_of(folder)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield address + server.prefix
            server.shutdown()


def photograph(
    browser: Browser, url: str, address: str, chosen: argparse.Namespace
) -> Iterator[Path]:
    """Take the pictures of one page.

    Args:
        browser: a browser.
        url: where the site is served.
        address: address of the page, such as ``maths/softmax``; "" is the home page.
        chosen: the options of the command.
    """
    for palette in chosen.palettes:
        for width in chosen.widths:
            size = {"width": width, "height": 844 if width < 600 else 900}
            context = browser.new_context(
                viewport=size,  # pyright: ignore[reportArgumentType]
                color_scheme=palette,
                device_scale_factor=chosen.scale,
            )
            page = context.new_page()
            page.goto(f"{url}{address}/" if address else url)
            if chosen.unfold:
                page.evaluate(UNFOLD)
            page.evaluate(READY)
            path = chosen.out / f"{address.replace('/', '-') or 'home'}-{palette}-{width}.png"
            page.screenshot(path=path, full_page=not chosen.first_screen)
            context.close()
            yield path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.look", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("pages", nargs="*", help="addresses such as maths/softmax; home is /")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--site", type=Path, help="folder of a site that is already built")
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS, help="in CSS pixels")
    parser.add_argument("--palettes", nargs="+", choices=PALETTES, default=PALETTES)
    parser.add_argument("--scale", type=float, default=1, help="pixels for each CSS pixel")
    parser.add_argument("--first-screen", action="store_true", help="not the whole page")
    parser.add_argument("--unfold", action="store_true", help="with folded answers open")
    return parser


if __name__ == "__main__":
    main()
