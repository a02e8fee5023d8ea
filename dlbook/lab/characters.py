"""Text, character by character: the inputs and answers of a model that guesses the next letter."""

import re
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from dlbook.lab.datasets import Data, MissingDataError
from dlbook.lab.datasets.downloaded import KerasFiles, from_cache

BUILT_IN = "descriptions"
TIME_MACHINE = "time machine"
URL = "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt"
SHA_256 = "8424dbd9532ac81f7e5f0b6add90e6952baea29158309d7d1bf3884f4e12c516"
NOVEL = KerasFiles(
    TIME_MACHINE,
    {"datasets/timemachine.txt": SHA_256},
    offline=f"the text {BUILT_IN!r}",
)


def only_letters(text: str) -> str:
    """Make all letters small, and one space of everything between them.

    Args:
        text: Any text.

    Returns:
        Letters and single spaces. Capitals, digits and punctuation are lost.

    Example:
        >>> only_letters("It's 3 o'clock, Émile!")
        'it s o clock émile '
    """
    return re.sub(" +", " ", "".join(one if one.isalpha() else " " for one in text.lower()))


def read_text(source: str) -> str:
    """Read a text, and keep its letters and spaces.

    Args:
        source: `"descriptions"`: what scikit-learn says about its data sets (always there);
            `"time machine"`: the novel by H. G. Wells, as "Dive into deep learning" offers it
            (174 kB, downloaded once by Keras); anything else: a text file, in UTF-8.

    Returns:
        The text after `only_letters`.

    Raises:
        MissingDataError: There is no such file, it is no text, or it cannot be downloaded.

    Example:
        >>> len(read_text("descriptions")) > 20_000
        True
    """
    if source == BUILT_IN:
        return only_letters(_descriptions())
    path = _downloaded() if source == TIME_MACHINE else Path(source).expanduser()
    try:
        return only_letters(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as problem:
        raise MissingDataError(
            f"source must be {BUILT_IN!r}, {TIME_MACHINE!r} or the path of a text file in UTF-8. "
            f"Received: {source!r} ({problem})"
        ) from problem


@cache
def _descriptions() -> str:
    from importlib.resources import files

    folder = files("sklearn.datasets.descr")
    pages = sorted((one for one in folder.iterdir()), key=lambda one: one.name)
    return "\n".join(one.read_text("utf-8") for one in pages if one.name.endswith(".rst"))


def _downloaded() -> Path:
    import keras

    get = partial(keras.utils.get_file, "timemachine.txt", URL, file_hash=SHA_256)
    return Path(from_cache(NOVEL, lambda _: get()))


def next_characters(
    text: str, *, timesteps: int = 32, num_examples: int = 10_000, num_test: int = 5_000
) -> Data:
    """Cut a text into stretches; the answer to each character is the one that follows it.

    Stretch number i begins at character i, so neighbours overlap. The first ones are for training,
    the next for validation, the next for the test.

    Args:
        text: Any text; its distinct characters, sorted, are the alphabet.
        timesteps: Characters in a stretch.
        num_examples: Stretches for training.
        num_test: Stretches for validation, and as many for the test.

    Returns:
        Inputs float32 of shape (stretches, timesteps, alphabet), 1 for the character that stands
        there; answers float32 of the same shape.

    Raises:
        ValueError: A number is below 1, or the text is too short.

    Example:
        >>> data = next_characters("abab" * 5, timesteps=3, num_examples=4, num_test=2)
        >>> data.x_train[0].argmax(axis=-1), data.y_train[0].argmax(axis=-1)
        (array([0, 1, 0]), array([1, 0, 1]))
    """
    sizes = {"timesteps": timesteps, "num_examples": num_examples, "num_test": num_test}
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"`{name}` must be 1 or more. Received: {size!r}")
    needed = num_examples + 2 * num_test + 3 * timesteps
    if len(text) < needed:
        raise ValueError(
            f"`text` must have {needed:,} characters or more for {num_examples:,} stretches and "
            f"twice {num_test:,} of {timesteps}. Received: {len(text):,} characters"
        )
    letters, places = np.unique(list(text), return_inverse=True)
    ones = np.eye(len(letters), dtype=np.float32)
    stretches = np.lib.stride_tricks.sliding_window_view(places, timesteps + 1)
    starts = (0, num_examples, num_examples + num_test + timesteps)  # no test letter is seen before
    arrays: dict[str, Any] = {}
    for part, start in zip(("train", "validation", "test"), starts, strict=True):
        these = stretches[start : start + (num_examples if part == "train" else num_test)]
        arrays[f"x_{part}"], arrays[f"y_{part}"] = ones[these[:, :-1]], ones[these[:, 1:]]
    return Data(**arrays)


def characters_of(text: str) -> Data:
    """Read a text, and cut it into 20,000 stretches of 32 characters.

    Args:
        text: As for `read_text`: `"descriptions"`, `"time machine"` or the path of your own file.

    Returns:
        The data of `next_characters`: 10,000 stretches for training, 5,000 for validation, 5,000
        for the test.

    Example:
        >>> characters_of("descriptions").x_train.shape
        (10000, 32, 27)
    """
    return next_characters(read_text(text))


def perplexity(loss: Any) -> Any:
    r"""Among how many equally likely characters does a model seem to choose?

    $$e^{L}$$

    Args:
        loss: Mean cross-entropy $L$ of a character, 0 or larger.

    Returns:
        1 for certainty, the size of the alphabet for blind guessing, more for wrong certainty.

    Example:
        >>> float(perplexity(np.log(27)).round(6))
        27.0
    """
    return np.exp(loss)
