"""Progress of a sweep: a bar on a terminal, plain lines elsewhere, or nothing.

All of it goes to standard error, so that the output of a program stays its output.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

REFRESH_SECONDS = 0.1
FIRST_LINE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0

Clock = Callable[[], float]


class Meter:
    """Counts the runs of a sweep, and says how fast they go and how long the rest takes.

    Args:
        name: The experiment.
        total: Number of runs.
        kept: Runs that a store already had; they do not count for the rate.
        clock: Seconds that never go back.
    """

    def __init__(self, name: str, total: int, kept: int = 0, clock: Clock = time.monotonic) -> None:
        self.name = name
        self.total = total
        self.kept = kept
        self.clock = clock
        self._start = clock()
        self._finished = float(kept)
        self._current = 0.0

    def report(self, runs: float) -> None:
        """Count runs, or parts of runs, of the current work unit."""
        self._current += runs

    def finish(self, runs: int) -> None:
        """Count a whole work unit, whatever was reported of it."""
        self._finished += runs
        self._current = 0.0

    @property
    def done(self) -> float:
        """Runs done so far."""
        return min(self._finished + self._current, float(self.total))

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self.clock() - self._start

    @property
    def rate(self) -> float:
        """Runs per second, without those that were kept from before."""
        return (self.done - self.kept) / max(self.seconds, 1e-9)

    def __str__(self) -> str:
        if self.done <= self.kept:
            return f"{self.name}: {int(self.done):,} of {self.total:,} runs"
        left = (self.total - self.done) / self.rate
        ending = f"{duration(left)} left" if left else f"took {duration(self.seconds)}"
        return f"{self.name}: {self.count}, {rate_text(self.rate)}, {ending}"

    @property
    def count(self) -> str:
        """Runs done of all runs."""
        return f"{int(self.done):,} of {self.total:,} runs"


def duration(seconds: float) -> str:
    """Write a duration for people.

    Args:
        seconds: 0 or more.

    Returns:
        Seconds, minutes or hours, with two digits or so.

    Example:
        >>> duration(0.25), duration(42), duration(200), duration(7500)
        ('0.3 s', '42 s', '3 min 20 s', '2 h 05 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return (
        f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
    )


def rate_text(rate: float) -> str:
    """Write a rate for people.

    Args:
        rate: Runs per second.

    Returns:
        Runs per second, or seconds per run where that is the easier number.

    Example:
        >>> rate_text(1234.5), rate_text(2.5), rate_text(0.1)
        ('1,234 runs/s', '2.5 runs/s', '10 s per run')
    """
    if 0 < rate < 0.5:
        return f"{duration(1 / rate)} per run"
    return f"{rate:,.0f} runs/s" if rate >= 10 else f"{rate:.1f} runs/s"


class View(Protocol):
    """Something that shows a meter."""

    def refresh(self, meter: Meter) -> None:
        """Show the present state; called at most ten times a second."""
        ...

    def close(self, meter: Meter) -> None:
        """Show the last state."""
        ...


class Silent:
    """Shows nothing."""

    def refresh(self, meter: Meter) -> None:
        """Show nothing."""

    def close(self, meter: Meter) -> None:
        """Show nothing."""


class Lines:
    """Writes a plain line now and then, less often as time goes on.

    Args:
        pause: Seconds before the first line; 0 writes one at once.
    """

    def __init__(self, pause: float = FIRST_LINE_SECONDS) -> None:
        self._pause = pause
        self._next = pause
        self._written = False

    def refresh(self, meter: Meter) -> None:
        """Write a line if the last one is long ago."""
        if meter.seconds < self._next:
            return
        self._pause = min(max(2 * self._pause, FIRST_LINE_SECONDS), LONGEST_PAUSE_SECONDS)
        self._next = meter.seconds + self._pause
        self._write(meter)

    def close(self, meter: Meter) -> None:
        """Write the last line if there was a first."""
        if self._written:
            self._write(meter)

    def _write(self, meter: Meter) -> None:
        self._written = True
        sys.stderr.write(f"{meter}\n")
        sys.stderr.flush()


class Bar:
    """A bar on the terminal, with rate and time left.

    Args:
        meter: What it is to show.
        console: A `rich.console.Console` on standard error.
    """

    def __init__(self, meter: Meter, console: Any) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn())
        self._progress = Progress(*columns, console=console, refresh_per_second=10)
        self._task = self._progress.add_task(str(meter), total=meter.total)
        self._progress.start()

    def refresh(self, meter: Meter) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=meter.done, description=str(meter))

    def close(self, meter: Meter) -> None:
        """Show the last state and leave it on the screen."""
        self.refresh(meter)
        self._progress.stop()


class Reporter:
    """What a scheduler tells about its runs; passes it on to a view, not too often.

    Args:
        meter: Counts.
        view: Shows.
    """

    def __init__(self, meter: Meter, view: View) -> None:
        self.meter = meter
        self._view = view
        self._next = 0.0

    def report(self, runs: float) -> None:
        """Count runs, or parts of runs, of the current work unit."""
        self.meter.report(runs)
        self._refresh()

    def finish(self, runs: int) -> None:
        """Count a whole work unit."""
        self.meter.finish(runs)
        self._refresh()

    def _refresh(self) -> None:
        now = self.meter.clock()
        if now >= self._next:
            self._next = now + REFRESH_SECONDS
            self._view.refresh(self.meter)


def in_notebook() -> bool:
    """Say whether this runs in a notebook kernel, whose outputs are to be the same each time."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


def choose_view(meter: Meter, progress: bool | None) -> View:
    """Choose how progress is shown.

    Args:
        meter: What is to be shown.
        progress: ``None`` chooses by where standard error goes, ``True`` shows it in any case,
            ``False`` never.

    Returns:
        A bar on a terminal, nothing in a notebook, plain lines elsewhere.
    """
    if progress is False or (progress is None and in_notebook()):
        return Silent()
    if sys.stderr.isatty():
        from rich.console import Console

        console = Console(file=sys.stderr)
        if console.is_terminal and not console.is_dumb_terminal:
            return Bar(meter, console)
    return Lines(0.0 if progress else FIRST_LINE_SECONDS)


@contextmanager
def show(meter: Meter, progress: bool | None) -> Iterator[Reporter]:
    """Show progress while the block runs.

    Args:
        meter: Counts the runs.
        progress: See `choose_view`.

    Yields:
        What takes reports.
    """
    view = choose_view(meter, progress)
    try:
        yield Reporter(meter, view)
    finally:
        view.close(meter)
