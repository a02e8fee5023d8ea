"""Find and start a browser, for the browser tests and for the scripts that take pictures."""

import shutil

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as PlaywrightError

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
"""Programs of the system to try, in this order, before Playwright's own Chromium."""

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # The book needs nobody but its own server; whoever asks further is told that nobody is there.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class NoBrowserError(RuntimeError):
    """Raised when no browser can be started; the message says why in one line."""


def find_chromium() -> str | None:
    """The path of the system's Chromium or Chrome, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium without a window, or the one that Playwright has installed.

    Args:
        playwright: what ``sync_playwright()`` gives.

    Raises:
        NoBrowserError: if neither starts.
    """
    path = find_chromium()
    try:
        return playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    except PlaywrightError as error:
        reason = error.message.strip().splitlines()[0]
        where = path or f"neither {', '.join(NAMES)} nor Playwright's own"
        raise NoBrowserError(f"no browser can be started ({where}): {reason}") from error
