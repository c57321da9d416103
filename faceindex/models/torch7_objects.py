"""Objects of Torch7 files: tables, tensors and modules of networks, read without Torch and without Lua.

Nothing is trusted and no code is run: functions that a file holds are passed over (format: torch7, File.lua,
generic/Tensor.c and generic/Storage.c).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from faceindex.errors import ModelError
from faceindex.models.torch7_stream import TORCH, Array, stream_of
from faceindex.plurals import plural

MOST_OBJECTS = 200_000
"""Numbers, strings, tables and so on in one file. A network has some ten thousand."""

DEEPEST = 60
"""Objects within objects."""

MOST_DIMENSIONS = 8

_NOTHING, _NUMBER, _STRING, _TABLE, _BOOLEAN = 0, 1, 2, 3, 5
_FUNCTION, _FUNCTIONS_WITH_NUMBERS = 6, (7, 8)
_KINDS = {
    "Float": "<f4",
    "Double": "<f8",
    "Cuda": "<f4",
    "Long": "<i8",
    "CudaLong": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Char": "i1",
    "Byte": "u1",
}


@dataclass(frozen=True, slots=True)
class Function:
    """Stands for a function, whose code is not kept."""


@dataclass(frozen=True, slots=True)
class Module:
    """An object of a class, as nn.Linear, with the fields that it was saved with, by their names."""

    kind: str
    fields: dict[object, object] = field(default_factory=dict, repr=False)


class Torch7File:
    """One file, of which objects are read in their order."""

    def __init__(self, data: bytes, name: str) -> None:
        self._stream = stream_of(data, name)
        self._known: dict[int, object] = {}
        self._left = MOST_OBJECTS
        self._depth = 0
        self.size = len(data)
        """Bytes of the file."""

    def error(self, reason: str) -> ModelError:
        """An error that names the file, the position and the reason."""
        return self._stream.error(reason)

    def module(self) -> Module:
        """The network that is the whole file. Raises: ModelError."""
        found = self._object()
        if not isinstance(found, Module):
            raise self.error("no network")
        self._stream.end()
        return found

    def _object(self) -> object:
        self._left -= 1
        if self._left < 0:
            raise self.error(f"more than {MOST_OBJECTS:,} objects")
        kind = self._stream.integer()
        if kind == _NOTHING:
            return None
        if kind == _NUMBER:
            return self._stream.number()
        if kind == _STRING:
            return self._stream.text().decode("latin-1")
        if kind == _BOOLEAN:
            return self._stream.integer() == 1
        if kind not in (_TABLE, TORCH, _FUNCTION, *_FUNCTIONS_WITH_NUMBERS):
            raise self.error(f"an object of kind {kind}")
        if self._depth == DEEPEST:
            raise self.error(f"more than {DEEPEST} objects within each other")
        self._depth += 1
        found = self._function() if kind == _FUNCTION else self._numbered(kind)
        self._depth -= 1
        return found

    def _numbered(self, kind: int) -> object:
        """An object that has a number, by which later ones may name it instead of containing it."""
        number = self._stream.integer()
        if number in self._known:
            return self._known[number]
        if kind == _TABLE:
            table: dict[object, object] = {}
            self._known[number] = table  # first: it may contain itself
            self._fill(table)
            return table
        if kind in _FUNCTIONS_WITH_NUMBERS:
            self._known[number] = Function()
            return self._function()
        return self._of_class(number)

    def _function(self) -> Function:
        """Pass over its code and the values that it uses."""
        self._stream.skip_text()
        self._object()
        return Function()

    def _fill(self, table: dict[object, object]) -> None:
        size = self._stream.integer()
        if not 0 <= size <= MOST_OBJECTS:
            raise self.error(f"a table of {plural(size, 'value')}")
        for _ in range(size):
            key = self._object()
            if not isinstance(key, str | float):
                raise self.error("a key that is neither a string nor a number")
            table[key] = self._object()

    def _of_class(self, number: int) -> object:
        name = self._stream.text()
        if name.startswith(b"V "):  # else the file is older than versions of classes
            name = self._stream.text()
        kind = name.decode("latin-1")
        if kind.startswith("torch.") and kind.endswith("Storage"):
            self._known[number] = self._storage(kind)
        elif kind.startswith("torch.") and kind.endswith("Tensor"):
            self._known[number] = self._tensor(kind)
        else:
            module = Module(kind)
            self._known[number] = module
            fields = self._object()
            if not isinstance(fields, dict):
                raise self.error("an object without fields")
            module.fields.update(fields)
        return self._known[number]

    def _storage(self, kind: str) -> Array:
        return self._stream.array(self._dtype(kind, "Storage"), self._stream.long())

    def _dtype(self, kind: str, suffix: str) -> str:
        name = kind.removeprefix("torch.").removesuffix(suffix) or "Cuda"
        if name not in _KINDS:
            raise self.error("an array of an unknown type")
        return _KINDS[name]

    def _tensor(self, kind: str) -> Array:
        """A view of the storage, which other tensors may share."""
        dtype, dimensions = self._dtype(kind, "Tensor"), self._stream.integer()
        if not 0 <= dimensions <= MOST_DIMENSIONS:
            raise self.error(f"a tensor of {plural(dimensions, 'dimension')}")
        shape = self._stream.array("<i8", dimensions).tolist()
        strides = self._stream.array("<i8", dimensions).tolist()
        start = self._stream.long() - 1
        storage = self._object()
        if storage is None or not dimensions:
            return np.empty(0, dtype=dtype)
        if not isinstance(storage, np.ndarray) or storage.ndim != 1 or storage.dtype != np.dtype(dtype):
            raise self.error("a tensor without its storage")
        if min(shape) < 1 or min(strides) < 0 or start < 0 or math.prod(shape) > len(storage):
            raise self.error(f"a tensor of shape {shape}")
        if start + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) >= len(storage):
            raise self.error("a tensor that reaches beyond its storage")
        steps = zip(shape, strides, strict=True)
        byte_strides = [stride * storage.itemsize if size > 1 else 0 for size, stride in steps]
        return np.lib.stride_tricks.as_strided(storage[start:], shape, byte_strides, writeable=False)
