"""dlbook: the deep learning textbook that runs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlbook.lab.claims import Claim
    from dlbook.lab.experiment import Experiment
    from dlbook.lab.training import Training

__version__ = "0.1.0"
__all__ = ["Claim", "Experiment", "Training", "__version__"]

_LAZY = {
    "Claim": "dlbook.lab.claims",
    "Experiment": "dlbook.lab.experiment",
    "Training": "dlbook.lab.training",
}


def __getattr__(name: str) -> Any:
    """Import the public classes on first use, so that ``import dlbook`` stays light."""
    if name not in _LAZY:
        raise AttributeError(f"module 'dlbook' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
