"""How good and how varied samples are: counts of kinds, and a distance between two sets."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers


def mode_counts(
    samples: ArrayLike, classifier: Callable[[Any], ArrayLike], num_modes: int
) -> np.ndarray:
    """Count how many samples are of each kind.

    Args:
        samples: Shape (examples, ...).
        classifier: Gives a kind for each sample, from 0 to `num_modes` - 1, or -1 for none of
            them; or a score for each kind, shape (examples, num_modes).
        num_modes: How many kinds there are.

    Returns:
        Counts, shape (num_modes,).

    Raises:
        ValueError: The classifier gives another number of labels, or kinds that do not exist.

    Example:
        >>> mode_counts([-2.0, 3.0, 4.0], lambda x: (np.array(x) > 0).astype(int), 3)
        array([1, 2, 0])
    """
    labels = np.asarray(classifier(samples))
    labels = labels.argmax(axis=-1) if labels.ndim == 2 else labels
    if labels.shape != (len(samples),) or labels.max(initial=0) >= num_modes:  # type: ignore
        raise ValueError(
            f"`classifier` must give each of the {len(samples)} samples a kind below "  # type: ignore
            f"{num_modes}. Received: shape {labels.shape}, largest {labels.max(initial=-1)}"
        )
    return np.bincount(labels[labels >= 0].astype(int), minlength=num_modes)


def frechet_distance(features_a: ArrayLike, features_b: ArrayLike) -> float:
    r"""Compare two sets of samples by the means and covariances of their features.

    $$\lVert \mu_a - \mu_b \rVert^2
    + \operatorname{tr}\!\left(C_a + C_b - 2\,(C_a C_b)^{1/2}\right)$$

    Args:
        features_a: Shape (examples, features), means $\mu_a$, covariances $C_a$.
        features_b: Shape (examples, features), likewise.

    Returns:
        0 where means and covariances agree, larger the more they differ.

    Raises:
        ValueError: Another number of features, or fewer than two examples.

    Example:
        >>> frechet_distance([[0.0], [2.0]], [[3.0], [5.0]])
        9.0
    """
    a, b = numbers(features_a, "features_a", rank=2), numbers(features_b, "features_b", rank=2)
    if a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            "`features_a` and `features_b` must have two examples or more, and the same features. "
            f"Received: shapes {a.shape} and {b.shape}"
        )
    covariances = [np.atleast_2d(np.cov(one, rowvar=False)) for one in (a, b)]
    roots = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).real.clip(0))
    means = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)
    return float(means + sum(np.trace(one) for one in covariances) - 2 * roots.sum())
