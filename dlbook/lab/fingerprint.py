"""A fingerprint of whatever determines a result: functions, settings, data.

Two values have the same fingerprint when they compute the same thing. Of a function it takes the
compiled code (so comments, docstrings and line numbers do not count), its defaults, what it closes
over, and, when they are not part of an installed library, the functions and values it uses.
"""

import dis
import hashlib
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_LIBRARY_FOLDERS = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_NOT_PART_OF_A_CLASS = frozenset(
    {
        "__abstractmethods__",
        "__annotations__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__match_args__",
        "__module__",
        "__parameters__",
        "__qualname__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    }
)


def fingerprint(*parts: Any) -> str:
    """Hash everything that determines a result.

    Args:
        *parts: Functions, classes, NumPy arrays, dataclasses, mappings, sequences, plain values,
            Keras objects (by their configuration), or anything that can be pickled.

    Returns:
        32 hexadecimal digits: the same in every process, different when a part differs.

    Example:
        >>> fingerprint(lambda x: x + 1) == fingerprint(lambda x: x + 1)
        True
        >>> fingerprint(lambda x: x + 1) == fingerprint(lambda x: x + 2)
        False
    """
    return _Walk().digest(parts).hex()[:32]


class _Walk:
    """One walk over values: hashes each from the hashes of its parts."""

    def __init__(self) -> None:
        self._path: list[Any] = []
        self._known: dict[int, bytes] = {}
        self._alive: list[Any] = []

    def digest(self, value: Any) -> bytes:
        """Return the hash of a value."""
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return _hash([f"{type(value).__name__} {value!r}".encode()])
        if any(value is above for above in self._path):
            return _hash([b"cycle"])
        if id(value) in self._known:
            return self._known[id(value)]
        self._path.append(value)
        found = _hash(self._parts(value))
        self._path.pop()
        if isinstance(value, FunctionType | type):
            self._known[id(value)] = found
            self._alive.append(value)
        return found

    def _parts(self, value: Any) -> Iterator[bytes]:
        for kinds, parts in _PARTS:
            if isinstance(value, kinds):
                return parts(self, value)
        return self.object(value)

    def array(self, value: np.ndarray | np.generic) -> Iterator[bytes]:
        """Type, shape and bytes of an array."""
        array = np.asarray(value)
        yield f"array {array.dtype.str} {array.shape}".encode()
        objects = array.dtype.hasobject
        yield self.digest(array.tolist()) if objects else np.ascontiguousarray(array).tobytes()

    def mapping(self, value: Mapping) -> Iterator[bytes]:
        """Keys and values, whatever their order."""
        yield f"mapping {len(value)}".encode()
        for key in sorted(value, key=repr):
            yield self.digest(key)
            yield self.digest(value[key])

    def sequence(self, value: Iterable) -> Iterator[bytes]:
        """Items in their order."""
        yield type(value).__name__.encode()
        for item in value:
            yield self.digest(item)

    def set(self, value: Set) -> Iterator[bytes]:
        """Items, whatever their order."""
        yield b"set"
        yield from sorted(self.digest(item) for item in value)

    def partial(self, value: partial) -> Iterator[bytes]:
        """Function and arguments."""
        yield self.digest((value.func, value.args, value.keywords))

    def method(self, value: MethodType) -> Iterator[bytes]:
        """Function and object."""
        yield self.digest((value.__func__, value.__self__))

    def module(self, value: ModuleType) -> Iterator[bytes]:
        """The name only; what a function uses of it is found by name."""
        yield f"module {value.__name__}".encode()

    def cell(self, value: CellType) -> Iterator[bytes]:
        """The value that a function closes over; an inner function may not have it yet."""
        try:
            yield self.digest(value.cell_contents)
        except ValueError:
            yield b"empty"

    def function(self, value: FunctionType) -> Iterator[bytes]:
        """Code, defaults, closure and what it uses; of library functions the name."""
        if not _is_ours(value.__module__):
            yield f"function {value.__module__}.{value.__qualname__}".encode()
            return
        yield self.digest((value.__code__, value.__defaults__, value.__kwdefaults__))
        yield self.digest(value.__closure__)
        names = list(_names(value.__code__))
        for name in names:
            used = value.__globals__.get(name)
            yield self.digest(used)
            if isinstance(used, ModuleType) and _is_ours(used.__name__):
                yield self.digest([vars(used).get(other) for other in names])

    def code(self, value: CodeType) -> Iterator[bytes]:
        """Instructions, names and constants, without docstring and line numbers."""
        numbers = (value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount)
        names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
        yield self.digest((numbers, value.co_flags, names))
        yield value.co_exceptiontable
        for step in dis.get_instructions(value):
            constant = step.opcode in dis.hasconst
            yield self.digest((step.opcode, step.argval if constant else step.arg))

    def class_(self, value: type) -> Iterator[bytes]:
        """Bases and members; of library classes the name."""
        yield f"class {value.__module__}.{value.__qualname__}".encode()
        if _is_ours(value.__module__):
            own = vars(value)
            yield self.digest(value.__bases__)
            yield self.digest({name: own[name] for name in own if name not in _NOT_PART_OF_A_CLASS})

    def wrapped(self, value: Any) -> Iterator[bytes]:
        """The functions behind a property, a static method or a class method."""
        is_property = isinstance(value, property)
        yield self.digest((value.fget, value.fset) if is_property else value.__func__)

    def object(self, value: Any) -> Iterator[bytes]:
        """Type and state of any other object."""
        yield self.digest(type(value))
        yield self.digest(_state(value))


def _hash(parts: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


_PARTS: tuple[tuple[Any, Callable[[_Walk, Any], Iterator[bytes]]], ...] = (
    ((np.ndarray, np.generic), _Walk.array),
    (FunctionType, _Walk.function),
    (CodeType, _Walk.code),
    (CellType, _Walk.cell),
    (type, _Walk.class_),
    (ModuleType, _Walk.module),
    (MethodType, _Walk.method),
    (partial, _Walk.partial),
    ((property, staticmethod, classmethod), _Walk.wrapped),
    (Mapping, _Walk.mapping),
    (Set, _Walk.set),
    ((tuple, list, range), _Walk.sequence),
)


def _state(value: Any) -> Any:
    """Return what distinguishes an object from others of its type."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "__wrapped__"):
        return value.__wrapped__
    if hasattr(value, "get_config"):
        return value.get_config()
    try:
        return value.__reduce_ex__(4)[1:3] if not hasattr(value, "__name__") else value.__name__
    except TypeError:
        return getattr(value, "__dict__", None)


def _is_ours(module: str | None) -> bool:
    """Say whether a module is the book's or the reader's own, not an installed library's."""
    if not module or module == "__main__" or module.split(".")[0] == "dlbook":
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and not file.startswith(_LIBRARY_FOLDERS)


def _names(code: CodeType) -> Iterator[str]:
    """Yield the global and attribute names that a function and its inner functions use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
