"""Files that look like pictures but cannot be read: what they are, and what to do."""

from __future__ import annotations

_DOCUMENT = "open it and save it as JPEG, PNG or TIFF"
_KINDS: tuple[tuple[int, tuple[bytes, ...], str], ...] = (
    (0, (b"8BPS",), "a Photoshop document"),
    (0, (b"gimp xcf",), "a GIMP document"),
    (0, (b"II\xbc\x01",), "JPEG XR"),
    (0, (b"%PDF",), "a PDF document"),
    (0, (b"%!PS", b"\xc5\xd0\xd3\xc6"), "PostScript"),
    (0, (b"<svg", b"<?xml"), "an SVG drawing or another XML document"),
    (0, (b"\0\0\1\0", b"\0\0\2\0"), "an icon"),
    (0, (b"DDS ",), "a DDS texture"),
    (0, (b"v/1\1",), "OpenEXR"),
    (0, (b"#?RADIANCE", b"#?RGBE"), "a Radiance picture"),
    (0, (b"SIMPLE  =",), "FITS"),
    (0, (b"P1\n", b"P2\n", b"P3\n", b"P4\n", b"P5\n", b"P6\n", b"P7\n", b"P4 ", b"P5 ", b"P6 "), "a Netpbm picture"),
    (0, (b"\x0a\5\1", b"\x0a\3\1", b"\x0a\2\1"), "PCX"),
    (0, (b"FORM",), "an IFF picture"),
    (0, (b"qoif",), "QOI"),
    (0, (b"BPG\xfb",), "BPG"),
    (0, (b"FLIF",), "FLIF"),
    (0, (b"\xd7\xcd\xc6\x9a", b"\1\0\0\0\x58\0\0\0", b"\1\0\0\0\x6c\0\0\0"), "a Windows drawing"),
)
_OTHERS: tuple[tuple[int, tuple[bytes, ...], str], ...] = (
    (0, (b"\x1aE\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV\1", b"\x30\x26\xb2\x75"), "a video"),
    (4, (b"ftyp", b"moov", b"mdat"), "a video"),
    (8, (b"AVI ",), "a video"),
    (0, (b"PK\3\4", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"), "an archive"),
    (0, (b"<!DOCTYPE", b"<html", b"<!doctype", b"<HTML"), "a web page"),
)


def refusal(head: bytes) -> str:
    """The reason for refusing a file that starts with `head` (32 bytes are enough) and has no supported format."""
    if not head:
        return "the file is empty"
    if not head.strip(b"\0"):
        return "damaged: the file begins with zeros"
    for place, starts, kind in _KINDS:
        if head[place:].startswith(starts):
            return f"{kind}, which cannot be read: {_DOCUMENT}"
    for place, starts, kind in _OTHERS:
        if head[place:].startswith(starts):
            return f"{kind}, not a photo"
    return "not a photo of a known format"
