"""What is said of files that are not read: what they are, in words, and nothing of a decoder's own."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from PIL import UnidentifiedImageError

from faceindex.errors import UnreadablePhoto
from faceindex.photos.kinds import refusal
from faceindex.photos.read import MAX_FILE_BYTES, identify
from faceindex.photos.reasons import DAMAGED, reason_for


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"8BPS\0\1", "a Photoshop document, which cannot be read"),
        (b"II\xbc\x01", "JPEG XR, which cannot be read"),
        (b"%PDF-1.4", "a PDF document, which cannot be read"),
        (b"\0\0\0\x18ftypmp42", "a video, not a photo"),
        (b"PK\3\4", "an archive, not a photo"),
        (b"<!DOCTYPE html>", "a web page, not a photo"),
        (b"", "the file is empty"),
        (bytes(32), "begins with zeros"),
        (b"dear diary", "not a photo of a known format"),
    ],
)
def test_kind_of_a_file_that_should_be_a_photo_is_said(tmp_path: Path, head: bytes, words: str) -> None:
    assert words in refusal(head)
    (tmp_path / "a.jpg").write_bytes(head)
    with pytest.raises(UnreadablePhoto, match=words):
        identify(str(tmp_path / "a.jpg"))


@pytest.mark.parametrize("name", ["film.mp4", "backup.zip", "disk"])
def test_large_file_that_is_no_photo_is_no_failure(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\0\0\0\x18ftypmp42" if name == "film.mp4" else b"PK\3\4" + bytes(30))
    os.truncate(tmp_path / name, MAX_FILE_BYTES + 1)  # sparse: takes no room on disk
    assert identify(str(tmp_path / name)) is None
    with pytest.raises(UnreadablePhoto, match="not a photo"):
        identify(str(tmp_path / name), named=True)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("image file is truncated (0 bytes not processed)"), "image file is truncated"),
        (OSError("unrecognized data stream contents when reading image file"), DAMAGED),
        (OSError("decoder error -2"), DAMAGED),
        (TypeError("function takes at most 3 arguments (5 given)"), DAMAGED),
        (struct.error("unpack requires a buffer of 4 bytes"), DAMAGED),
        (UnidentifiedImageError("cannot identify image file <_io.BytesIO object at 0x7f>"), DAMAGED),
        (ValueError("Decompressed data too large for PngImagePlugin.MAX_TEXT_CHUNK"), "made to use up all memory"),
        (RuntimeError("Unsupported feature: Unsupported codec"), "its format has a variant that cannot be read"),
        (ValueError(""), DAMAGED),
    ],
)
def test_words_of_decoders_are_put_into_ours(error: Exception, words: str) -> None:
    assert words in reason_for(error)
