"""XMP over several segments of a JPEG is put together, or refused with the reason."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from xmp_samples import digikam, extended, lightroom, with_segments

from faceindex.errors import UnreadablePhoto
from faceindex.photos.metadata.extended_xmp import extended_packet
from faceindex.photos.metadata.rdf import MAX_BYTES, BrokenPacket
from faceindex.photos.packets import read_header

REST = digikam(0.5, 0.5, 0.25, 0.25)


def jpeg(standard: bytes, segments: list[bytes]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48)).save(buffer, "JPEG", xmp=standard)
    return with_segments(buffer.getvalue(), segments)


@given(st.integers(0, 999), st.integers(1, 3000))
def test_parts_in_any_order_and_given_twice_are_put_together(seed: int, part: int) -> None:
    standard, segments = extended(REST, part)
    segments = [*segments, segments[0], *extended(b"of another photo")[1], b"short", b""]
    random.Random(seed).shuffle(segments)
    assert extended_packet(standard, segments) == REST


def test_a_packet_that_names_no_extended_part_has_none() -> None:
    assert extended_packet(lightroom(0.5, 0.5, 0.25, 0.25), extended(REST)[1]) is None


def test_the_guid_may_be_an_element_and_of_small_letters() -> None:
    _, segments = extended(REST)
    guid = segments[0][35:67]
    element = b"<xmpNote:HasExtendedXMP>%s</xmpNote:HasExtendedXMP>" % guid.lower()
    assert extended_packet(element, segments) == REST


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda segments: [], "not in the file"),
        (lambda segments: extended(b"of another photo")[1], "not in the file"),
        (lambda segments: segments[1:], "missing or overlap"),
        (lambda segments: segments[:-1], "missing or overlap"),
        (lambda segments: [*segments[:2], *segments[3:]], "missing or overlap"),
        (lambda segments: [*segments[:2], segments[2] + b"x", *segments[3:]], "missing or overlap"),
        (lambda segments: [*segments, segments[0][:67] + bytes(4) + segments[0][71:]], "contradict"),
        (lambda segments: [s[:67] + b"\xff" * 4 + s[71:] for s in segments], "larger than 8 MiB"),
        (lambda segments: [s[:67] + bytes(4) + s[71:] for s in segments], "missing or overlap"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(change: object, why: str) -> None:
    assert callable(change)
    standard, segments = extended(REST, 100)
    with pytest.raises(BrokenPacket, match=why):
        extended_packet(standard, change(segments))


def test_a_jpeg_of_more_than_one_segment_is_read(tmp_path: Path) -> None:
    rest = REST.replace(b"</rdf:RDF>", b"<!--" + bytes(range(97, 123)) * 8000 + b"--></rdf:RDF>")
    standard, segments = extended(rest)
    assert len(segments) > 2
    (tmp_path / "a.jpg").write_bytes(jpeg(standard, segments))
    header = read_header(str(tmp_path / "a.jpg"))
    assert header.packet is not None
    assert extended_packet(header.packet, header.extension) == rest
    Image.new("RGB", (64, 48)).save(tmp_path / "b.png")
    assert read_header(str(tmp_path / "b.png")).extension == ()


@given(st.data())
@settings(max_examples=300)
def test_damaged_files_are_refused_or_read_and_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    damaged = bytearray(jpeg(*extended(REST, 700)))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        if data.draw(st.booleans()):
            damaged[place] = data.draw(st.integers(0, 255))
        else:
            del damaged[place : place + data.draw(st.integers(1, 900))]
            damaged.append(0)
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    path.write_bytes(damaged)
    try:
        header = read_header(str(path))
        whole = extended_packet(header.packet or b"", header.extension)
    except (UnreadablePhoto, BrokenPacket):
        return
    assert whole is None or len(whole) <= MAX_BYTES
