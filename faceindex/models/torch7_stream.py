"""The primitives of Torch7's serialisation: integers, numbers, strings and arrays, in its binary and its text form.

Everything is checked against the bytes that are there before memory is taken, so that a cut-off or changed file ends
in one ModelError (format: torch7, lib/TH/THDiskFile.c and File.lua).
"""

from __future__ import annotations

import re
import warnings

import numpy as np
import numpy.typing as npt

from faceindex.errors import ModelError
from faceindex.plurals import plural

Array = npt.NDArray[np.generic]

TORCH = 4
"""Begins an object of a class, as a network is."""

_BINARY, _TEXT = TORCH.to_bytes(4, "little"), b"4\n"

LONGEST_STRING = 4096
"""Bytes. Names of classes and fields are short."""

_LONGEST_WORD = 40  # characters of a number in a text file, and white space before it
_WORD = re.compile(rb"\s*([-+.\w]+)")
_CHARACTERS = ("i1", "u1")


def is_torch7(data: bytes) -> bool:
    """Whether a file begins as one that holds a network."""
    return data.startswith((_BINARY, _TEXT))


def stream_of(data: bytes, name: str) -> Stream:
    """The file `data` from its beginning. name: for messages. Raises: ModelError if it cannot hold a network."""
    if not is_torch7(data):
        raise ModelError(f"{name} is neither a Torch7 network nor an ONNX file")
    return TextStream(data, name) if data.startswith(_TEXT) else Stream(data, name)


class Stream:
    """A position in the bytes of a binary file, as 64-bit machines write it: little-endian numbers of fixed size.

    Every method reads from there, or raises ModelError. name: the file's, for messages.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self._data = memoryview(data)
        self._name = name
        self._position = 0

    def error(self, reason: str) -> ModelError:
        """An error that names the file, the position and the reason."""
        return ModelError(f"{self._name} is not a Torch7 network that can be read: {reason} at byte {self._position:,}")

    def integer(self) -> int:
        """An int of 32 bits."""
        return self._whole(32)

    def long(self) -> int:
        """An int of 64 bits."""
        return self._whole(64)

    def number(self) -> float:
        """A double; it may be infinite or NaN."""
        return self._double()

    def text(self) -> bytes:
        """A string: its length, then its bytes."""
        size = self.integer()
        if size > LONGEST_STRING:
            raise self.error(f"a string of {plural(size, 'byte')}")
        return bytes(self._characters(size))

    def skip_text(self) -> None:
        """Pass over a string of any length."""
        self._characters(self.integer())

    def array(self, kind: str, length: int) -> Array:
        """`length` values of a kind of NumPy, read only where they are a view of the file."""
        if kind in _CHARACTERS:
            return np.frombuffer(self._characters(length), dtype=kind)
        return self._row(np.dtype(kind), length)

    def end(self) -> None:
        """Nothing may follow."""
        if self._left():
            raise self.error(f"{plural(self._left(), 'byte')} too many")

    def _whole(self, bits: int) -> int:
        return int.from_bytes(self._take(bits // 8), "little", signed=True)

    def _double(self) -> float:
        return float(np.frombuffer(self._take(8), dtype="<f8")[0])

    def _characters(self, size: int) -> memoryview:
        return self._take(size)

    def _row(self, dtype: np.dtype[np.generic], length: int) -> Array:
        return np.frombuffer(self._take(length * dtype.itemsize), dtype=dtype)

    def _left(self) -> int:
        return len(self._data) - self._position

    def _take(self, size: int) -> memoryview:
        if not 0 <= size <= self._left():
            raise self.error(f"{plural(size, 'byte')} wanted, {self._left():,} left")
        self._position += size
        return self._data[self._position - size : self._position]


class TextStream(Stream):
    """The same as text: numbers in decimal, separated by white space; after each row of values comes an end of line."""

    def _whole(self, bits: int) -> int:
        try:
            value = int(self._word())
        except ValueError:
            raise self.error("no integer") from None
        if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise self.error("an integer out of range")
        return value

    def _double(self) -> float:
        try:
            return float(self._word())
        except ValueError:
            raise self.error("no number") from None

    def _characters(self, size: int) -> memoryview:
        taken = self._take(size)
        if size:
            self._pass_end_of_line()
        return taken

    def _row(self, dtype: np.dtype[np.generic], length: int) -> Array:
        if not 0 <= 2 * length <= self._left() + 1:  # each takes a digit and a space, at least
            raise self.error(f"{plural(length, 'value')} wanted, {plural(self._left(), 'byte')} left")
        if not length:
            return np.empty(0, dtype=dtype)
        row = bytes(self._take(self._end_of_line() - self._position))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy warns of what it cannot read
                values: Array = np.fromstring(row, dtype=dtype, sep=" ")
        except (ValueError, DeprecationWarning, OverflowError):
            raise self.error("values that are no numbers") from None
        if len(values) != length:
            raise self.error(f"{plural(len(values), 'value')} instead of {length:,}")
        self._pass_end_of_line()
        return values

    def _word(self) -> bytes:
        found = _WORD.match(self._data[self._position : self._position + _LONGEST_WORD])
        if found is None:
            raise self.error("no number")
        self._position += found.end()
        self._pass_end_of_line()
        return found[1]

    def _end_of_line(self) -> int:
        """Its place, or that of the end of the file."""
        step = 1 << 16
        for start in range(self._position, len(self._data), step):
            place = bytes(self._data[start : start + step]).find(b"\n")
            if place >= 0:
                return start + place
        return len(self._data)

    def _pass_end_of_line(self) -> None:
        if bytes(self._data[self._position : self._position + 1]) == b"\n":
            self._position += 1
