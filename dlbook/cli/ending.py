"""How a command ends: every failure that is no bug of ours is one line on standard error."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dlbook.contents import UnknownChapter

FAILED, WRONG_ARGUMENT, INTERRUPTED, CLOSED_PIPE = 1, 2, 130, 141


class Failure(Exception):  # noqa: N818 - it is not an error of the program
    """Something the person at the keyboard can put right; shown as one line.

    Args:
        message: what happened, and what to do about it.
        code: exit code of the command.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


class Stopped(BaseException):
    """Carries a Ctrl-C or a closed pipe past Typer, which would end the program without a word.

    Args:
        cause: what happened.
    """

    def __init__(self, cause: BaseException) -> None:
        super().__init__(cause)
        self.cause = cause


@contextmanager
def passed_on() -> Iterator[None]:
    """Let a stop from outside reach `ended` unchanged."""
    try:
        yield
    except (KeyboardInterrupt, BrokenPipeError) as stop:
        raise Stopped(stop) from stop


@dataclass
class Ending:
    """The exit code of a command, known when it has ended."""

    code: int = 0


@contextmanager
def ended() -> Iterator[Ending]:
    """Turn what stops a command into an exit code and, where it helps, one line.

    Yields:
        The `Ending` that holds the exit code after the block.

    Example:
        >>> with ended() as ending:
        ...     raise SystemExit(3)
        >>> ending.code
        3
    """
    ending = Ending()
    try:
        yield ending
        sys.stdout.flush()
    except SystemExit as exit_:
        ending.code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except Stopped as stopped:
        line, ending.code = _explain(stopped.cause)
        _say(line)
    except (KeyboardInterrupt, OSError, UnknownChapter, Failure) as stop:
        line, ending.code = _explain(stop)
        _say(line)


def _explain(stop: BaseException) -> tuple[str, int]:
    """The line and the exit code for one stop; bugs are raised again with their traceback."""
    match stop:
        case KeyboardInterrupt():
            told = str(stop) or "Stopped. Nothing half-written was left behind."
            return f"{told[0].lower()}{told[1:]}", INTERRUPTED
        case BrokenPipeError():
            _forget_stdout()
            return "the program that read the output has closed it.", CLOSED_PIPE
        case UnknownChapter():
            return _unknown(stop), WRONG_ARGUMENT
        case Failure():
            return str(stop), stop.code
        case OSError():
            return _system(stop), FAILED
    raise stop


def _unknown(stop: UnknownChapter) -> str:
    near = " or ".join(stop.nearest)
    hint = f"Did you mean {near}?" if near else "`dlbook list` shows them all."
    if stop.planned:
        return f"the chapter {stop.name!r} is planned and not written yet. `dlbook list` shows all."
    return f"there is no chapter {stop.name!r}. {hint}"


def _system(stop: OSError) -> str:
    """What the operating system refused, in its own words, with the file it was about."""
    if stop.errno is None:
        return str(stop)
    verb = "cannot write" if stop.errno in _WRITING else "cannot use"
    return f"{verb} {stop.filename}: {stop.strerror}." if stop.filename else f"{stop.strerror}."


_WRITING = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.ENOTDIR, errno.EEXIST}


def _forget_stdout() -> None:
    """Send what is still buffered nowhere, so that Python does not complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):  # standard output is no real file
        sys.stdout = open(nowhere, "w", closefd=False)  # noqa: SIM115


def _say(line: str) -> None:
    try:
        print(f"dlbook: {line}", file=sys.stderr, flush=True)
    except OSError:  # nobody listens there either
        sys.stderr = None
