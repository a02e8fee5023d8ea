"""How far two orders agree."""

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers


def rank_correlation(x: ArrayLike, y: ArrayLike) -> float:
    r"""Correlate the ranks of two lists of numbers (Spearman).

    1 if larger numbers of one go with larger numbers of the other, whatever the shape of the curve.

    Args:
        x: Numbers, any shape.
        y: As many numbers.

    Returns:
        From -1 to 1; 0 where one of the lists is constant and so has no order.

    Raises:
        ValueError: The lists differ in length.

    Example:
        >>> round(rank_correlation([1, 2, 3], [1, 10, 100]), 9), rank_correlation([1, 2], [5, 5])
        (1.0, 0.0)

    Source: C. Spearman (1904), The proof and measurement of association between two things.
    """
    from scipy.stats import rankdata

    ranks = [rankdata(numbers(one, name)) for one, name in ((x, "x"), (y, "y"))]
    if len(ranks[0]) != len(ranks[1]):
        raise ValueError(
            "`x` and `y` must hold as many numbers. "
            f"Received: {len(ranks[0])} and {len(ranks[1])} numbers"
        )
    constant = any(np.ptp(one) == 0 for one in ranks)
    return 0.0 if constant else float(np.corrcoef(*ranks)[0, 1])
