"""Progress tells how far, how fast and how long, and never disturbs an output."""

import io
import sys
from types import SimpleNamespace

import pytest

from dlbook import Experiment
from dlbook.lab import progress
from dlbook.lab.progress import Bar, Lines, Meter, Reporter, Silent, choose_view, show


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    """A standard error that says that it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


def replace_standard_error(monkeypatch, stream):
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream, modules=sys.modules))
    return stream


@pytest.fixture
def written(monkeypatch):
    return replace_standard_error(monkeypatch, io.StringIO())


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return replace_standard_error(monkeypatch, Terminal())


# The meter


def test_the_meter_tells_rate_and_time_left(clock):
    meter = Meter("sweep", 2000, clock=clock)
    assert str(meter) == "sweep: 0 of 2,000 runs"
    clock.now += 4
    meter.finish(500)
    assert str(meter) == "sweep: 500 of 2,000 runs, 125 runs/s, 12 s left"


def test_runs_from_a_store_count_as_done_but_not_as_fast(clock):
    meter = Meter("sweep", 1000, kept=900, clock=clock)
    assert str(meter) == "sweep: 900 of 1,000 runs"
    clock.now += 10
    meter.finish(50)
    assert str(meter) == "sweep: 950 of 1,000 runs, 5.0 runs/s, 10 s left"


def test_parts_of_a_work_unit_count_until_it_is_finished(clock):
    meter = Meter("sweep", 10, clock=clock)
    meter.report(2.5)
    assert meter.done == 2.5
    meter.finish(4)
    assert meter.done == 4
    meter.report(100)
    assert meter.done == 10


def test_the_end_says_how_long_it_took(clock):
    meter = Meter("sweep", 10, clock=clock)
    clock.now += 200
    meter.finish(10)
    assert str(meter) == "sweep: 10 of 10 runs, 20 s per run, took 3 min 20 s"


# Lines


def test_a_short_sweep_writes_nothing(clock, written):
    meter = Meter("sweep", 10, clock=clock)
    with show(meter, None) as reporter:
        clock.now += 4.9
        reporter.finish(10)
    assert written.getvalue() == ""


def test_a_long_sweep_writes_lines_less_and_less_often(clock, written):
    meter = Meter("sweep", 1000, clock=clock)
    with show(meter, None) as reporter:
        for _ in range(1000):
            clock.now += 1
            reporter.report(1)
    lines = written.getvalue().splitlines()
    assert lines[0] == "sweep: 5 of 1,000 runs, 1.0 runs/s, 16 min 35 s left"
    assert 10 < len(lines) < 25
    assert lines[-1] == "sweep: 1,000 of 1,000 runs, 1.0 runs/s, took 16 min 40 s"


def test_progress_that_is_asked_for_begins_at_once(clock, written):
    with show(Meter("sweep", 10, clock=clock), True) as reporter:
        reporter.finish(1)
    assert written.getvalue().startswith("sweep: 1 of 10 runs")


def test_no_progress_means_no_line(clock, written):
    with show(Meter("sweep", 10, clock=clock), False) as reporter:
        clock.now += 100
        reporter.finish(10)
    assert written.getvalue() == ""


def test_the_view_is_not_asked_too_often(clock):
    seen = []

    class View(Silent):
        def refresh(self, meter):
            seen.append(meter.done)

    reporter = Reporter(Meter("sweep", 10_000, clock=clock), View())
    for _ in range(10_000):
        clock.now += 0.0001
        reporter.report(1)
    assert 5 < len(seen) < 15


# Bar


def test_a_terminal_gets_a_bar_with_rate_and_time_left(clock, terminal):
    with show(Meter("sweep", 10, clock=clock), None) as reporter:
        clock.now += 5
        reporter.finish(5)
    assert "sweep: 5 of 10 runs, 1.0 runs/s, 5.0 s left" in terminal.getvalue()
    assert "━" in terminal.getvalue()


def test_the_bar_ends_when_the_sweep_fails(terminal):
    meter = Meter("sweep", 10)
    with pytest.raises(ZeroDivisionError), show(meter, None):
        raise ZeroDivisionError
    assert terminal.getvalue().endswith("\n\x1b[?25h")  # a new line, and the cursor is back


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_view(Meter("sweep", 10), None), Lines)


# Notebooks


def test_a_notebook_gets_nothing_unless_it_asks(written, monkeypatch):
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    assert progress.in_notebook()
    assert isinstance(choose_view(Meter("sweep", 10), None), Silent)
    assert isinstance(choose_view(Meter("sweep", 10), True), Lines)


def test_an_ipython_terminal_is_no_notebook(terminal, monkeypatch):
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", shell)
    assert not progress.in_notebook()
    bar = choose_view(Meter("sweep", 10), None)
    assert isinstance(bar, Bar)
    bar.close(Meter("sweep", 10))


def test_an_experiment_reports_its_runs(written):
    one = Experiment("sweep", "Seen?", {}, lambda seed: {"x": seed}, range(200))
    one.run(progress=True)
    assert written.getvalue().splitlines()[-1].startswith("sweep: 200 of 200 runs, ")


def test_a_sweep_that_continues_begins_with_what_was_kept(written, tmp_path):
    def trial(seed):
        if seed == 150 and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            raise KeyboardInterrupt
        return {"x": seed}

    one = Experiment("sweep", "Seen?", {}, trial, range(200))
    with pytest.raises(KeyboardInterrupt, match="148 of 200"):
        one.run(store=tmp_path, progress=False)
    one.run(store=tmp_path, progress=True)
    assert written.getvalue().startswith("sweep: 149 of 200 runs, ")
