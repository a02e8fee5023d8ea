"""A sweep gives the same results wherever it runs, and continues where it stopped."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook import Experiment, Training
from dlbook.lab import results as lab_results
from dlbook.lab import schedule
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import cross
from dlbook.lab.grid import Outcome
from dlbook.lab.schedule import Interrupted
from dlbook.lab.store import Store, StoreWarning, write_atomically

needs_signals = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no SIGKILL, and does not replace open files"
)


def noisy(scale):
    """Make a trial whose numbers do not repeat, with a curve that ends early."""

    def trial(seed, a):
        numbers = np.random.default_rng(seed).normal(size=1 + seed % 3) * a * scale
        return {"x": float(numbers.sum()), "path": numbers.astype(np.float32), "n": seed}

    return trial


def experiment(trial=None, seeds=range(50), name="noise", scale=1.0):
    dims = {"path": ("step",)} if trial is None else {}
    return Experiment(name, "Same?", {"a": [1, 2, 3]}, trial or noisy(scale), seeds, dims=dims)


def run(one, **options):
    return without_seconds(one.run(progress=False, **options))


def without_seconds(results):
    del results.attrs["seconds"]
    return results


def logging_trial(log, pause=0.0):
    """Make a trial that notes each of its runs in a file."""

    def trial(seed, a):
        with open(log, "a") as file:
            file.write(f"{a} {seed}\n")
        time.sleep(pause)
        return {"x": seed * a / 7}

    return trial


def wait_until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.02)


# Processes


def test_processes_give_the_results_of_one_process():
    xr.testing.assert_identical(run(experiment()), run(experiment(), workers=2))


def test_an_error_in_a_process_is_the_error_of_the_trial():
    def trial(seed, a):
        return {"x": 1 / (seed - 40)}

    with pytest.raises(ZeroDivisionError) as error:
        run(experiment(trial), workers=2)
    assert "seed=40" in error.value.__notes__[0]


@needs_signals
def test_a_lost_process_costs_only_its_own_work_unit(tmp_path):
    log, died = tmp_path / "log", tmp_path / "died"

    def trial(seed, a):
        with open(log, "a") as file:
            file.write(f"{a} {seed}\n")
        if (seed, a) == (25, 2) and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"x": seed * a}

    results = run(experiment(trial), workers=2, store=tmp_path)
    assert died.exists()
    assert results["x"].sel(a=3).values.tolist() == [seed * 3 for seed in range(50)]
    assert len(log.read_text().split("\n")) <= 150 + 1 + 5 * 3


@needs_signals
def test_processes_that_keep_dying_end_with_a_clear_error(monkeypatch):
    monkeypatch.setattr(schedule, "ATTEMPTS", 1)

    def trial(seed, a):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ChildProcessError, match=r"workers=2: processes died .* Received: "):
        run(experiment(trial), workers=2)


def test_a_trial_that_loses_records_is_refused():
    class Lossy:
        def execute(self, runs, report):
            return [{"x": 1.0}], "lossy"

    with pytest.raises(RuntimeError, match=r"one record per run: 2. Received: 1"):
        schedule.work(Lossy(), cross({}, (0, 1)), lambda runs: None)  # pyright: ignore[reportArgumentType]


def test_workers_and_scheduler_exclude_each_other():
    with pytest.raises(ValueError, match="give one of the two"):
        experiment().run(workers=2, scheduler="tcp://127.0.0.1:1")


def test_a_training_gives_the_same_results_in_processes_and_from_a_store(tmp_path):
    def model(units):
        import keras

        return keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(units)])

    def data(seed):
        generator = np.random.default_rng(seed)
        return Data(generator.normal(size=(8, 2)), generator.normal(size=(8, 2)))

    training = Training(model, data, "mean_squared_error", epochs=3)
    one = Experiment("training", "Same?", {"units": [2], "learning_rate": [0.1]}, training, 4)
    alone = run(one)
    assert alone["epoch"].values.tolist() == [1, 2, 3]
    assert "tensorflow" in alone.attrs["versions"]
    xr.testing.assert_identical(alone, run(one, workers=2, store=tmp_path))
    xr.testing.assert_identical(alone, run(one, store=tmp_path))


# The store


def test_a_store_gives_back_the_same_results(tmp_path):
    first = run(experiment(), store=tmp_path)
    files = {path: path.read_bytes() for path in (tmp_path / "noise").iterdir()}
    again = run(experiment(), store=tmp_path)
    xr.testing.assert_identical(first, again)
    xr.testing.assert_identical(first, run(experiment()))
    assert {path: path.read_bytes() for path in (tmp_path / "noise").iterdir()} == files


def test_finished_units_are_not_run_again(tmp_path):
    one = experiment(logging_trial(tmp_path / "log"))
    run(one, store=tmp_path)
    runs = (tmp_path / "log").read_text()
    run(one, store=tmp_path)
    assert (tmp_path / "log").read_text() == runs


def test_units_of_processes_and_of_one_process_are_the_same_files(tmp_path):
    run(experiment(), store=tmp_path / "one")
    run(experiment(), store=tmp_path / "two", workers=2)
    folders = [tmp_path / "one" / "noise", tmp_path / "two" / "noise"]
    one, two = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one == two


def keys(folder):
    return {path.name for path in folder.glob("*/*.unit")}


def test_a_changed_trial_has_other_keys(tmp_path):
    run(experiment(), store=tmp_path)
    before = keys(tmp_path)
    changed = run(experiment(scale=2.0), store=tmp_path)
    assert len(keys(tmp_path)) == 2 * len(before)
    np.testing.assert_allclose(changed["x"], 2 * run(experiment())["x"])


def test_a_changed_level_runs_only_what_it_changes(tmp_path):
    one = experiment(logging_trial(tmp_path / "log"), range(40))
    one.run(store=tmp_path, progress=False)
    (tmp_path / "log").unlink()
    one.run(store=tmp_path, progress=False, independent={"a": [1, 2, 4]})
    again = {line.split()[0] for line in (tmp_path / "log").read_text().splitlines()}
    assert again == {"4"}


def test_two_experiments_share_a_store_but_not_their_units(tmp_path):
    run(experiment(), store=tmp_path)
    run(experiment(name="other"), store=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["noise", "other"]
    assert len(keys(tmp_path)) == 100


@pytest.mark.parametrize("content", [b"", b"PK", b"dlbook work unit, version 1, sha256 0\nabc"])
def test_a_damaged_file_is_named_set_aside_and_done_again(tmp_path, content):
    expected = run(experiment(), store=tmp_path)
    damaged = sorted((tmp_path / "noise").iterdir())[7]
    whole = damaged.read_bytes()
    damaged.write_bytes(content)
    with pytest.warns(StoreWarning, match=re.escape(str(damaged))) as warned:
        again = run(experiment(), store=tmp_path)
    assert len(warned) == 1
    xr.testing.assert_identical(expected, again)
    assert damaged.read_bytes() == whole
    assert damaged.with_name(f"{damaged.name}.bad").read_bytes() == content


def test_a_file_of_another_unit_is_never_mixed_in(tmp_path):
    expected = run(experiment(), store=tmp_path)
    first, second, *_ = sorted((tmp_path / "noise").iterdir())
    first.write_bytes(second.read_bytes())
    with pytest.warns(StoreWarning, match=f"belongs to noise, unit {second.stem}"):
        again = run(experiment(), store=tmp_path)
    xr.testing.assert_identical(expected, again)


@settings(max_examples=100, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), cut=st.booleans())
def test_no_damage_to_a_file_goes_unnoticed(tmp_path_factory, place, flip, cut):
    store = Store(tmp_path_factory.mktemp("store"), "noise", "definition")
    unit = cross({"a": (1,)}, (0, 1))
    path = store.write(unit, Outcome({"x": np.array([0.5, np.nan])}, "function"))
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    content[at] ^= flip
    path.write_bytes(content[:at] if cut else content)
    with pytest.warns(StoreWarning, match="damaged"):
        assert store.read(unit) is None


def test_a_store_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"store must be a folder that can be written. Received: "):
        experiment().run(store=tmp_path / "file")


def test_a_store_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OSError, match="no permission"):
        experiment().run(store=tmp_path)


def test_what_a_killed_writer_left_is_removed_later(tmp_path):
    run(experiment(), store=tmp_path)
    old, new = tmp_path / "noise" / ".a.unit.1.part", tmp_path / "noise" / ".b.unit.1.part"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    run(experiment(), store=tmp_path)
    assert not old.exists()
    assert new.exists()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = write_atomically(tmp_path / "file", b"old")

    def full(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@needs_signals
def test_who_reads_while_a_file_is_replaced_sees_the_old_content(tmp_path):
    path = write_atomically(tmp_path / "file", b"old")
    with path.open("rb") as reader:
        write_atomically(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


# Stopping

SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job would ignore it
from dlbook import Experiment, Training
from dlbook.lab.results import save
log, store, output, workers = sys.argv[1:]

def trial(seed, a):
    with open(log, "a") as file:
        file.write(f"{a} {seed}\\n")
    time.sleep(0.02)
    return {"x": seed * a / 7, "path": [seed / 3] * (1 + seed % 2)}

if __name__ == "__main__":
    one = Experiment("sweep", "Same?", {"a": [1, 2, 3]}, trial, range(50), dims={"path": ("t",)})
    try:
        results = one.run(store=store or None, workers=int(workers), progress=False)
    except KeyboardInterrupt as stop:
        sys.exit(f"stopped: {stop}")
    del results.attrs["seconds"]
    save(results, output)
"""


class Script:
    """The same sweep in a process of its own, so that it can be killed."""

    def __init__(self, folder: Path, workers=1, keep=True):
        self.script = folder / "sweep.py"
        self.script.write_text(SCRIPT)
        self.log, self.store, self.output = (folder / name for name in ("log", "store", "output"))
        self.arguments = [self.log, self.store if keep else "", self.output, workers]

    def start(self):
        command = [sys.executable, self.script, *self.arguments]
        return subprocess.Popen(
            [str(part) for part in command], stderr=subprocess.PIPE, text=True, process_group=0
        )

    def finish(self):
        process = self.start()
        assert process.communicate(timeout=60) == (None, "")
        assert process.returncode == 0

    def runs(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def stop_in_the_middle(self, kind):
        process = self.start()
        wait_until(lambda: len(self.runs()) > 60)
        os.killpg(process.pid, kind)
        return process.communicate(timeout=60)[1]


@needs_signals
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_sweep_continues_with_byte_identical_results(tmp_path, workers):
    (tmp_path / "whole").mkdir()
    whole = Script(tmp_path / "whole")
    whole.finish()
    killed = Script(tmp_path, workers)
    killed.stop_in_the_middle(signal.SIGKILL)
    assert not killed.output.exists()
    kept = len(list(killed.store.glob("sweep/*.unit")))
    assert 5 < kept < 50
    before = len(killed.runs())
    killed.finish()
    assert killed.output.read_bytes() == whole.output.read_bytes()
    assert len(killed.runs()) - before == 150 - 3 * kept


@needs_signals
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_continue(tmp_path, workers):
    script = Script(tmp_path, workers)
    message = script.stop_in_the_middle(signal.SIGINT)
    kept = len(list(script.store.glob("sweep/*.unit")))
    assert message.splitlines()[-1] == (
        f"stopped: Stopped after {3 * kept} of 150 runs of sweep. They are kept: run the same "
        f"again with store {script.store} to continue."
    )
    assert "Traceback" not in message
    script.finish()


def test_ctrl_c_without_a_store_says_that_nothing_is_kept():
    def trial(seed, a):
        if a == 2:
            raise KeyboardInterrupt
        return {"x": 1}

    with pytest.raises(
        Interrupted, match=r"Stopped after 48 of 150 runs of noise. Nothing is kept"
    ):
        run(experiment(trial))


def test_results_of_a_store_are_saved_with_the_same_bytes(tmp_path):
    paths = [tmp_path / "first.json", tmp_path / "second.json"]
    for path in paths:
        lab_results.save(run(experiment(), store=tmp_path), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
