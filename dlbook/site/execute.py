"""Execute chapters into ``docs/notebooks``, and tell which of them are stale.

Nothing is executed twice for nothing: a chapter is stale only if its key changed (see
`dlbook.site.freshness`), and a notebook file is written only if its content changed.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

import nbformat
from nbformat import NotebookNode

from dlbook import contents
from dlbook.site import fences, freshness, notebook, tidy
from dlbook.site.kernel import CellFailedError, Kernels
from dlbook.site.source import SourceNotFoundError

LARGEST_NOTEBOOK = 200_000
"""Most bytes of an executed notebook: a page must stay light, and so must the history."""
CLAIMS = "application/vnd.dlbook.claims+json"


class State(StrEnum):
    """What became of a chapter."""

    FRESH = "fresh"
    UNCHANGED = "unchanged"
    WRITTEN = "written"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one chapter.

    Args:
        chapter: part and name, such as ``maths/softmax``.
        state: ``fresh`` (not executed, nothing to do), ``unchanged`` (executed, same outputs),
            ``written`` (a new notebook file), or ``failed``.
        seconds: how long it took.
        message: one line that says what failed, else "".
    """

    chapter: str
    state: State
    seconds: float = 0.0
    message: str = ""


class ExecutionError(RuntimeError):
    """Raised when chapters failed; its lines name each chapter, cell and error.

    Args:
        failures: the outcomes of the chapters that failed.
    """

    def __init__(self, failures: Sequence[Outcome]) -> None:
        self.failures = tuple(failures)
        super().__init__("\n".join(failure.message for failure in failures))


def written_chapters(root: Path) -> list[str]:
    """The chapters of the nav, in reading order, as ``part/name``."""
    parts = contents.read(root / "mkdocs.yml")
    return [chapter.address for part in parts for chapter in part.chapters]


def stale_chapters(root: Path) -> list[str]:
    """Chapters whose notebook is missing or was executed with other code.

    Args:
        root: the repository.

    Returns:
        Their addresses in reading order; a chapter without a page counts as not stale.
    """
    keys = read_keys(root)
    return [name for name in _with_page(root) if not is_fresh(root, name, keys)]


def outdated_texts(root: Path) -> list[str]:
    """Fresh chapters whose notebook has older text than the page; a build refreshes them."""
    stale = set(stale_chapters(root))
    fresh = [name for name in _with_page(root) if name not in stale]
    return [name for name in fresh if _refreshed(root, name) != _saved_text(root, name)]


def is_fresh(root: Path, chapter: str, keys: dict[str, str] | None = None) -> bool:
    """Whether the notebook of a chapter was executed with the code that is there now.

    Args:
        root: the repository.
        chapter: part and name.
        keys: what `read_keys` returned, to read it only once.
    """
    keys = read_keys(root) if keys is None else keys
    key = _key(root, chapter)
    return notebook_path(root, chapter).is_file() and keys.get(chapter) == key


def read_keys(root: Path) -> dict[str, str]:
    """The key with which each notebook was executed."""
    path = _folder(root) / "keys.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def notebook_path(root: Path, chapter: str) -> Path:
    """The executed notebook of a chapter."""
    return _folder(root) / f"{chapter}.ipynb"


def page_path(root: Path, chapter: str) -> Path:
    """The page of a chapter."""
    return root / "docs" / f"{chapter}.md"


def execute_chapters(
    root: Path,
    chapters: Iterable[str] | None = None,
    *,
    jobs: int = 2,
    force: bool = False,
    report: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Execute stale chapters, several at once, and refresh the text of the others.

    Args:
        root: the repository.
        chapters: addresses, such as ``maths/softmax``; None means every chapter of the nav.
        jobs: how many kernels run at the same time.
        force: whether to execute fresh chapters too.
        report: called with the outcome of each chapter as soon as it is known.

    Returns:
        The outcomes, in the order in which they became known.

    Raises:
        ValueError: if a chapter has no page, or `jobs` is not positive.
        ExecutionError: if chapters failed; all others were finished and saved.
    """
    names = _with_page(root) if chapters is None else list(chapters)
    _check(root, names, jobs)
    session = _Session(root, force)
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(session.handle, name) for name in names]
        _collect(futures, session, outcomes, report)
    _finish(root)
    failures = [outcome for outcome in outcomes if outcome.state is State.FAILED]
    if failures:
        raise ExecutionError(failures)
    return outcomes


def _check(root: Path, names: Sequence[str], jobs: int) -> None:
    if jobs < 1:
        raise ValueError(f"`jobs` must be 1 or more. Received: {jobs!r}")
    missing = [name for name in names if not page_path(root, name).is_file()]
    if missing:
        raise ValueError(f"`chapters` must have a page under docs. Received: {missing[0]!r}")


def _collect(
    futures: list[Future[Outcome]],
    session: "_Session",
    outcomes: list[Outcome],
    report: Callable[[Outcome], None] | None,
) -> None:
    """Wait for the chapters; an interrupt ends all kernels before it goes on."""
    try:
        for future in as_completed(futures):
            outcomes.append(future.result())
            if report:
                report(outcomes[-1])
    except BaseException:
        for future in futures:
            future.cancel()
        session.kernels.stop()
        raise


class _Session:
    """One call of `execute_chapters`: what its threads share."""

    def __init__(self, root: Path, force: bool) -> None:
        self.root = root
        self.force = force
        self.kernels = Kernels()
        self.lock = Lock()

    def handle(self, chapter: str) -> Outcome:
        """Bring one chapter up to date."""
        start = time.perf_counter()
        try:
            state = self._update(chapter)
        except (CellFailedError, SourceNotFoundError, _TooLargeError) as error:
            message = f"{chapter}, {error}"
            return Outcome(chapter, State.FAILED, time.perf_counter() - start, message)
        return Outcome(chapter, state, time.perf_counter() - start)

    def _update(self, chapter: str) -> State:
        if not self.force and is_fresh(self.root, chapter):
            text = _refreshed(self.root, chapter)
            changed = write_if_changed(notebook_path(self.root, chapter), text)
            return State.WRITTEN if changed else State.FRESH
        key = _key(self.root, chapter)
        executed = _from_page(self.root, chapter)
        self.kernels.run(executed, self.root)
        executed.metadata = nbformat.from_dict(notebook.METADATA)
        tidy.tidy_outputs(executed, self.root)
        text = _checked_size(executed)
        with self.lock:
            changed = write_if_changed(notebook_path(self.root, chapter), text)
            _write_keys(self.root, {**read_keys(self.root), chapter: key})
        return State.WRITTEN if changed else State.UNCHANGED


class _TooLargeError(ValueError):
    """Raised when a notebook outgrows its limit."""


def _checked_size(executed: NotebookNode) -> str:
    text = notebook.to_json(executed)
    size = len(text.encode())
    if size <= LARGEST_NOTEBOOK:
        return text
    codes = notebook.code_cells(executed)
    sizes = [len(json.dumps(cell)) for cell in codes]
    worst = sizes.index(max(sizes))
    raise _TooLargeError(
        f"notebook must have at most {LARGEST_NOTEBOOK // 1000} kB; the largest cell is number "
        f"{worst + 1} with {sizes[worst] // 1000} kB. Received: {size // 1000} kB"
    )


def _refreshed(root: Path, chapter: str) -> str:
    """The notebook of a fresh chapter with today's text and the outputs it has."""
    new, old = _from_page(root, chapter), read_notebook(root, chapter)
    for cell, known in zip(notebook.code_cells(new), notebook.code_cells(old), strict=True):
        cell.outputs, cell.execution_count = known.outputs, known.execution_count
    return notebook.to_json(new)


def read_notebook(root: Path, chapter: str) -> NotebookNode:
    """The executed notebook of a chapter."""
    return nbformat.read(notebook_path(root, chapter), as_version=4)


def saved_cells(root: Path, chapter: str) -> list[NotebookNode]:
    """The code cells of a chapter's executed notebook, in order."""
    return notebook.code_cells(read_notebook(root, chapter))


def same_cells(root: Path, chapter: str) -> bool:
    """Whether the notebook holds the very cells of the page, so that outputs fit them."""
    if not notebook_path(root, chapter).is_file():
        return False
    markdown = notebook.read_page(page_path(root, chapter))[1]
    written = [cell.body.rstrip() for cell in fences.cells(markdown)]
    return written == [cell.source for cell in saved_cells(root, chapter)]


def _saved_text(root: Path, chapter: str) -> str:
    return notebook_path(root, chapter).read_text(encoding="utf-8")


def _from_page(root: Path, chapter: str) -> NotebookNode:
    return notebook.from_page(root, chapter, *notebook.read_page(page_path(root, chapter)))


def _key(root: Path, chapter: str) -> str:
    markdown = notebook.read_page(page_path(root, chapter))[1]
    return freshness.chapter_key(root, chapter, markdown)


def _with_page(root: Path) -> list[str]:
    return [name for name in written_chapters(root) if page_path(root, name).is_file()]


def _folder(root: Path) -> Path:
    return root / "docs" / "notebooks"


def _finish(root: Path) -> None:
    """Gather the claims, and forget chapters that are no longer in the nav."""
    known = set(written_chapters(root))
    _write_keys(root, {name: key for name, key in read_keys(root).items() if name in known})
    for path in _folder(root).glob("*/*.ipynb"):
        if path.relative_to(_folder(root)).with_suffix("").as_posix() not in known:
            path.unlink()
    claims = {name: _claims(root, name) for name in written_chapters(root)}
    text = json.dumps({name: found for name, found in claims.items() if found}, indent=1)
    write_if_changed(_folder(root) / "claims.json", f"{text}\n")


def _claims(root: Path, chapter: str) -> list[Any]:
    """What the claims tables of a chapter say, one entry for each table."""
    if not notebook_path(root, chapter).is_file():
        return []
    codes = notebook.code_cells(read_notebook(root, chapter))
    outputs = [output for cell in codes for output in cell.outputs if "data" in output]
    return [output.data[CLAIMS] for output in outputs if CLAIMS in output.data]


def _write_keys(root: Path, keys: dict[str, str]) -> None:
    text = json.dumps(dict(sorted(keys.items())), indent=1)
    write_if_changed(_folder(root) / "keys.json", f"{text}\n")


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file in one step, unless it has that content already.

    Args:
        path: the file; its folder is made if needed.
        text: the content.

    Returns:
        Whether it was written.
    """
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f"{path.suffix}.new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
    return True
