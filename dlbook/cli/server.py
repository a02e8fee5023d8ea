"""Serves the built site on this computer, under the same path as where it is published."""

import errno
import io
import os
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from dlbook.cli.ending import Failure

HOST = "127.0.0.1"
"""Nobody but this computer can read along."""


class PageHandler(SimpleHTTPRequestHandler):
    """Answers with files below the site's path, and with the book's own page when there is none."""

    @property
    def prefix(self) -> str:
        """Path of the site, such as ``"/dlbook/"``."""
        return cast("BookServer", self.server).prefix

    def translate_path(self, path: str) -> str:
        """The file for a path; a path outside the prefix has none."""
        below = urlsplit(path).path
        if not below.startswith(self.prefix):
            return str(Path(self.directory) / "outside the book")
        return super().translate_path(f"/{below.removeprefix(self.prefix)}")

    def send_head(self) -> Any:
        """Lead the bare address to the book, then answer as usual."""
        if urlsplit(self.path).path in {"/", self.prefix.rstrip("/")} - {self.prefix}:
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", self.prefix)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return io.BytesIO()
        return super().send_head()

    def end_headers(self) -> None:
        """Let the browser ask again each time, so that a new build is seen."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Show the book's page for what cannot be found."""
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
        """Say nothing: the reader wants the book, not a log."""


class BookServer(ThreadingHTTPServer):
    """A server whose reader may leave at any time without a traceback."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"
    prefix = "/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Forget a connection that the browser has closed."""


def bind(site: Path, port: int) -> BookServer:
    """Take a port for the site, before anything slow begins.

    Args:
        site: folder of the built site; it may be built later.
        port: port on this computer.

    Returns:
        A server that is bound but does not answer yet.

    Raises:
        Failure: if the port is taken or not allowed.
    """
    handler = partial(PageHandler, directory=str(site))
    try:
        return BookServer((HOST, port), handler)
    except OSError as error:
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
        if not taken:
            raise
        other = port + 1 if 1024 <= port < 65535 else 8000
        why = "is taken" if error.errno == errno.EADDRINUSE else "is not allowed"
        raise Failure(f"port {port} {why}. Try another: dlbook read --port {other}") from error
