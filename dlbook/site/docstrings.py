"""A griffe extension, so that the reference shows the ``Example:`` of a docstring as a doctest.

Griffe knows the plural heading only; without this, an example would become a quotation.
"""

import re
from typing import Any

from griffe import Extension, Object

_EXAMPLE = re.compile(r"^([ \t]*)Example:[ \t]*$", re.MULTILINE)


class Examples(Extension):
    """Reads ``Example:`` as ``Examples:``."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Rename the section in the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(r"\1Examples:", obj.docstring.value)
