"""Reads pickles of vectors without running any code in them.

A pickle is a program that may call any function. Here it can reach no function that does anything: arrays, scalars and
their types are replaced by classes that only store their arguments, and `numpy.frombuffer` then makes the arrays.
NumPy's own functions are not safe for this: the state of a `dtype` may declare bytes to be pointers. A pickle that
names anything else is refused.

The accepted names are those of NumPy 1 and 2 and of Python 2 and 3, in all protocols.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from io import BufferedReader
from typing import Any, NoReturn

import numpy as np

LARGEST = 1 << 30
"""Largest pickle in bytes. It is read at once, and takes several times as much memory."""

_SIMPLE = frozenset("fiubSUO")


class Refused(Exception):
    """The pickle needs a function that a file of vectors does not need; nothing was run."""


def read_pickle(file: BufferedReader) -> Any:
    """The pickled value: lists, tuples, dictionaries, texts, bytes, numbers and arrays.

    Several pickles in one file become a list. Texts of Python 2 become bytes. Raises: Refused; ValueError, EOFError and
    others if it is not a pickle.
    """
    found = [_Unpickler(file, encoding="bytes").load()]
    while file.peek(1):
        found.append(_Unpickler(file, encoding="bytes").load())
    return plain(found[0] if len(found) == 1 else found)


def plain(value: Any) -> Any:
    """`value`; a replacement class at the top level becomes an array or a number."""
    return value.value if isinstance(value, _Array) else value


class _Type:
    """Replaces numpy.dtype."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code, self.order = _text(code), "<"

    def __setstate__(self, state: Any) -> None:
        self.order = {"|": "|", "=": "<"}.get(_text(state[1]), _text(state[1]))
        if any(part is not None for part in state[2:5]):
            raise Refused("arrays of records")

    @property
    def dtype(self) -> np.dtype[Any]:
        """Raises: Refused unless it is for numbers, texts or objects."""
        code = self.code.lstrip("<>|=")
        if not code or code[0] not in _SIMPLE or not (code[1:].isdigit() or not code[1:]):
            raise Refused(f"arrays of {self.code!r}")
        return np.dtype(code).newbyteorder(">" if self.order == ">" else "<")


class _Array:
    """Replaces numpy.ndarray; `value` is the array, or a list for an array of objects."""

    value: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        self.value = _array(data, kind, shape, "F" if fortran else "C")


def _array(data: Any, kind: Any, shape: Any, order: str = "C") -> Any:
    if not isinstance(kind, _Type):
        raise Refused("arrays without a type")
    sides = tuple(int(side) for side in shape)
    if kind.dtype.kind == "O":
        if math.prod(sides) != len(data):
            raise ValueError("an array does not have the length of its shape")
        return _nested(list(data), sides)
    return np.frombuffer(_bytes(data), dtype=kind.dtype).reshape(sides, order=order)  # type: ignore[call-overload]


def _nested(data: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return data[0]
    if len(shape) == 1:
        return data
    step = math.prod(shape[1:])
    return [_nested(data[start : start + step], shape[1:]) for start in range(0, len(data), step or 1)]


def _scalar(kind: Any, data: Any = b"") -> Any:
    value = _array([data] if kind.dtype.kind == "O" else data, kind, (1,))[0]
    return value.item() if isinstance(value, np.generic) else value


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any = "C") -> Any:
    return _array(data, kind, shape, "F" if _text(order) == "F" else "C")


def _reconstructed(*_: Any) -> _Array:
    return _Array()


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    """Bytes from a text, as older protocols store bytes."""
    if not isinstance(text, str) or _text(encoding) not in ("latin1", "latin-1", "utf-8"):
        raise Refused("an encoding")
    return text.encode(_text(encoding))


def _made_bytes(data: Any = b"", *_: Any) -> bytes:
    """bytes() of nothing or of bytes; never of a number, which could ask for much memory."""
    if not isinstance(data, bytes):
        raise Refused("a call of bytes")
    return data


def _dictionary(*_: Any) -> dict[Any, Any]:
    return {}


def _factory(*_: Any) -> NoReturn:
    raise Refused("a call")


_ARRAYS = {"_reconstruct": _reconstructed, "scalar": _scalar, "_frombuffer": _from_buffer}
_REPLACEMENTS: dict[tuple[str, str], Callable[..., Any]] = {
    **{
        (f"{numpy}.{module}", name): _ARRAYS[name]
        for numpy in ("numpy.core", "numpy._core")
        for module, names in (("multiarray", ("_reconstruct", "scalar")), ("numeric", ("_frombuffer",)))
        for name in names
    },
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _factory,  # only used as an argument
    ("_codecs", "encode"): _encoded,
    ("collections", "OrderedDict"): _dictionary,
    ("collections", "defaultdict"): _dictionary,
    **{(module, name): _made_bytes for module in ("builtins", "__builtin__") for name in ("bytes", "bytearray")},
    **{(module, name): _factory for module in ("builtins", "__builtin__") for name in ("list", "dict", "int", "float")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _REPLACEMENTS.get((module, name))
        if found is None:
            raise Refused(f"{module}.{name}")
        return _Named(found)

    def persistent_load(self, pid: Any) -> NoReturn:
        raise Refused("something outside of the file")


class _Named:
    """A name in a pickle: it can be called, and its attributes cannot be set."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "_call", call)

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise Refused("a change of what it names")


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)


def _bytes(data: Any) -> bytes:
    if isinstance(data, str):
        return data.encode("latin1")
    return bytes(data) if isinstance(data, bytes | bytearray | pickle.PickleBuffer | memoryview) else b""
