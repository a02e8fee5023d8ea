"""Keeps TensorFlow's start-up lines off the terminal, and nothing else."""

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TextIO

STDERR = 2
CHATTER = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IW]\d{4} \d\d:\d\d:"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] "
    rb"|To enable the following instructions: "
)


@contextmanager
def quiet() -> Iterator[None]:
    """Drop the lines in which TensorFlow's C++ part describes the machine at import.

    They are written to file descriptor 2 past Python, whatever the log level says. All other lines
    pass, and Python's own standard error keeps the terminal, so that progress bars still move.
    """
    terminal = os.dup(STDERR)
    reader, writer = os.pipe()
    forwarder = Thread(target=_forward, args=(reader, terminal), daemon=True)
    before = sys.stderr
    sys.stderr = _on(before, terminal)
    os.dup2(writer, STDERR)
    os.close(writer)
    forwarder.start()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, STDERR)
        sys.stderr = before
        forwarder.join(timeout=0.5)  # a worker process may keep the pipe open


def _on(stream: TextIO, terminal: int) -> TextIO:
    """The same stream on the terminal itself, if it wrote to file descriptor 2."""
    try:
        is_standard = stream.fileno() == STDERR
    except (AttributeError, io.UnsupportedOperation, ValueError):
        return stream
    if not is_standard:
        return stream
    return open(terminal, "w", buffering=1, errors="replace", closefd=False)


def _forward(reader: int, terminal: int) -> None:
    """Copy lines from a pipe to the terminal until the pipe closes, without the chatter."""
    with open(reader, "rb") as lines, open(terminal, "wb", buffering=0) as shown:
        for line in lines:
            if not CHATTER.match(line):
                shown.write(line)
