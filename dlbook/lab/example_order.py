"""The order in which a run sees its examples: one seed, one order, in every engine."""

from collections.abc import Sequence

import numpy as np

STREAM = 7_021_901


class ExampleOrder:
    """Draws the order of the examples for some seeds, a few epochs at a time.

    Args:
        seeds: One seed per stream.
        num_examples: How many examples there are.
        shuffle: Whether every epoch has its own order.

    Example:
        >>> ExampleOrder([0], 4, shuffle=False).epochs(2).tolist()
        [[[0, 1, 2, 3]], [[0, 1, 2, 3]]]
    """

    def __init__(self, seeds: Sequence[int], num_examples: int, shuffle: bool) -> None:
        self.num_examples = num_examples
        self.shuffle = shuffle
        self._generators = [np.random.default_rng([STREAM, seed]) for seed in seeds]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of seeds and of examples."""
        return len(self._generators), self.num_examples

    def epochs(self, count: int) -> np.ndarray:
        """Return the orders of the next epochs.

        Args:
            count: How many epochs.

        Returns:
            Positions of examples, shape (epochs, seeds, examples), int32.
        """
        plain = np.arange(self.num_examples, dtype=np.int32)
        orders = np.empty((count, len(self._generators), self.num_examples), np.int32)
        orders[:] = plain
        for place, generator in enumerate(self._generators if self.shuffle else ()):
            orders[:, place] = generator.permuted(orders[:, place], axis=1)
        return orders
