"""The wire format of protocol buffers; what is cut off or altered ends in ModelError."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceindex.errors import ModelError
from faceindex.models.protobuf_stream import Message, ProtobufFile


def message(*values: int) -> Message:
    return ProtobufFile(memoryview(bytes(values)), "test.pb").message()


@pytest.mark.parametrize(
    ("values", "number"),
    [((0x08, 5), 5), ((0x08, 0xAC, 0x02), 300), ((0x08, *[0xFF] * 9, 1), -1), ((0x08, 1, 0x08, 2), 2)],
)
def test_an_integer_has_seven_bits_a_byte_lowest_first_and_the_last_one_counts(
    values: tuple[int, ...], number: int
) -> None:
    assert message(*values).integer(1) == number


def test_what_is_not_there_has_its_default() -> None:
    assert message().integer(1) == 0
    assert message().integer(1, default=7) == 7
    assert message().text(1) == ""
    assert message().message(1).integers(1) == []
    assert 1 not in message()


def test_integers_may_be_packed_or_single() -> None:
    assert message(0x0A, 3, 1, 0x80, 1, 0x08, 3).integers(1) == [1, 128, 3]


def test_fields_hold_text_messages_and_numbers_of_fixed_size() -> None:
    outer = message(0x0A, 1, 0x61, 0x12, 2, 0x08, 9, 0x1D, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8)
    assert outer.text(1) == "a"
    assert [inner.integer(1) for inner in outer.messages(2)] == [9]
    assert bytes(outer.chunks(3)[0]) == bytes([1, 2, 3, 4])
    assert bytes(outer.chunks(4)[0]) == bytes([1, 2, 3, 4, 5, 6, 7, 8])


@pytest.mark.parametrize(
    "values",
    [
        (0x08,),  # no value
        (0x08, 0x80),  # an integer that does not end
        (0x08, *[0x80] * 11),
        (0x0A, 2, 0x61),  # more bytes than there are
        (0x0A, *[0xFF] * 9, 1),  # bytes of negative length
        (0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F),
        (0x0D, 1, 2, 3),  # four bytes that are three
        (0x09, 1, 2, 3),
        (0x0B,),  # a group, which nobody writes any more
        (0x00, 1),  # field 0
    ],
)
def test_damage_is_one_line_that_names_the_file(values: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"^test\.pb is not the network expected: .* in the message at byte 0; .*$"):
        message(*values)


def test_a_field_of_another_kind_is_damage() -> None:
    with pytest.raises(ModelError, match="bytes instead of the integer 1"):
        message(0x0A, 0).integer(1)
    with pytest.raises(ModelError, match="an integer instead of the bytes 1"):
        message(0x08, 0).text(1)
    with pytest.raises(ModelError, match="a string that is not UTF-8"):
        message(0x0A, 1, 0xFF).text(1)


def test_damage_inside_a_message_does_not_reach_beyond_it() -> None:
    with pytest.raises(ModelError, match="byte 2"):
        message(0x0A, 1, 0x08, 0x10, 1).message(1)


def test_a_file_of_empty_fields_ends_before_the_memory_does() -> None:
    file = ProtobufFile(memoryview(bytes([0x08, 0]) * 100), "test.pb", fields_left=50)
    with pytest.raises(ModelError, match="more than"):
        file.message()
    packed = ProtobufFile(memoryview(bytes([0x0A, 100, *[0] * 100])), "test.pb", fields_left=50)
    with pytest.raises(ModelError, match="more than"):
        packed.message().integers(1)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        ProtobufFile.open(tmp_path / "none.pb")
