"""Every data set of the book: one call gives training, validation and test part."""

from dlbook.lab.datasets.core import Data
from dlbook.lab.datasets.generated import clusters, doughnuts
from dlbook.lab.datasets.real import breast_cancer, digits, iris

__all__ = ["Data", "breast_cancer", "clusters", "digits", "doughnuts", "iris"]
