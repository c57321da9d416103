"""A PNG of any colour type and depth, interlaced or not: most writers know only a few (ISO/IEC 15948)."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from faceindex.types import Pixels

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(
    pixels: Pixels,
    colour: int,
    bits: int,
    *,
    interlaced: bool = False,
    transparent: bool = False,
    level: int = 6,
    chunk_bytes: int = 8192,
    random: np.random.Generator,
) -> bytes:
    """pixels: uint8 [height, width, 3]. transparent: with a tRNS chunk. Each row has a filter drawn at random."""
    samples = _samples(pixels, colour, bits)
    height, width = samples.shape[:2]
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    raw = b"".join(_rows(samples[top::down, left::across], bits, random) for left, top, across, down in passes)
    coded = zlib.compress(raw, level)
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head)]
    if colour == PALETTE:
        parts.append(chunk(b"PLTE", bytes(random.integers(0, 256, 3 << bits, dtype=np.uint8))))
    if transparent:
        parts.append(chunk(b"tRNS", _transparency(samples, colour, bits, random)))
    parts += [chunk(b"IDAT", coded[at : at + chunk_bytes]) for at in range(0, len(coded), chunk_bytes)]
    return b"".join([*parts, chunk(b"IEND", b"")])


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _transparency(samples: Any, colour: int, bits: int, random: np.random.Generator) -> bytes:
    if colour == PALETTE:
        return bytes(random.integers(0, 256, 1 << bits, dtype=np.uint8))
    return bytes(samples[0, 0].astype(">u2").tobytes())


def _samples(pixels: Pixels, colour: int, bits: int) -> Any:
    """uint16 [height, width, channels], each of `bits` bits."""
    deep = pixels.astype(np.uint32) * 257
    grey = deep.mean(axis=2, keepdims=True).astype(np.uint32)
    alpha = np.broadcast_to(grey[::-1], grey.shape)
    channels = {
        GREY: [grey],
        RGB: [deep],
        PALETTE: [grey],
        GREY_ALPHA: [grey, alpha],
        RGBA: [deep, alpha],
    }
    return (np.concatenate(channels[colour], axis=2) >> (16 - bits)).astype(np.uint16)


def _rows(samples: Any, bits: int, random: np.random.Generator) -> bytes:
    height, width, channels = samples.shape
    if not height or not width:
        return b""
    if bits == 16:
        packed = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    elif bits == 8:
        packed = samples.astype(np.uint8).reshape(height, -1)
    else:
        spread = samples.reshape(height, -1, 1) >> np.arange(bits - 1, -1, -1, dtype=np.uint16) & 1
        packed = np.packbits(spread.astype(np.uint8).reshape(height, -1), axis=1)
    step = max(1, channels * bits // 8)
    above = np.zeros_like(packed[0])
    rows = []
    for row in packed:
        left = np.concatenate([np.zeros(step, np.uint8), row])[: len(row)]
        kind = int(random.integers(3))
        rows.append(bytes([kind]) + (row - (0, left, above)[kind]).astype(np.uint8).tobytes())
        above = row
    return b"".join(rows)
