"""The offline edition: the whole site as one zip that opens from a disk, without a server.

A browser loads no modules, no JSON and no workers from files, and no page for an address that is
a folder. So the pages of this edition link to files, their widgets come as one classic script
that brings its numbers, and Material's offline plug-in brings the search.

As an MkDocs hook this module changes nothing unless that plug-in is enabled.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority

from dlbook.site.build import build_site
from dlbook.site.bundle import bundle

ENABLED = "DLBOOK_OFFLINE"
ZIP = "dlbook-offline.zip"
LINK = "<!-- offline -->"
_SCRIPT = "assets/js/dlbook.js"
_FOR_SERVERS = ("404.html", "sitemap.xml", "sitemap.xml.gz")
_WORKER = "assets/js/vendor/iframe-worker.js"


def make_zip(root: Path, target: Path, *, strict: bool = True) -> Path:
    """Build the offline edition.

    Args:
        root: the repository, with fresh notebooks.
        target: the zip file to write.
        strict: whether a warning is an error.

    Returns:
        The zip file. It holds one folder, whose ``index.html`` opens the book.

    Raises:
        SiteError: if the build failed, or warned and is strict.
    """
    with tempfile.TemporaryDirectory() as temporary, _enabled():
        build_site(root, strict=strict, site_dir=Path(temporary) / "dlbook", site_url="")
        made = shutil.make_archive(str(target.with_suffix("")), "zip", temporary, "dlbook")
    return Path(made)


def link(name: str) -> str:
    """Return the paragraph that offers the zip, in the place of `LINK`.

    Args:
        name: address of the zip; "" if it was not made.

    Returns:
        HTML; "" if there is no zip.
    """
    if not name:
        return ""
    offer = f'<a href="{name}" download>Take the whole book with you</a>'
    return f"<p>{offer}: a zip that needs no network.</p>"


@event_priority(100)
def on_config(config: MkDocsConfig) -> None:
    """Leave out what needs a server."""
    if _is_offline(config):
        features = config.theme["features"]
        config.theme["features"] = [one for one in features if "navigation.instant" not in one]
        config.extra["polyfills"] = [_WORKER]
        config["extra_javascript"] = [ExtraScriptValue(_SCRIPT)]


def on_post_build(config: MkDocsConfig) -> None:
    """Put one classic script in the place of the modules."""
    if _is_offline(config):
        script, docs = Path(config.site_dir) / _SCRIPT, Path(config.docs_dir)
        paths = sorted((docs / "assets" / "data").glob("*.json"))
        data = {path.relative_to(docs).as_posix(): path.read_text("utf-8") for path in paths}
        script.write_text(bundle(docs / _SCRIPT, data), encoding="utf-8")
        for name in _FOR_SERVERS:
            (script.parents[2] / name).unlink()


def _is_offline(config: MkDocsConfig) -> bool:
    return config.plugins["material/offline"].config.enabled


@contextmanager
def _enabled() -> Iterator[None]:
    """Say to ``mkdocs.yml`` that the offline edition is built."""
    os.environ[ENABLED] = "true"
    try:
        yield
    finally:
        del os.environ[ENABLED]
