"""A sweep on a real Dask cluster over TCP gives the results of one process, whatever dies."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from dlbook import Experiment

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'dlbook[cluster]'")

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def wait_until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.02)


class Cluster:
    """A scheduler and workers, each a process of its own, that talk over TCP."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.log = folder / "cluster.log"
        self.processes = []
        where = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
        self._start("dask_scheduler", *where)
        wait_until(lambda: self.file.exists() and self.file.read_text().endswith("}"))
        self.address = json.loads(self.file.read_text())["address"]

    def _start(self, program, *options):
        command = [sys.executable, "-m", f"distributed.cli.{program}"]
        command += ["--scheduler-file", str(self.file), *options]
        with self.log.open("a") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        return self.processes[-1]

    def add_workers(self, count):
        options = ["--nthreads", "2", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        options += ["--local-directory", str(self.folder)]
        workers = [self._start("dask_worker", *options) for _ in range(count)]
        wait_until(lambda: self.log.read_text().count("Registered to:") == count)
        return workers

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    one = Cluster(tmp_path)
    yield one
    one.close()


def logging_trial(log, pause):
    """Make a trial that notes seed and process of each run, and pauses."""

    def trial(seed, a):
        with open(log, "a") as file:
            file.write(f"{seed} {os.getpid()}\n")
        time.sleep(pause)
        return {"x": seed * a / 7, "path": np.arange(1 + seed % 3) / 3}

    return trial


def experiment(trial):
    dims = {"path": ("step",)}
    return Experiment("sweep", "Same?", {"a": [1, 2]}, trial, range(100), dims=dims)


def without_seconds(results):
    del results.attrs["seconds"]
    return results


def lines(log):
    return log.read_text().splitlines() if log.exists() else []


def processes(log):
    return {line.split()[1] for line in lines(log)}


@needs_signals
def test_a_worker_that_is_killed_costs_only_its_own_work(cluster, tmp_path):
    log = tmp_path / "log"
    workers = cluster.add_workers(2)
    kept = tmp_path / "store" / "sweep"

    def kill_one():
        wait_until(lambda: len(processes(log)) == 2 and len(lines(log)) > 60)
        workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    results = experiment(logging_trial(log, 0.02)).run(
        scheduler=cluster.address, store=tmp_path / "store", progress=False
    )
    killer.join()
    assert workers[0].wait() == -signal.SIGKILL
    assert workers[1].poll() is None
    alone = experiment(logging_trial(tmp_path / "other", 0.0)).run(progress=False)
    xr.testing.assert_identical(without_seconds(results), without_seconds(alone))
    assert 200 < len(lines(log)) < 230
    assert len(list(kept.iterdir())) == 50


def test_an_error_on_the_cluster_is_the_error_of_the_trial(cluster):
    cluster.add_workers(1)

    def trial(seed, a):
        return {"x": 1 / (seed - 40)}

    with pytest.raises(ZeroDivisionError) as error:
        Experiment("sweep", "Same?", {"a": [1]}, trial, range(100)).run(
            scheduler=cluster.address, progress=False
        )
    assert "seed=40" in error.value.__notes__[0]


def test_threads_of_one_worker_take_turns(cluster, tmp_path):
    cluster.add_workers(1)
    log = tmp_path / "turns"

    def trial(seed):
        with open(log, "a") as file:
            file.write("in ")
        time.sleep(0.01)
        with open(log, "a") as file:
            file.write("out\n")
        return {"x": seed}

    Experiment("turns", "One?", {}, trial, range(20)).run(scheduler=cluster.address, progress=False)
    assert set(lines(log)) == {"in out"}


def test_large_trials_are_sent_without_complaint(cluster):
    cluster.add_workers(1)
    data = np.ones(2_000_000)
    one = Experiment("large", "Big?", {}, lambda seed: {"x": data.sum() + seed}, range(4))
    results = one.run(scheduler=cluster.address, progress=False)
    assert results["x"].values.tolist() == [2e6, 2e6 + 1, 2e6 + 2, 2e6 + 3]


@needs_signals
def test_a_unit_that_kills_every_worker_ends_with_a_clear_error(cluster):
    cluster.add_workers(4)

    def trial(seed):
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    one = Experiment("deadly", "Why?", {}, trial, range(1))
    with pytest.raises(ChildProcessError, match="workers died while they ran the same work unit"):
        one.run(scheduler=cluster.address, progress=False)


def test_a_cluster_without_workers_is_refused(cluster, monkeypatch):
    monkeypatch.setattr("dlbook.lab.schedule.WORKER_SECONDS", 1)
    with pytest.raises(ConnectionError, match=r"at least one worker .* without workers"):
        experiment(logging_trial("", 0)).run(scheduler=cluster.address, progress=False)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://1", "127.0.0.1"])
def test_an_address_where_no_scheduler_answers_is_refused(address, monkeypatch):
    monkeypatch.setattr("dlbook.lab.schedule.CONNECT_SECONDS", 1)
    with pytest.raises(ConnectionError, match=f"running Dask scheduler.* Received: '{address}'"):
        experiment(logging_trial("", 0)).run(scheduler=address, progress=False)


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install \"dlbook\[cluster\]\".* Received: "):
        experiment(logging_trial("", 0)).run(scheduler="tcp://127.0.0.1:9", progress=False)
