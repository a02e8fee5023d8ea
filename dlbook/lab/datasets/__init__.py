"""Every data set of the book: one call gives training, validation and test part.

Generated: `clusters`, `doughnuts`, `xor`, `spirals` (points); `gaussian_blobs`, `blob_places`,
`bars`, `glyphs`, `stroke_textures` (pictures); `sine_waves`, `alternating`, `adding_problem`
(series). Inside scikit-learn: `digits`, `iris`, `wine`, `breast_cancer`, `diabetes`,
`diabetes_high`, `photograph`. On request, by Keras: `mnist`, `fashion_mnist`, `cifar10`.
`CATALOGUE` lists them with source and licence.
"""

from dlbook.lab.datasets.catalogue import CATALOGUE, DataSet
from dlbook.lab.datasets.core import Data
from dlbook.lab.datasets.downloaded import MissingDataError, cifar10, fashion_mnist, mnist
from dlbook.lab.datasets.generated import clusters, doughnuts, spirals, xor
from dlbook.lab.datasets.pictures import (
    bars,
    blob_places,
    gaussian_blobs,
    glyphs,
    stroke_textures,
)
from dlbook.lab.datasets.real import (
    PHOTOGRAPHS,
    breast_cancer,
    class_names,
    diabetes,
    diabetes_high,
    digits,
    feature_names,
    iris,
    photograph,
    wine,
)
from dlbook.lab.datasets.sequences import adding_problem, alternating, sine_waves, windows

__all__ = [
    "CATALOGUE",
    "PHOTOGRAPHS",
    "Data",
    "DataSet",
    "MissingDataError",
    "adding_problem",
    "alternating",
    "bars",
    "blob_places",
    "breast_cancer",
    "cifar10",
    "class_names",
    "clusters",
    "diabetes",
    "diabetes_high",
    "digits",
    "doughnuts",
    "fashion_mnist",
    "feature_names",
    "gaussian_blobs",
    "glyphs",
    "iris",
    "mnist",
    "photograph",
    "sine_waves",
    "spirals",
    "stroke_textures",
    "windows",
    "wine",
    "xor",
]
