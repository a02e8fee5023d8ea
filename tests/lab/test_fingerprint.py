"""A fingerprint changes with whatever changes a result, and with nothing else."""

import functools
import os
import subprocess
import sys
import types
from dataclasses import dataclass

import numpy as np
import pytest

from dlbook.lab import tables
from dlbook.lab.fingerprint import fingerprint

SCALE = 2.0


def define(text, **names):
    """Define a function ``trial`` from source text, in a module of its own."""
    module = types.ModuleType("__main__")
    vars(module).update(names)
    exec(compile(text, "<test>", "exec"), vars(module))
    return vars(module)["trial"]


def same(one, other, **names):
    return fingerprint(define(one, **names)) == fingerprint(define(other, **names))


# Functions


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def trial(x):\n    return x", "\n\ndef trial(x):\n    # a note\n    return x"),
        ("def trial(x):\n    return x", "def trial(x):\n    'What it does.'\n    return x"),
        ("def trial(x):\n    'Old.'\n    return x", "def trial(x):\n    'New.'\n    return x"),
    ],
)
def test_comments_docstrings_and_lines_do_not_count(one, other):
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("trial = lambda x: x + 1", "trial = lambda x: x + 2"),
        ("trial = lambda x: x + 1", "trial = lambda x: x - 1"),
        ("trial = lambda x: 'a'", "trial = lambda x: 'b'"),
        ("trial = lambda x, y=1: x", "trial = lambda x, y=2: x"),
        ("trial = lambda x, *, y=1: x", "trial = lambda x, *, y=2: x"),
        ("trial = lambda x: x.mean()", "trial = lambda x: x.sum()"),
        ("trial = lambda x: [x + 1 for _ in x]", "trial = lambda x: [x + 2 for _ in x]"),
        ("trial = lambda x: 1 in {1, 2}", "trial = lambda x: 1 in {1, 3}"),
        ("def trial(x):\n    return 'a'", "def trial(x):\n    return 'b'"),
        ("def trial(x):\n    return 1", "def trial(x):\n    return True"),
        ("def trial(x):\n    return 1", "def trial(x):\n    return 1.0"),
        ("scale = 1\ntrial = lambda x: x * scale", "scale = 2\ntrial = lambda x: x * scale"),
        (
            "def help(x): return x\ntrial = lambda x: help(x)",
            "def help(x): return -x\ntrial = lambda x: help(x)",
        ),
        (
            "class A:\n    def go(self): return 1\ntrial = lambda x: A().go()",
            "class A:\n    def go(self): return 2\ntrial = lambda x: A().go()",
        ),
        (
            "class A:\n    @property\n    def go(self): return 1\ntrial = lambda x: A().go",
            "class A:\n    @property\n    def go(self): return 2\ntrial = lambda x: A().go",
        ),
        (
            "class A:\n    @staticmethod\n    def go(): return 1\ntrial = lambda x: A.go()",
            "class A:\n    @staticmethod\n    def go(): return 2\ntrial = lambda x: A.go()",
        ),
        (
            "class B:\n    size = 1\nclass A(B): pass\ntrial = lambda x: A.size",
            "class B:\n    size = 2\nclass A(B): pass\ntrial = lambda x: A.size",
        ),
        (
            "def make(n):\n    return lambda x: x + n\ntrial = make(1)",
            "def make(n):\n    return lambda x: x + n\ntrial = make(2)",
        ),
        (
            "def trial(x):\n    def inner(): return 1\n    return inner()",
            "def trial(x):\n    def inner(): return 2\n    return inner()",
        ),
    ],
)
def test_what_a_function_computes_counts(one, other):
    assert same(one, one)
    assert not same(one, other)


def test_functions_that_call_each_other_have_a_fingerprint():
    text = "def a(x): return b(x)\ndef b(x): return a(x) + {}\ntrial = a"
    assert same(text.format(1), text.format(1))
    assert not same(text.format(1), text.format(2))


def test_a_function_of_another_module_of_ours_counts(monkeypatch):
    def trial(seed):
        return {"x": tables.level_text(seed)}

    before = fingerprint(trial)
    monkeypatch.setattr(tables, "level_text", lambda level: "other")
    assert fingerprint(trial) != before


def test_a_function_of_a_library_counts_by_name():
    assert fingerprint(np.mean) != fingerprint(np.median)
    assert fingerprint(np.exp) != fingerprint(np.log)
    assert fingerprint(len) != fingerprint(max)
    text = "trial = lambda x: f(x)"
    assert fingerprint(define(text, f=np.exp)) != fingerprint(define(text, f=np.log))


def test_a_closure_that_is_not_filled_yet_has_a_fingerprint():
    def outer():
        def inner():
            return later

        found = fingerprint(inner)
        later = 1
        return found, later

    assert outer()[0]


def test_wrapped_functions_count():
    @functools.lru_cache
    def one(x):
        return x + 1

    @functools.lru_cache
    def two(x):
        return x + 2

    assert fingerprint(one) != fingerprint(two)


# Values


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0


class Plain:
    def __init__(self, x):
        self.x = x


class Slots:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Layer:
    def __init__(self, units):
        self.cache = object()
        self.units = units

    def get_config(self):
        return {"units": self.units}


class Unpicklable:
    def __init__(self, x):
        self.x = x

    def __reduce_ex__(self, protocol):
        raise TypeError


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, 1.0),
        (1, True),
        ("1", 1),
        (b"a", "a"),
        ([1, 2], [2, 1]),
        ([1, 2], (1, 2)),
        ([[1], [2]], [[1, 2]]),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (range(3), range(4)),
        (np.array([1.0]), np.array([1.0], np.float32)),
        (np.array([1.0, 2.0]), np.array([[1.0, 2.0]])),
        (np.array([0.0]), np.array([-0.0])),
        (np.array([None, 1]), np.array([None, 2])),
        (np.float64(1), np.float32(1)),
        (Point(1), Point(2)),
        (Plain(1), Plain(2)),
        (Plain(1), Slots(1)),
        (Slots(1), Slots(2)),
        (Layer(1), Layer(2)),
        (Unpicklable(1), Unpicklable(2)),
        (Plain(1).__eq__, Plain(1).__ne__),
        (functools.partial(max, 1), functools.partial(max, 2)),
        (Point(1).__repr__, Point(2).__repr__),
        (np.random.default_rng(1), np.random.default_rng(2)),
    ],
)
def test_different_values_have_different_fingerprints(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_equal_values_have_equal_fingerprints():
    values = [np.arange(3), {"b": 1, "a": {1, "x"}}, Point(1), Plain([1]), Slots(1), Layer(1)]
    again = [np.arange(3), {"a": {"x", 1}, "b": 1}, Point(1), Plain([1]), Slots(1), Layer(1)]
    assert fingerprint(*values) == fingerprint(*again)


def test_sharing_one_value_does_not_count():
    one = [1, 2]
    assert fingerprint([one, one]) == fingerprint([[1, 2], [1, 2]])


def test_a_value_that_holds_itself_has_a_fingerprint():
    loop = [1]
    loop.append(loop)  # pyright: ignore[reportArgumentType]
    assert fingerprint(loop) != fingerprint([1])


def test_arrays_count_whatever_their_order_in_memory():
    array = np.arange(6).reshape(2, 3)
    assert fingerprint(array) == fingerprint(np.asfortranarray(array))


def test_every_process_finds_the_same_fingerprint():
    code = (
        "import numpy as np; from dlbook.lab.fingerprint import fingerprint;"
        "from dlbook.lab.levels import plain_seeds;"
        "f = lambda x, y={1, 'b', 'a'}: {k: x + 1 for k in y};"
        "print(fingerprint(f, {'a', 'b', 'c'}, plain_seeds, np.arange(3)))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
