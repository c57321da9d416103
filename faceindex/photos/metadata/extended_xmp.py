"""XMP that is too long for one segment of a JPEG; the rest is in parts (XMP Specification Part 3, section 1.1.3.1).

The standard packet refers to the rest by a GUID, the rest's MD5 digest in hexadecimal digits. Each part is an APP1
segment: the signature, the GUID, the length of the whole, and the position of this part.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

from faceindex.photos.metadata.rdf import MAX_BYTES, BrokenPacket

SIGNATURE = b"http://ns.adobe.com/xmp/extension/\0"
_PLACE = struct.Struct(">32sII")
_NAMED = re.compile(rb"""HasExtendedXMP\s*(?:=\s*["']|>)\s*([0-9A-Fa-f]{32})\s*["'<]""")


def extended_packet(standard: bytes, segments: Iterable[bytes]) -> bytes | None:
    """The rest of the packet `standard`, with its own RDF; None if there is none.

    segments: data of APP1 segments that begin with SIGNATURE; those with another GUID are ignored. Raises: BrokenPacket
    if a part is missing, or the whole is longer than MAX_BYTES.
    """
    named = _NAMED.search(standard)
    if named is None:
        return None
    parts: dict[int, bytes] = {}
    lengths = set()
    for segment in segments:
        data = segment[len(SIGNATURE) :]
        if len(data) < _PLACE.size:
            continue
        guid, length, offset = _PLACE.unpack_from(data)
        if guid.upper() == named[1].upper():
            lengths.add(length)
            parts[offset] = data[_PLACE.size :]
    if not parts:
        raise BrokenPacket("its extended part is not in the file")
    if len(lengths) > 1:
        raise BrokenPacket("segments of its extended part contradict each other")
    (length,) = lengths
    if length > MAX_BYTES:
        raise BrokenPacket(f"its extended part is larger than {MAX_BYTES >> 20} MiB")
    whole = bytearray()
    for offset in sorted(parts):
        if offset != len(whole):
            break
        whole += parts[offset]
    if len(whole) != length or sum(map(len, parts.values())) != length:
        raise BrokenPacket("segments of its extended part are missing or overlap")
    return bytes(whole)
