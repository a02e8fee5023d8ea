"""Larger data that Keras downloads once and keeps; nothing here runs unless it is asked for."""

import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dlbook.lab.datasets.core import Data, generator, stratified_order
from dlbook.lab.datasets.real import Share, count_of


class MissingDataError(OSError):
    """A data set is neither here nor to be had, or its file is not the published one."""


@dataclass(frozen=True)
class KerasFiles:
    """The files of one data set in the cache of Keras.

    Args:
        name: Module of `keras.datasets`, or what else these files are called.
        hashes: Path of each file below the cache folder, and its SHA-256.
        offline: What to use where there is no network.
    """

    name: str
    hashes: Mapping[str, str]
    offline: str = "dlbook.lab.datasets.digits"


MNIST = KerasFiles(
    "mnist",
    {
        "datasets/mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    },
)
FASHION_MNIST = KerasFiles(
    "fashion_mnist",
    {
        f"datasets/fashion-mnist/{name}-ubyte.gz": code
        for name, code in {
            "train-labels-idx1": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "train-images-idx3": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "t10k-labels-idx1": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            "t10k-images-idx3": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        }.items()
    },
)
CIFAR10 = KerasFiles(
    "cifar10",
    {
        "datasets/cifar-10-batches-py-target_archive": (
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
        ),
    },
    offline="dlbook.lab.datasets.digits(images=True)",
)


def mnist(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 10_000,
    images: bool = False,
) -> Data:
    """Load 70,000 handwritten digits of 28x28 pixels (11 MB, downloaded once by Keras).

    Args:
        seed: Non-negative integer; controls which of the 60,000 are for validation.
        num_examples: Training examples to keep, in the class shares of all; `None`: all (50,000).
        validation: Size of the validation part, a share (below 1) or a number; 0: none.
        images: Shape `(examples, 28, 28, 1)` instead of `(examples, 784)`.

    Returns:
        Pixels from 0 (paper) to 1 (ink); labels 0 to 9 as int32 `(examples,)`. The test part is the
        official one of 10,000.

    Raises:
        MissingDataError: If the file is neither there nor to be had, or is not the published one.

    Source: Y. LeCun and C. Cortes, MNIST; CC BY-SA 3.0.
    """
    return _split(MNIST, seed, (num_examples, validation), images)


def fashion_mnist(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 10_000,
    images: bool = False,
) -> Data:
    """Load 70,000 pictures of clothes of 28x28 pixels (31 MB, downloaded once by Keras).

    Args:
        seed: Non-negative integer; controls which of the 60,000 are for validation.
        num_examples: Training examples to keep, in the class shares of all; `None`: all (50,000).
        validation: Size of the validation part, a share (below 1) or a number; 0: none.
        images: Shape `(examples, 28, 28, 1)` instead of `(examples, 784)`.

    Returns:
        Pixels from 0 to 1; labels 0 to 9 (T-shirt, trouser, pullover, dress, coat, sandal, shirt,
        sneaker, bag, ankle boot) as int32 `(examples,)`. The test part is the official one.

    Raises:
        MissingDataError: If a file is neither there nor to be had, or is not the published one.

    Source: H. Xiao et al. (2017), Fashion-MNIST; MIT licence.
    """
    return _split(FASHION_MNIST, seed, (num_examples, validation), images)


def cifar10(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 10_000,
    images: bool = True,
) -> Data:
    """Load 60,000 colour pictures of 32x32 pixels (170 MB, downloaded once by Keras).

    Args:
        seed: Non-negative integer; controls which of the 50,000 are for validation.
        num_examples: Training examples to keep, in the class shares of all; `None`: all (40,000).
        validation: Size of the validation part, a share (below 1) or a number; 0: none.
        images: Shape `(examples, 32, 32, 3)`, or `(examples, 3072)` if false.

    Returns:
        Red, green and blue from 0 to 1; labels 0 to 9 (airplane, automobile, bird, cat, deer, dog,
        frog, horse, ship, truck) as int32 `(examples,)`. The test part is the official one.

    Raises:
        MissingDataError: If the file is neither there nor to be had, or is not the published one.

    Source: A. Krizhevsky (2009), Learning multiple layers of features; no licence stated.
    """
    return _split(CIFAR10, seed, (num_examples, validation), images)


def present(files: KerasFiles) -> bool:
    """Tell whether all files of a data set are in the cache, unchanged.

    Args:
        files: Which files.
    """
    home = keras_home()
    return all(
        (home / path).is_file() and _sha256(home / path) == code
        for path, code in files.hashes.items()
    )


def keras_home() -> Path:
    """Return the folder in which Keras keeps what it downloads: `KERAS_HOME`, or `~/.keras`."""
    config = sys.modules.get("keras.src.backend.config")
    if config is not None:
        return Path(config.keras_home()).expanduser()
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def _split(files: KerasFiles, seed: int, sizes: tuple[int | None, Share], images: bool) -> Data:
    (x, y), (x_test, y_test) = _load(files)
    rng = generator(files.name, seed)
    order = stratified_order(y, rng)
    num_validation = count_of("validation", sizes[1], len(y))
    held_out, train = order[:num_validation], order[num_validation:]
    train = train[stratified_order(y[train])][: sizes[0]]
    data = Data(
        x[train], y[train], x_test=x_test, y_test=y_test,
        x_validation=x[held_out] if num_validation else None,
        y_validation=y[held_out] if num_validation else None,
    )  # fmt: skip
    return data.with_inputs(lambda pixels: _unit_range(pixels, images))


def _unit_range(pixels: NDArray, images: bool) -> NDArray:
    pixels = pixels.astype(np.float32) / 255
    if not images:
        return pixels.reshape(len(pixels), -1)
    return pixels if pixels.ndim == 4 else pixels[..., None]


Table = tuple[NDArray, NDArray]
Loaded = TypeVar("Loaded")


def from_cache(files: KerasFiles, loader: Callable[[Path], Loaded]) -> Loaded:
    """Load files by Keras' own loader, after making sure that it can do no harm.

    Args:
        files: Which files.
        loader: Calls Keras, which downloads what is not there; gets the cache folder.

    Returns:
        What the loader returns.

    Raises:
        MissingDataError: If a file is neither there nor to be had, or is not the published one.
    """
    importlib.import_module("keras")
    home = keras_home()
    _check_writable(files, home)
    for path, code in files.hashes.items():
        _check_file(home / path, code)
    try:
        return loader(home)
    except Exception as problem:
        raise _not_found(files, home, problem) from problem


def _load(files: KerasFiles) -> tuple[Table, Table]:
    return from_cache(files, partial(_read, files.name))


@cache
def _read(module: str, home: Path) -> tuple[Table, Table]:
    """Load both parts once; `home` belongs to the key, for it can change."""
    loader = importlib.import_module(f"keras.datasets.{module}")
    (x, y), (x_test, y_test) = loader.load_data()
    return (x, y.ravel().astype(np.int32)), (x_test, y_test.ravel().astype(np.int32))


def _check_writable(files: KerasFiles, home: Path) -> None:
    """Refuse a cache that cannot be written: Keras would silently use another one."""
    if home.exists() and not os.access(home, os.W_OK):
        raise MissingDataError(
            f"the folder of KERAS_HOME must be writable, or Keras looks for {files.name} "
            f"elsewhere; copy it and set KERAS_HOME to the copy. Received: {home}"
        )


def _check_file(path: Path, code: str) -> None:
    """Refuse a file with another content than the published one: Keras would delete it."""
    if path.is_file() and (found := _sha256(path)) != code:
        raise MissingDataError(
            f"{path.name} in {path.parent} must be the published file, SHA-256 {code}. It was left "
            f"as it is; move it away to download it again. Received: SHA-256 {found}"
        )


def _not_found(files: KerasFiles, home: Path, problem: Exception) -> MissingDataError:
    absent = [path for path in files.hashes if not (home / path).is_file()]
    return MissingDataError(
        f"{files.name} needs {', '.join(Path(path).name for path in absent)}, looked for in "
        f"{(home / next(iter(files.hashes))).parent} (KERAS_HOME, or ~/.keras), and it could not "
        f"be downloaded. Without a network use {files.offline}. "
        f"Received: {type(problem).__name__}: {problem}"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
