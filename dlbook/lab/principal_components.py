"""The best flat code: a mean, and the directions in which examples differ most."""

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers


def pca_reconstruct(
    images: ArrayLike, num_components: int, fitted_on: ArrayLike | None = None
) -> np.ndarray:
    r"""Squeeze images through the best flat code: mean plus a few principal components.

    $$\hat x = \mu + V V^\top (x - \mu)$$

    No linear encoder and decoder with as many numbers have a smaller squared error on the images
    to which this is fitted.

    Args:
        images: The images $x$, shape (examples, ...).
        num_components: Columns of $V$, from 0 (every image becomes the mean image) to the number
            of features or of examples, whichever is smaller.
        fitted_on: Images that give the mean $\mu$ and the directions $V$; `None`: the same ones.

    Returns:
        $\hat x$, same shape as `images`.

    Raises:
        ValueError: The images do not fit together, or there are not so many components.

    Example:
        >>> pca_reconstruct([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]], 1).round(6) + 0.0
        array([[0., 0.],
               [2., 2.],
               [4., 4.]])
    """
    pixels = numbers(images, "images")
    rows = pixels if fitted_on is None else numbers(fitted_on, "fitted_on")
    if pixels.ndim < 2 or rows.shape[1:] != pixels.shape[1:]:
        raise ValueError(
            "`images` and `fitted_on` must be arrays of examples of one shape. "
            f"Received: shapes {pixels.shape} and {rows.shape}"
        )
    flat, known = pixels.reshape(len(pixels), -1), rows.reshape(len(rows), -1)
    center, directions = known.mean(axis=0), principal_directions(known, num_components)
    return (center + (flat - center) @ directions @ directions.T).reshape(pixels.shape)


def principal_directions(rows: ArrayLike, num_components: int) -> np.ndarray:
    """Return the directions in which examples differ most, as orthonormal columns.

    Args:
        rows: Shape (examples, features).
        num_components: How many directions.

    Returns:
        Shape (features, num_components), the strongest first. The sign of a column is arbitrary.

    Raises:
        ValueError: There are not so many directions.

    Example:
        >>> np.abs(principal_directions([[0, 0], [3, 4], [6, 8]], 1)).ravel().round(3)
        array([0.6, 0.8])
    """
    table = numbers(rows, "rows", rank=2)
    if not 0 <= num_components <= min(table.shape):
        raise ValueError(
            f"`num_components` must be from 0 to {min(table.shape)}. Received: {num_components!r}"
        )
    upper = np.linalg.qr(table - table.mean(axis=0), mode="r")  # a small table, same directions
    return np.linalg.svd(upper, full_matrices=False)[2][:num_components].T
