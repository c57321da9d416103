"""The primitives of dlib's serialisation format: integers, numbers, words and tensors.

Everything is checked against the bytes that are there before anything is allocated, so that a truncated
or altered file ends in one ModelError (format: dlib serialize.h, float_details.h and cuda/tensor.h, 20.0).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from faceindex.errors import ModelError
from faceindex.files.reading import read_regular
from faceindex.plurals import plural

Weights = npt.NDArray[np.float32]
"""float32, read only: a view of the file's bytes."""

LARGEST_WEIGHT = 1e9
"""A trained weight is far smaller; below it no product of two weights leaves the range of float32."""

TENSOR_VERSION = 2
ALIAS_VERSION = 1
Shape = tuple[int, int, int, int]
"""samples, channels, rows, columns"""


class DlibStream:
    """A position in the bytes of one dlib file. Every method reads from there, or raises ModelError.

    name: the file's, for messages.
    """

    def __init__(self, data: bytes | bytearray, name: str) -> None:
        self._data = memoryview(data)
        self._name = name
        self._position = 0

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at `path`, from its beginning."""
        try:
            return cls(read_regular(path), path.name)
        except OSError as error:
            raise ModelError(f"cannot read {path}: {error.strerror}; reinstall its package") from error

    def error(self, reason: str) -> ModelError:
        """An error that names the file, the position and the reason."""
        return ModelError(
            f"{self._name} is not the dlib network expected: {reason} at byte {self._position}; reinstall its package"
        )

    def integer(self) -> int:
        """Control byte (bit 7: negative; low bits: number of bytes), then that many bytes, lowest first."""
        control = self._take(1)[0]
        size = control & 0x0F
        if control & 0x70 or not 1 <= size <= 8:
            raise self.error("no integer")
        magnitude = int.from_bytes(self._take(size), "little")
        return -magnitude if control & 0x80 else magnitude

    def boolean(self) -> bool:
        """One byte: the digit 0 or 1."""
        byte = bytes(self._take(1))
        if byte not in (b"0", b"1"):
            raise self.error("no boolean")
        return byte == b"1"

    def number(self) -> float:
        """mantissa * 2 ** exponent, two integers. Infinities and NaN, exponents 32000 to 32002, are refused."""
        mantissa, exponent = self.integer(), self.integer()
        if not -2000 <= exponent <= 900:
            raise self.error("no finite number")
        return math.ldexp(mantissa, exponent)

    def word(self, *expected: str) -> str:
        """A string: its length as an integer, then its bytes. It must be one of `expected`."""
        length = self.integer()
        # Not decoded before its length is plausible: a damaged length is not a reason to copy the file.
        word = bytes(self._take(length)) if 0 <= length <= max(map(len, expected)) else b""
        if word not in [choice.encode() for choice in expected]:
            raise self.error(f"no {' or '.join(expected)}")
        return word.decode()

    def version(self, *expected: int) -> int:
        """The number that opens a compound object. It must be one of `expected`."""
        version = self.integer()
        if version not in expected:
            raise self.error(f"an object of version {version}")
        return version

    def expect(self, *expected: int) -> None:
        """Integers that are known beforehand, such as a layer's geometry."""
        for value in expected:
            found = self.integer()
            if found != value:
                raise self.error(f"{found} instead of {value}")

    def tensor(self) -> Weights:
        """A version, four dimensions and raw little-endian floats. Returns: float32 [n], flat."""
        self.version(TENSOR_VERSION)
        dimensions = [self.integer() for _ in range(4)]
        size = math.prod(dimensions)
        if min(dimensions) < 0 or 4 * size > len(self._data) - self._position:
            raise self.error(f"a tensor of size {size:,}")
        return np.frombuffer(self._take(4 * size), dtype="<f4")

    def weights(self, size: int) -> Weights:
        """A tensor of exactly `size` weights, none of them infinite, NaN or beyond LARGEST_WEIGHT."""
        weights = self.tensor()
        if len(weights) != size:
            raise self.error(f"{plural(len(weights), 'weight')} instead of {size:,}")
        if size and not np.abs(weights).max() <= LARGEST_WEIGHT:
            raise self.error("a weight out of range")
        return weights

    def alias(self, shape: Shape) -> None:
        """An alias tensor: a shape without values, which must be `shape`."""
        self.version(ALIAS_VERSION)
        self.expect(*shape)

    def end(self) -> None:
        """Nothing may follow."""
        if self._position != len(self._data):
            raise self.error(f"{plural(len(self._data) - self._position, 'byte')} too many")

    def _take(self, size: int) -> memoryview:
        taken = self._data[self._position : self._position + size]
        if len(taken) != size:
            raise self.error("the file ends")
        self._position += size
        return taken
