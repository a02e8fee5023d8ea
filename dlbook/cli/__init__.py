"""The command line: ``dlbook list | run | notebook | build | read | data | claims | new``.

This is the only part of the package that prints. Starting it loads no TensorFlow, and a mistake or
a stop ends with one line on standard error.
"""

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of ``dlbook``.

    Args:
        arguments: What follows the word ``dlbook``; by default what the shell gave.

    Returns:
        The exit code: 0 if all went well, 1 for a failure, 2 for a wrong argument, 130 for Ctrl-C.

    Example:
        >>> main(["--version"])
        dlbook 0.1.0
        0
    """
    # Read by TensorFlow, MkDocs and Material when they are imported, here and in child processes.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    from dlbook.cli.ending import ended

    with ended() as ending:
        from dlbook.cli.commands import app

        app(list(sys.argv[1:] if arguments is None else arguments), prog_name="dlbook")
    return ending.code
