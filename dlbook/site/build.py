"""Build the site from Python: ``mkdocs build --strict`` with its warnings as an error."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SiteError(RuntimeError):
    """Raised when the site may not be published; each problem is one line.

    Args:
        problems: the lines.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class _Collector(logging.Handler):
    """Keeps the warnings of a build."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one warning as one line."""
        self.lines.append(" ".join(record.getMessage().split()))


def build_site(
    root: Path,
    *,
    strict: bool = True,
    site_dir: Path | None = None,
    site_url: str | None = None,
    zip_name: str = "",
) -> Path:
    """Build the site.

    Args:
        root: the repository, which holds ``mkdocs.yml``.
        strict: whether a warning is an error.
        site_dir: where the site goes; None means the place that ``mkdocs.yml`` names.
        site_url: address under which it will be served; None means that of ``mkdocs.yml``.
        zip_name: name of the offline edition, to which the home page then links.

    Returns:
        The folder of the site.

    Raises:
        SiteError: if the build failed, or warned and is strict. It lists every problem.
    """
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, MkDocsException

    changes = {"site_dir": str(site_dir) if site_dir else None, "site_url": site_url}
    options = {name: value for name, value in changes.items() if value is not None}
    with _warnings() as problems:
        try:
            config = load_config(str(root / "mkdocs.yml"), strict=strict, **options)
            config.extra["zip_name"] = zip_name
            config.plugins.on_startup(command="build", dirty=False)
            build(config)
            config.plugins.on_shutdown()
        except Abort as error:
            raise SiteError(problems or [str(error)]) from None
        except MkDocsException as error:
            raise SiteError([*problems, str(error)]) from error
    return Path(config.site_dir)


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what MkDocs and its plug-ins warn about."""
    logger, collector = logging.getLogger("mkdocs"), _Collector()
    logger.addHandler(collector)
    try:
        yield collector.lines
    finally:
        logger.removeHandler(collector)
