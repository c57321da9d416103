"""Recognises a photo file by its first bytes, and identifies the photo by the hash of all of its bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath

HASH_BYTES = 32

_EXTENSIONS = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".webp",
        ".tif",
        ".tiff",
        ".gif",
        ".bmp",
        ".dib",
        ".heic",
        ".heif",
        ".hif",
        ".avif",
        ".jxl",
        ".jp2",
        ".j2k",
        ".jpf",
        ".jpx",
        ".j2c",
        ".jpc",
        ".jxr",  # cannot be decoded, but is reported
        ".wdp",
        ".psd",
    ]
)
RAW_EXTENSIONS = frozenset(
    [
        ".3fr",
        ".arw",
        ".cr2",
        ".cr3",
        ".crw",
        ".dcr",
        ".dng",
        ".erf",
        ".fff",
        ".iiq",
        ".kdc",
        ".mef",
        ".mos",
        ".mrw",
        ".nef",
        ".nrw",
        ".orf",
        ".pef",
        ".raf",
        ".raw",
        ".rw2",
        ".rwl",
        ".sr2",
        ".srf",
        ".srw",
        ".x3f",
    ]
)
"""Suffixes that cameras use for RAW photos."""

_RAW_MAGICS = (
    b"IIRO",  # Olympus
    b"IIRS",
    b"MMOR",
    b"IIU\0",  # Panasonic
    b"FUJIFILMCCD-RAW",
    b"FOVb",  # Sigma
    b"\0MRM",  # Minolta
    b"II\x1a\0\0\0HEAPCCDR",  # Canon CRW
)
_OTHER_MAGICS = (
    b"\0\0\0\x0cJXL \r\n\x87\n",  # JPEG XL
    b"\xff\x0a",
    b"\0\0\0\x0cjP  \r\n\x87\n",  # JPEG 2000
    b"\xff\x4f\xff\x51",
)
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"))


@dataclass(frozen=True, slots=True)
class Identity:
    """content: blake2b-256 of the bytes; size: bytes; mtime_ns, ctime_ns: of the file when it was read."""

    content: bytes
    size: int
    mtime_ns: int
    ctime_ns: int | None


def is_photo(head: bytes) -> bool:
    """Whether a file that starts with `head` (32 bytes are enough) has a format that we decode."""
    if head[:3] == b"\xff\xd8\xff" or head[:8] == b"\x89PNG\r\n\x1a\n" or head[:6] in (b"GIF87a", b"GIF89a"):
        return True
    if head[:2] == b"BM" and len(head) >= 26:
        return int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)
    if is_tiff(head) or head[:4] in (b"II+\0", b"MM\0+") or has_raw_magic(head):
        return True
    if head.startswith(_OTHER_MAGICS):
        return True
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    return head[4:8] == b"ftyp" and (
        head[8:12] in _HEIF_BRANDS or head[16:20] in _HEIF_BRANDS or head[20:24] in _HEIF_BRANDS
    )


def is_tiff(head: bytes) -> bool:
    """Whether a file that starts with `head` is TIFF (not BigTIFF), like many RAW photos."""
    return head[:4] in (b"II*\0", b"MM\0*")


def has_raw_magic(head: bytes) -> bool:
    """Whether a file that starts with `head` is a RAW photo in a format other than TIFF."""
    return head.startswith(_RAW_MAGICS) or head[4:12] == b"ftypcrx "


def claims_to_be_photo(path: str) -> bool:
    """Whether the file's name has the suffix of a photo. Then other content is reported as a failure."""
    return PurePath(path).suffix.lower() in _EXTENSIONS | RAW_EXTENSIONS


def content_hash(data: bytes) -> bytes:
    """blake2b-256 of a file's bytes (RFC 7693)."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES).digest()
