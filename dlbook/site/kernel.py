"""Run the code cells of a notebook in a fresh kernel of this very Python."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets import default

CELL_SECONDS = 600
"""Longest time that one cell may run."""

THREADS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)
"""How many threads a kernel may use; one each, unless the environment says otherwise."""


class CellFailedError(RuntimeError):
    """Raised when a cell ends in an error; the message names the cell and the error."""


class _ThisPython(KernelSpecManager):
    """Knows one kernel: the Python that is running, whatever kernels the machine has."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


class _Manager(AsyncKernelManager):
    @default("kernel_spec_manager")
    def _this_python(self) -> KernelSpecManager:
        return _ThisPython(parent=self)


class Kernels:
    """The kernels that are running now, so that an interrupt can end them all."""

    def __init__(self) -> None:
        self._clients: list[NotebookClient] = []
        self._stopped = False

    def run(self, notebook: NotebookNode, root: Path) -> None:
        """Execute a notebook in place.

        Args:
            notebook: the notebook; its code cells get their outputs.
            root: the repository, whose package the cells import.

        Raises:
            CellFailedError: if a cell without the tag ``raises-exception`` ends in an error, runs
                for more than ten minutes, or ends its kernel.
        """
        reached: list[NotebookNode] = []

        def begin(cell: NotebookNode, cell_index: int) -> None:
            reached.append(cell)
            if self._stopped:
                raise DeadKernelError("interrupted")

        with tempfile.TemporaryDirectory(prefix="dlbook-") as folder:
            client = _client(notebook, folder)
            client.on_cell_execute = begin
            with self._listed(client), _explained(notebook, reached):
                environment = _environment(root, folder)
                work = client.async_execute(env=environment, stderr=subprocess.DEVNULL)
                asyncio.run(work)

    def stop(self) -> None:
        """End every kernel at once; the notebooks they run end in an error."""
        self._stopped = True
        for client in list(self._clients):
            provisioner: Any = getattr(client.km, "provisioner", None)
            if provisioner and provisioner.pid:
                with suppress(OSError):
                    os.kill(provisioner.pid, signal.SIGTERM)

    @contextmanager
    def _listed(self, client: NotebookClient) -> Iterator[None]:
        self._clients.append(client)
        try:
            yield
        finally:
            self._clients.remove(client)


def _client(notebook: NotebookNode, folder: str) -> NotebookClient:
    """What runs a notebook in a folder: no timing in the file, no talk on the terminal."""
    silent = logging.getLogger("dlbook.kernel")
    silent.setLevel(logging.CRITICAL)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        startup_timeout=180,
        kernel_manager_class=_Manager,
        record_timing=False,
        resources={"metadata": {"path": folder}},
    )
    client.log = silent
    return client


@contextmanager
def _explained(notebook: NotebookNode, reached: list[NotebookNode]) -> Iterator[None]:
    """Turn nbclient's pages of traceback into one line that names the cell reached last."""
    try:
        yield
    except CellExecutionError as error:
        reason = _shown_error(reached[-1]) or f"{error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        reason = str(error)
    else:
        return
    where = _label(notebook, reached[-1]) if reached else "kernel"
    raise CellFailedError(f"{where}: {reason.strip().splitlines()[0]}")


def _shown_error(cell: NotebookNode) -> str:
    """The error in a cell's outputs: the kernel's reply names none if showing a result failed."""
    errors = [output for output in cell.outputs if output.output_type == "error"]
    return f"{errors[-1].ename}: {errors[-1].evalue}" if errors else ""


def _label(notebook: NotebookNode, cell: NotebookNode) -> str:
    """Number of a code cell (from 1) and its first line."""
    codes = [each for each in notebook.cells if each.cell_type == "code"]
    first = cell.source.strip().splitlines()[0] if cell.source.strip() else ""
    return f"cell {codes.index(cell) + 1} ({first})"


def _environment(root: Path, folder: str) -> dict[str, str]:
    """Environment of a kernel: quiet, one thread, without the reader's own IPython settings.

    Several kernels share the cores, and threads that wait for each other cost more time than they
    save. One thread also adds numbers in the same order on every number of cores.
    """
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONHASHSEED": "0", "NO_COLOR": "1"}
    threads = dict.fromkeys(THREADS, "1")
    return {**threads, **os.environ, **quiet, "PYTHONPATH": path, "IPYTHONDIR": folder}
