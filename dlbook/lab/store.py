"""Files that are never half-written: atomic writes, and a folder of finished work units.

A unit file is one line of text (format and SHA-256 of the rest) followed by a NumPy ``.npz``
archive without pickles: a JSON header (experiment, key, engine, names) and one array per dependent
variable. The key in its name is a hash of all that determines its content, so a changed
experiment never finds the old file.
"""

import hashlib
import io
import json
import os
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlbook.lab.fingerprint import fingerprint
from dlbook.lab.grid import Outcome

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run

FORMAT = b"dlbook work unit, version 1, sha256 "
STALE_SECONDS = 3600.0


class StoreWarning(UserWarning):
    """A file in a store could not be used, was set aside, and its runs are done again."""


def write_atomically(path: str | Path, content: bytes) -> Path:
    """Write a file in one step: a reader sees the old content or the new, never a part.

    Args:
        path: Where to write; its folder is made if it is missing.
        content: The bytes.

    Returns:
        The path.

    Raises:
        OSError: If the folder cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


class Store:
    """A folder that keeps finished work units of one experiment.

    Args:
        folder: The store; each experiment has a folder of its own in it.
        name: The experiment.
        definition: Hash of all that determines results besides conditions and seeds.

    Raises:
        OSError: If the folder cannot be made or written.
    """

    def __init__(self, folder: str | Path, name: str, definition: str) -> None:
        self.folder = Path(folder) / name
        self.name = name
        self.definition = definition
        self._open()

    def _open(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise PermissionError("no permission to write there")
        except OSError as error:
            raise OSError(
                f"store must be a folder that can be written. Received: {self.folder} ({error})"
            ) from error
        for partial in self.folder.glob(".*.part"):
            if time.time() - partial.stat().st_mtime > STALE_SECONDS:
                partial.unlink(missing_ok=True)

    def key(self, unit: Sequence["Run"]) -> str:
        """Return the hash of a work unit: of the experiment, the conditions and the seeds."""
        runs = [(run.seed, tuple(run.condition.items())) for run in unit]
        return fingerprint(self.name, self.definition, repr(runs))

    def path(self, unit: Sequence["Run"]) -> Path:
        """Return the file of a work unit, whether it is there or not."""
        return self.folder / f"{self.key(unit)}.unit"

    def write(self, unit: Sequence["Run"], outcome: Outcome) -> Path:
        """Keep the outcome of a work unit; the file appears in one step.

        Args:
            unit: Its runs.
            outcome: What they found.

        Returns:
            The file.
        """
        header = {
            "experiment": self.name,
            "key": self.key(unit),
            "engine": outcome.engine,
            "names": list(outcome.columns),
        }
        arrays = {str(at): column for at, column in enumerate(outcome.columns.values())}
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, header=np.array(json.dumps(header)), **arrays)
        content = archive.getvalue()
        line = FORMAT + hashlib.sha256(content).hexdigest().encode() + b"\n"
        return write_atomically(self.path(unit), line + content)

    def read(self, unit: Sequence["Run"]) -> Outcome | None:
        """Return the outcome of a work unit if it is kept.

        A file that is damaged, or is another unit's, is renamed with the suffix ``.bad``.

        Args:
            unit: Its runs.

        Returns:
            The outcome, or ``None`` if there is none that can be used.

        Warns:
            StoreWarning: Names a file that was set aside, and why.
        """
        path = self.path(unit)
        try:
            return self._parse(path.read_bytes(), path.stem, len(unit))
        except FileNotFoundError:
            return None
        except ValueError as error:
            aside = path.replace(path.with_name(f"{path.name}.bad"))
            warnings.warn(
                f"store holds a file that cannot be used; it is kept as {aside} and its "
                f"{len(unit)} runs are done again. Received: {path} ({error})",
                StoreWarning,
                stacklevel=2,
            )
            return None

    def _parse(self, content: bytes, key: str, num_runs: int) -> Outcome:
        line, _, archive = content.partition(b"\n")
        if line != FORMAT + hashlib.sha256(archive).hexdigest().encode():
            raise ValueError("the file is damaged")
        with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
            header = json.loads(str(arrays["header"]))
            columns = {name: arrays[str(at)] for at, name in enumerate(header["names"])}
        if header["key"] != key or any(len(column) != num_runs for column in columns.values()):
            raise ValueError(f"the file belongs to {header['experiment']}, unit {header['key']}")
        return Outcome(columns, header["engine"])


class NoStore:
    """Stands for a store that was not asked for: keeps nothing, finds nothing."""

    def read(self, unit: Sequence["Run"]) -> None:
        """Find nothing."""

    def write(self, unit: Sequence["Run"], outcome: Outcome) -> None:
        """Keep nothing."""


def open_store(
    folder: str | Path | None, name: str, definition: Callable[[], str]
) -> Store | NoStore:
    """Open the store of an experiment, or something that keeps nothing.

    Args:
        folder: The store, or ``None`` for none.
        name: The experiment.
        definition: Gives the hash of the experiment's definition; called only if needed.

    Returns:
        A store.
    """
    return NoStore() if folder is None else Store(folder, name, definition())
