"""Draws the picture of the README: the built site in a real browser, in light and in dark.

    make build && .venv/bin/python -m tools.screenshot

It needs the extra ``test`` and an installed Chromium.
"""

import io
from pathlib import Path
from threading import Thread
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from dlbook.cli.reading import prefix_of
from dlbook.cli.server import bind
from tools.browser import launch

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "assets" / "images" / "screenshot.png"
SHOTS = (
    ("", "light", "The deep learning textbook"),
    ("maths/softmax/", "dark", "The experiment"),
)
"""Page, palette, and the beginning of the heading at its top."""
WIDTH, HEIGHT, GAP = 1000, 1100, 24
PORT = 8642


def shoot(browser: Browser, address: str, palette: Any, heading: str) -> Image.Image:
    """Photograph one page.

    Args:
        browser: an open browser.
        address: where the page is.
        palette: ``"light"`` or ``"dark"``, as the reader's system would ask for.
        heading: beginning of the heading that is scrolled to.

    Returns:
        The picture of the window.
    """
    size = {"width": WIDTH, "height": HEIGHT}
    page = browser.new_page(viewport=size, color_scheme=palette, reduced_motion="reduce")  # pyright: ignore[reportArgumentType]
    page.goto(address, wait_until="networkidle")
    top = page.get_by_role("heading", name=heading).first
    top.evaluate(
        "heading => window.scrollTo(0, heading.offsetTop > 400 ? heading.offsetTop - 70 : 0)"
    )
    page.wait_for_timeout(500)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def side_by_side(images: list[Image.Image]) -> Image.Image:
    """Put pictures of one size next to each other, with few colours so that the file is small."""
    joined = Image.new("RGB", (len(images) * (WIDTH + GAP) - GAP, HEIGHT), "white")
    for at, image in enumerate(images):
        joined.paste(image, (at * (WIDTH + GAP), 0))
    return joined.quantize(colors=128, method=Image.Quantize.MEDIANCUT)


def main() -> None:
    """Serve the built site, photograph it, and write the picture."""
    site = ROOT / "site"
    with bind(site, PORT) as server, sync_playwright() as playwright:
        server.prefix = prefix_of(site)
        Thread(target=server.serve_forever, daemon=True).start()
        browser = launch(playwright)
        start = f"http://127.0.0.1:{PORT}{server.prefix}"
        images = [shoot(browser, f"{start}{page}", *how) for page, *how in SHOTS]
        browser.close()
        server.shutdown()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    side_by_side(images).save(TARGET, optimize=True)
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
