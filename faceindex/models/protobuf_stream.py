"""Reads the wire format of protocol buffers, without a schema compiler or generated classes.

Everything is checked against the file's length before memory is allocated, so that a cut-off or changed file ends in
one ModelError (format: protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from faceindex.errors import ModelError
from faceindex.files.reading import read_regular
from faceindex.plurals import plural

MOST_FIELDS = 1_000_000
"""Most fields in one file. A network has about ten thousand; a file of empty fields must not run on for ever."""

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_FIXED_SIZES = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_LONGEST_VARINT = 10


@dataclass(slots=True)
class ProtobufFile:
    """The bytes of one file, and how many more fields may be read from it."""

    data: memoryview
    name: str
    fields_left: int = MOST_FIELDS

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at `path`. Raises: ModelError."""
        try:
            return cls(memoryview(read_regular(path)), path.name)
        except OSError as error:
            raise ModelError(f"cannot read {path}: {error.strerror}; reinstall its package") from error

    def error(self, reason: str) -> ModelError:
        """An error that names the file and the reason."""
        return ModelError(f"{self.name} is not the network expected: {reason}; reinstall its package")

    def message(self) -> Message:
        """The message that is the whole file. Raises: ModelError."""
        return Message(self, 0, len(self.data))


class Message:
    """One message: its fields by number; nested messages are read later. Every method may raise ModelError."""

    def __init__(self, file: ProtobufFile, start: int, end: int) -> None:
        self._file = file
        self._start = start
        self._fields: dict[int, list[int | range]] = {}  # a number, or the range of the bytes
        self._position = start
        while self._position < end:
            self._read_field(end)

    def error(self, reason: str) -> ModelError:
        """An error that names the file, the message and the reason."""
        return self._file.error(f"{reason} in the message at byte {self._start}")

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def integer(self, number: int, default: int = 0) -> int:
        """The last value of an integer field (int32, int64, bool or an enumeration), with its sign."""
        value = self._fields.get(number, [default])[-1]
        if isinstance(value, range):
            raise self.error(f"bytes instead of the integer {number}")
        return value

    def integers(self, number: int) -> list[int]:
        """All values of a repeated integer field, packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, []):
            if isinstance(value, range):
                found += self._packed(value)
            else:
                found.append(value)
        return found

    def chunks(self, number: int) -> list[memoryview]:
        """All values of a field of bytes, strings or fixed-size numbers (packed or not), undecoded."""
        return [self._file.data[place.start : place.stop] for place in self._places(number)]

    def text(self, number: int) -> str:
        """The last value of a string field, empty when there is none."""
        texts = self.texts(number)
        return texts[-1] if texts else ""

    def texts(self, number: int) -> list[str]:
        """All values of a string field."""
        try:
            return [bytes(chunk).decode() for chunk in self.chunks(number)]
        except UnicodeDecodeError:
            raise self.error(f"a string that is not UTF-8 in field {number}") from None

    def messages(self, number: int) -> Iterator[Message]:
        """All values of a field of messages; each is read when it is needed."""
        for place in self._places(number):
            yield Message(self._file, place.start, place.stop)

    def message(self, number: int) -> Message:
        """The last value of a field of messages, an empty one when there is none."""
        places = self._places(number) or [range(self._start, self._start)]
        return Message(self._file, places[-1].start, places[-1].stop)

    def _places(self, number: int) -> list[range]:
        places = [value for value in self._fields.get(number, []) if isinstance(value, range)]
        if len(places) != len(self._fields.get(number, [])):
            raise self.error(f"an integer instead of the bytes {number}")
        return places

    def _packed(self, place: range) -> list[int]:
        self._position = place.start
        found = []
        while self._position < place.stop:
            self._count()
            found.append(self._varint(place.stop))
        return found

    def _read_field(self, end: int) -> None:
        self._count()
        number, wire_type = divmod(self._varint(end), 8)
        if number <= 0:
            raise self.error(f"a field of number {number}")
        value: int | range
        if wire_type == _VARINT:
            value = self._varint(end)
        elif wire_type == _BYTES:
            value = self._take(self._varint(end), end)
        elif wire_type in _FIXED_SIZES:
            value = self._take(_FIXED_SIZES[wire_type], end)
        else:
            raise self.error(f"a field of type {wire_type}")
        self._fields.setdefault(number, []).append(value)

    def _varint(self, end: int) -> int:
        """Seven bits a byte, lowest first, while bit 7 is set; 64 bits in two's complement."""
        value = 0
        for place, byte in enumerate(self._file.data[self._position : min(end, self._position + _LONGEST_VARINT)]):
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                self._position += place + 1
                value &= 2**64 - 1
                return value - 2**64 if value >= 2**63 else value
        raise self.error("an integer without end")

    def _take(self, size: int, end: int) -> range:
        if not 0 <= size <= end - self._position:
            raise self.error(f"{plural(size, 'byte')}, but {end - self._position:,} left")
        place = range(self._position, self._position + size)
        self._position += size
        return place

    def _count(self) -> None:
        self._file.fields_left -= 1
        if self._file.fields_left < 0:
            raise self.error(f"more than {MOST_FIELDS} fields")
