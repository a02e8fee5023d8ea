"""A fingerprint of whatever determines a result: functions, settings, data.

Two values have the same fingerprint when they compute the same thing. Of a function it takes the
compiled code (so comments, docstrings and line numbers do not count), its defaults, what it closes
over, and, when they are not part of an installed library, the functions and values it uses.
"""

import hashlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from functools import partial
from inspect import getattr_static
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_LIBRARY_FOLDERS = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


def fingerprint(*parts: Any) -> str:
    """Hash everything that determines a result.

    Args:
        *parts: Functions, classes, NumPy arrays, dataclasses, mappings, sequences, plain values.

    Returns:
        32 hexadecimal digits: the same in every process, different when a part differs.

    Example:
        >>> fingerprint(lambda x: x + 1) == fingerprint(lambda x: x + 1)
        True
        >>> fingerprint(lambda x: x + 1) == fingerprint(lambda x: x + 2)
        False
    """
    digest = hashlib.sha256()
    for token in _Walk().tokens(parts):
        digest.update(len(token).to_bytes(8, "little") + token)
    return digest.hexdigest()[:32]


class _Walk:
    """One walk over values: yields bytes, and visits nothing twice."""

    def __init__(self) -> None:
        self._order: dict[int, int] = {}
        self._alive: list[Any] = []

    def tokens(self, value: Any) -> Iterator[bytes]:
        """Yield the bytes that stand for a value."""
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
            yield f"{type(value).__name__} {value!r}".encode()
            return
        if id(value) in self._order:
            yield f"seen {self._order[id(value)]}".encode()
            return
        self._order[id(value)] = len(self._order)
        self._alive.append(value)
        yield from self._compound(value)

    def _compound(self, value: Any) -> Iterator[bytes]:
        for kinds, method in self._METHODS:
            if isinstance(value, kinds):
                yield from method(self, value)
                return
        yield from self._object(value)

    def _array(self, value: np.ndarray | np.generic) -> Iterator[bytes]:
        array = np.asarray(value)
        yield f"array {array.dtype.str} {array.shape}".encode()
        if array.dtype.hasobject:
            yield from self.tokens(array.tolist())
            return
        yield np.ascontiguousarray(array).tobytes()

    def _mapping(self, value: Mapping) -> Iterator[bytes]:
        yield f"mapping {len(value)}".encode()
        for key in sorted(value, key=repr):
            yield from self.tokens(key)
            yield from self.tokens(value[key])

    def _sequence(self, value: Iterable) -> Iterator[bytes]:
        items = list(value)
        yield f"{type(value).__name__} {len(items)}".encode()
        for item in items:
            yield from self.tokens(item)

    def _set(self, value: Set) -> Iterator[bytes]:
        yield from self._sequence(sorted(value, key=repr))

    def _partial(self, value: partial) -> Iterator[bytes]:
        yield from self._sequence([value.func, value.args, value.keywords])

    def _method(self, value: MethodType) -> Iterator[bytes]:
        yield from self._sequence([value.__func__, value.__self__])

    def _module(self, value: ModuleType) -> Iterator[bytes]:
        yield f"module {value.__name__}".encode()

    def _function(self, value: FunctionType) -> Iterator[bytes]:
        yield f"function {value.__qualname__.rsplit('.', 1)[-1]}".encode()
        if not _is_ours(value.__module__):
            yield f"of {value.__module__}".encode()
            return
        yield from self._sequence([value.__defaults__, value.__kwdefaults__])
        yield from self._sequence([_cell_value(cell) for cell in value.__closure__ or ()])
        yield from self._code(value.__code__)
        yield from self._used(value)

    def _code(self, code: CodeType) -> Iterator[bytes]:
        yield code.co_code
        yield " ".join([*code.co_names, "|", *code.co_varnames, "|", *code.co_freevars]).encode()
        for constant in _constants(code):
            yield from self.tokens(constant)

    def _used(self, function: FunctionType) -> Iterator[bytes]:
        names = list(_names(function.__code__))
        for name in names:
            used = function.__globals__.get(name)
            yield from self.tokens(used)
            if isinstance(used, ModuleType) and _is_ours(used.__name__):
                yield from self._sequence([vars(used).get(other) for other in names])

    def _class(self, value: type) -> Iterator[bytes]:
        yield f"class {value.__module__}.{value.__qualname__}".encode()
        if _is_ours(value.__module__):
            yield from self._sequence(value.__bases__)
            members = {name: value.__dict__[name] for name in value.__dict__ if _counts(name)}
            yield from self._mapping(members)

    def _wrapped(self, value: property | staticmethod | classmethod) -> Iterator[bytes]:
        function = value.fget if isinstance(value, property) else value.__func__
        yield from self.tokens(function)

    def _object(self, value: Any) -> Iterator[bytes]:
        yield from self.tokens(type(value))
        if is_dataclass(value):
            yield from self._mapping({one.name: getattr(value, one.name) for one in fields(value)})
            return
        if getattr_static(value, "get_config", None) is not None:
            yield from self.tokens(value.get_config())
            return
        yield from self._mapping(getattr(value, "__dict__", {}))

    _METHODS = (
        ((np.ndarray, np.generic), _array),
        (FunctionType, _function),
        (CodeType, _code),
        (type, _class),
        (ModuleType, _module),
        (MethodType, _method),
        (partial, _partial),
        ((property, staticmethod, classmethod), _wrapped),
        (BuiltinFunctionType, lambda _, value: iter([f"builtin {value.__qualname__}".encode()])),
        (Mapping, _mapping),
        (Set, _set),
        ((tuple, list, range), _sequence),
    )


def _is_ours(module: str | None) -> bool:
    """Say whether a module is the book's or the reader's own, not an installed library's."""
    if not module or module == "__main__" or module.split(".")[0] == "dlbook":
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and not file.startswith(_LIBRARY_FOLDERS)


def _constants(code: CodeType) -> tuple[Any, ...]:
    """Return the constants of a function without its docstring."""
    has_docstring = bool(code.co_consts) and isinstance(code.co_consts[0], str)
    return code.co_consts[1:] if has_docstring and code.co_name != "<lambda>" else code.co_consts


def _names(code: CodeType) -> Iterator[str]:
    """Yield the global and attribute names that a function and its inner functions use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _cell_value(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _counts(name: str) -> bool:
    return name == "__call__" or name == "__init__" or not name.startswith("__")
