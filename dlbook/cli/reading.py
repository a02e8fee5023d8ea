"""``dlbook build`` and ``dlbook read``: the book as a site."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree

from rich.markup import escape

from dlbook.cli.console import say
from dlbook.cli.ending import Failure
from dlbook.cli.writing import need_repository

if TYPE_CHECKING:
    from dlbook.site.execute import Outcome

MOST_JOBS = 4
"""More kernels at a time than this need more memory than a laptop has."""
SOURCES = ("mkdocs.yml", "docs", "dlbook")


def build_book(jobs: int | None = None, *, force: bool = False, offline: bool = False) -> Path:
    """Run the chapters that changed and build the site; a failed build leaves the old site.

    Args:
        jobs: chapters that run at the same time; None for as many as the processor has cores.
        force: whether to run every chapter again.
        offline: whether the site offers itself as a zip that opens without a server.

    Returns:
        The folder of the site.

    Raises:
        Failure: if there is no repository, a chapter fails, or the site has a mistake.
    """
    root = need_repository("build")
    _need_tools()
    from dlbook.site.build import SiteError, build_site
    from dlbook.site.execute import ExecutionError, execute_chapters
    from dlbook.site.offline import ZIP, make_zip

    cache = root / ".cache"
    cache.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="site-", dir=cache))
    try:
        execute_chapters(root, jobs=jobs or _usual_jobs(), force=force, report=_report)
        build_site(root, site_dir=draft, zip_name=ZIP if offline else "")
        if offline:
            make_zip(root, draft / ZIP)
        _replace(root / "site", draft)
    except (ExecutionError, SiteError) as error:
        raise Failure(f"the book cannot be built.\n{error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    say(f"The site is in {escape(str(root / 'site'))}")
    if offline:
        say(f"The offline edition is {escape(str(root / 'site' / ZIP))}")
    return root / "site"


def check_book() -> None:
    """Say whether every executed notebook belongs to the code and text that are there now.

    Raises:
        Failure: if there is no repository or a notebook is stale; one line names them.
    """
    root = need_repository("build")
    _need_tools()
    from dlbook.site.execute import outdated_texts, stale_chapters

    stale = [*stale_chapters(root), *outdated_texts(root)]
    if stale:
        raise Failure(f"stale notebooks: {', '.join(stale)}. `dlbook build` renews them.")
    say("Every notebook is fresh.")


def read_book(port: int) -> None:
    """Serve the site on this computer until Ctrl-C; build it first if it is not up to date.

    Args:
        port: where to serve it.

    Raises:
        Failure: if there is no repository, the port is taken, or the book cannot be built.
    """
    from dlbook.cli.server import bind

    root = need_repository("read")
    site = root / "site"
    with bind(site, port) as server:
        if needs_build(root):
            say("Building the book. The first time this takes some minutes.")
            build_book()
        server.prefix = prefix_of(site)
        say(f"Read at http://localhost:{port}{server.prefix}   (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("\nClosed the book.")


def needs_build(root: Path) -> bool:
    """Whether the site is missing or older than a page, a module or the nav.

    Args:
        root: the repository.
    """
    built = root / "site" / "sitemap.xml"
    if not built.is_file():
        return True
    then = built.stat().st_mtime
    paths = [path for name in SOURCES for path in [root / name, *(root / name).rglob("*.*")]]
    files = (path for path in paths if path.is_file() and path.suffix != ".pyc")
    return any(path.stat().st_mtime > then for path in files)


def prefix_of(site: Path) -> str:
    """The path under which a site expects to be served, as its own map of pages says.

    Args:
        site: folder of a built site.

    Returns:
        A path that begins and ends with a slash, such as ``"/"`` or ``"/dlbook/"``.
    """
    first = ElementTree.parse(site / "sitemap.xml").find(".//{*}loc")
    path = urlsplit(first.text or "").path if first is not None else "/"
    return f"/{path.strip('/')}/" if path.strip("/") else "/"


def _need_tools() -> None:
    try:
        import mkdocs  # noqa: F401
    except ModuleNotFoundError as error:
        message = "building needs MkDocs: pip install -e '.[docs]', or type `make read`."
        raise Failure(message) from error


def _usual_jobs() -> int:
    return min(MOST_JOBS, os.cpu_count() or 1)


def _report(outcome: "Outcome") -> None:
    seconds = f"{outcome.seconds:5.1f} s" if outcome.seconds >= 0.1 else " " * 7
    say(f"  {seconds}  {outcome.state:9}  {escape(outcome.chapter)}")


def _replace(folder: Path, draft: Path) -> None:
    """Put a finished folder in the place of another one in two renames."""
    old = draft.with_name(f"{draft.name}-old")
    if folder.exists():
        folder.rename(old)
    draft.chmod(0o755)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
