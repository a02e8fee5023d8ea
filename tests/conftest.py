"""What all tests share: the repository, a quiet TensorFlow and patient property tests."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from hypothesis import settings

settings.register_profile("book", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("book"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "book")

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def processor_seconds(python: "Command") -> Callable[..., float]:
    """Seconds of processor time that Python needs for some arguments, the best of three tries.

    Processor time, because other programs may keep the machine busy.
    """

    def measure(*arguments: str) -> float:
        tries = []
        for _ in range(3):
            before = os.times()
            assert python(*arguments).returncode == 0
            after = os.times()
            user = after.children_user - before.children_user
            tries.append(user + after.children_system - before.children_system)
        return min(tries)

    return measure


@pytest.fixture
def python(tmp_path: Path) -> Command:
    """Runs Python with some arguments in an empty folder, as a person would in a terminal."""

    def run(
        *arguments: str, path: Sequence[Path] = (), timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        places = os.pathsep.join(map(str, path))
        environment = {**os.environ, "PYTHONPATH": places, "PYTHONWARNINGS": "default"}
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=timeout,
            check=False,
        )

    return run
