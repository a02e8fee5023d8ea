"""Draws the picture that shows when somebody shares a link to the book.

    .venv/bin/python tools/card.py

It needs the extra ``test`` and an installed Chromium, and writes ``docs/assets/icons/card.png``.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from dlbook.lab.plots.colors import COLORS

ROOT = Path(__file__).resolve().parents[1]
LOGO = ROOT / "docs" / "overrides" / ".icons" / "dlbook" / "logo.svg"
TARGET = ROOT / "docs" / "assets" / "icons" / "card.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CARD = """
<body style="margin: 0; box-sizing: border-box; width: 1200px; height: 630px; padding: 84px 96px;
  display: flex; align-items: center; gap: 72px; color: {ink}; background: {ground};
  font-family: 'Iowan Old Style', 'Palatino Linotype', Palatino, P052, Georgia, serif">
<div style="flex: none; width: 250px; color: {accent}">{logo}</div>
<div><p style="margin: 0 0 22px; font-size: 38px; color: {accent}">dlbook</p>
<p style="margin: 0; font-size: 76px; line-height: 1.1">The deep learning textbook that runs</p>
<p style="margin: 34px 0 0; font-size: 34px; line-height: 1.4; color: {muted}">Every page is a
program. Every claim is an experiment with a verdict.</p></div></body>
"""


def main() -> None:
    """Photograph the card in a real browser."""
    content = CARD.format(logo=LOGO.read_text(encoding="utf-8"), **COLORS)
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.set_content(content)
        page.screenshot(path=TARGET)
        browser.close()
    print(TARGET)


if __name__ == "__main__":
    main()
