"""Whole photos of every format by every writer that is installed, old and new.

Pillow, OpenCV, tifffile and imagecodecs where they can be imported; ImageMagick, GraphicsMagick, netpbm, ffmpeg, cjpeg,
jpegtran, heif-enc, cwebp, libtiff's tools, avifenc, gifsicle, optipng, pngcrush, pngquant and exiftool where they are
on the path. The pictures are photos, drawings, and flat ones whose coded data may be long runs of zeros, rightly.
"""

from __future__ import annotations

import importlib
import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pillow_heif
import tifffile
from made_dng import dng
from made_png import DEPTHS, PALETTE, png
from PIL import Image
from skimage import data

pillow_heif.register_heif_opener()

COMMANDS = {
    "magick-{}.jpg": "convert {png} -quality 80 {out}",
    "magick-interlaced-{}.jpg": "convert {png} -interlace JPEG -sampling-factor 4:1:1 {out}",
    "magick-grey-{}.jpg": "convert {png} -colorspace Gray {out}",
    "magick-cmyk-{}.jpg": "convert {png} -colorspace CMYK {out}",
    "magick-{}.png": "convert {png} {out}",
    "magick-interlaced-{}.png": "convert {png} -interlace PNG {out}",
    "magick-8-{}.png": "convert {png} PNG8:{out}",
    "magick-48-{}.png": "convert {png} PNG48:{out}",
    "magick-stored-{}.png": "convert {png} -quality 0 {out}",
    "magick-{}.gif": "convert {png} {out}",
    "magick-interlaced-{}.gif": "convert {png} -interlace GIF {out}",
    "magick-{}.bmp": "convert {png} {out}",
    "magick-rle-{}.bmp": "convert {png} -colors 16 -type Palette -compress RLE {out}",
    "magick-3-{}.bmp": "convert {png} BMP3:{out}",
    "magick-{}.webp": "convert {png} -quality 60 {out}",
    "magick-lossless-{}.webp": "convert {png} -define webp:lossless=true {out}",
    "magick-{}.tif": "convert {png} -compress None {out}",
    "magick-lzw-{}.tif": "convert {png} -compress LZW {out}",
    "magick-zip-{}.tif": "convert {png} -compress Zip {out}",
    "magick-rle-{}.tif": "convert {png} -compress RLE {out}",
    "magick-jpeg-{}.tif": "convert {png} -compress JPEG {out}",
    "magick-g4-{}.tif": "convert {png} -monochrome -compress Group4 {out}",
    "magick-fax-{}.tif": "convert {png} -monochrome -compress Fax {out}",
    "magick-planar-{}.tif": "convert {png} -interlace Plane -compress LZW {out}",
    "magick-{}.heic": "convert {png} {out}",
    "magick-{}.avif": "convert {png} {out}",
    "gm-{}.jpg": "gm convert {png} -quality 70 {out}",
    "gm-{}.png": "gm convert {png} {out}",
    "gm-{}.tif": "gm convert {png} -compress LZW {out}",
    "gm-{}.gif": "gm convert {png} {out}",
    "gm-{}.bmp": "gm convert {png} {out}",
    "gm-{}.webp": "gm convert {png} {out}",
    "netpbm-{}.jpg": "sh -c 'pnmtojpeg -optimize {ppm} > {out}'",
    "netpbm-progressive-{}.jpg": "sh -c 'pnmtojpeg -progressive -restart 2 {ppm} > {out}'",
    "netpbm-{}.png": "sh -c 'pnmtopng -interlace {ppm} > {out}'",
    "netpbm-{}.tif": "sh -c 'pnmtotiff -packbits -truecolor {ppm} > {out}'",
    "netpbm-{}.bmp": "sh -c 'ppmtobmp {ppm} > {out}'",
    "netpbm-{}.gif": "sh -c 'pnmquant 64 {ppm} | ppmtogif > {out}'",
    "ffmpeg-{}.jpg": "ffmpeg -y -loglevel error -i {png} -q:v 4 {out}",
    "ffmpeg-huffman-{}.jpg": "ffmpeg -y -loglevel error -i {png} -huffman optimal {out}",
    "ffmpeg-{}.png": "ffmpeg -y -loglevel error -i {png} -pred mixed {out}",
    "ffmpeg-{}.bmp": "ffmpeg -y -loglevel error -i {png} {out}",
    "ffmpeg-{}.gif": "ffmpeg -y -loglevel error -i {png} {out}",
    "ffmpeg-{}.tif": "ffmpeg -y -loglevel error -i {png} -compression_algo lzw {out}",
    "ffmpeg-raw-{}.tif": "ffmpeg -y -loglevel error -i {png} -compression_algo raw {out}",
    "ffmpeg-deflate-{}.tif": "ffmpeg -y -loglevel error -i {png} -compression_algo deflate {out}",
    "ffmpeg-{}.webp": "ffmpeg -y -loglevel error -i {png} -quality 75 {out}",
    "cjpeg-{}.jpg": "cjpeg -quality 75 -outfile {out} {ppm}",
    "cjpeg-optimize-{}.jpg": "cjpeg -quality 60 -optimize -outfile {out} {ppm}",
    "cjpeg-progressive-{}.jpg": "cjpeg -progressive -outfile {out} {ppm}",
    "cjpeg-arithmetic-{}.jpg": "cjpeg -arithmetic -outfile {out} {ppm}",
    "cjpeg-restart-{}.jpg": "cjpeg -optimize -restart 1 -outfile {out} {ppm}",
    "cjpeg-grey-{}.jpg": "cjpeg -grayscale -optimize -outfile {out} {ppm}",
    "cjpeg-444-{}.jpg": "cjpeg -sample 1x1 -quality 98 -outfile {out} {ppm}",
    "jpegtran-{}.jpg": "jpegtran -optimize -rotate 90 -outfile {out} {jpg}",
    "jpegtran-progressive-{}.jpg": "jpegtran -progressive -copy all -outfile {out} {jpg}",
    "jpegoptim-{}.jpg": "jpegoptim -q --stdout {jpg}",
    "exiftool-{}.jpg": "exiftool -q -Artist=A -Comment=C -o {out} {jpg}",
    "heif-enc-{}.heic": "heif-enc -q 60 -o {out} {png}",
    "heif-enc-lossless-{}.heic": "heif-enc -L -o {out} {png}",
    "heif-enc-{}.avif": "heif-enc -A -q 60 -o {out} {png}",
    "avifenc-{}.avif": "avifenc -s 9 {png} {out}",
    "avifenc-10-{}.avif": "avifenc -s 9 -d 10 --yuv 444 {png} {out}",
    "avifenc-grid-{}.avif": "avifenc -s 9 -g 2x2 {png} {out}",
    "cwebp-{}.webp": "cwebp -quiet -q 70 {png} -o {out}",
    "cwebp-low-{}.webp": "cwebp -quiet -q 10 -m 0 -segments 1 {png} -o {out}",
    "cwebp-lossless-{}.webp": "cwebp -quiet -lossless -z 1 {png} -o {out}",
    "cwebp-near-{}.webp": "cwebp -quiet -near_lossless 40 {png} -o {out}",
    "img2webp-{}.webp": "img2webp -lossy -d 50 {png} {png} -o {out}",
    "gif2webp-{}.webp": "gif2webp -quiet {gif} -o {out}",
    "gifsicle-{}.gif": "gifsicle -O3 -i {gif} -o {out}",
    "tiffcp-{}.tif": "tiffcp -c lzw:2 -r 7 {tif} {out}",
    "tiffcp-none-{}.tif": "tiffcp -c none -r 5 {tif} {out}",
    "tiffcp-tiles-{}.tif": "tiffcp -c zip -t -w 64 -l 64 {tif} {out}",
    "tiffcp-jpeg-{}.tif": "tiffcp -c jpeg:80 -r 16 {tif} {out}",
    "tiffcp-packbits-{}.tif": "tiffcp -c packbits -p separate {tif} {out}",
    "tiffcp-big-endian-{}.tif": "tiffcp -B -c lzw {tif} {out}",
    "tiffcp-zstd-{}.tif": "tiffcp -c zstd {tif} {out}",
    "tiffcp-g3-{}.tif": "tiffcp -c g3:2d:fill {bilevel} {out}",
    "tiffcp-g4-{}.tif": "tiffcp -c g4 -r 50 {bilevel} {out}",
    "tiffcp-g3-1d-{}.tif": "tiffcp -c g3:1d {bilevel} {out}",
    "optipng-{}.png": "optipng -quiet -o1 -i1 {png} -out {out}",
    "pngcrush-{}.png": "pngcrush -q {png} {out}",
    "pngquant-{}.png": "pngquant 16 --output {out} {png}",
    "exiftool-{}.png": "exiftool -q -Artist=A -o {out} {png}",
}


class Written(NamedTuple):
    """name: with the extension. aligned: whether zeros in it are noticed only where a disk's sector begins."""

    name: str
    aligned: bool = False


def pictures() -> dict[str, Any]:
    """uint8 [height, width, 3] each."""
    face = np.ascontiguousarray(data.astronaut()[:300, 100:360])
    half = face.copy()
    half[120:] = 0
    island = np.zeros((700, 900, 3), np.uint8)
    island[300:360, 300:350] = face[60:120, 60:110]
    page = np.repeat(data.page()[..., None], 3, axis=2)
    return {
        "face": face,
        "half-black": half,
        "black-above": np.ascontiguousarray(half[::-1]),
        "black": np.zeros((600, 512, 3), np.uint8),
        "white": np.full((333, 517, 3), 255, np.uint8),
        "island": island,
        "page": page,
    }


def written_photos(pixels: Any | None = None) -> Iterator[tuple[Written, bytes]]:
    """By Pillow, tifffile and by hand. pixels: uint8 [height, width, 3], the astronaut's face by default."""
    face = np.ascontiguousarray(data.astronaut()[:300, 100:360]) if pixels is None else pixels
    image = Image.fromarray(face)
    for name, form, mode, options in _WAYS:
        picture: Any = image.quantize(64) if mode == "P" else image.convert(mode)
        if options.get("save_all"):
            options = options | {"append_images": [picture.rotate(180)]}
        buffer = io.BytesIO()
        picture.copy().save(buffer, form, **options)
        yield Written(name, aligned=name in _UNCOMPRESSED), buffer.getvalue()
    for name, options in _TIFF_WAYS.items():
        buffer = io.BytesIO()
        stored = face.transpose(2, 0, 1) if options.get("planarconfig") == "separate" else face
        tifffile.imwrite(buffer, stored, photometric="rgb", **options)
        yield Written(name, aligned="compression" not in options), buffer.getvalue()
    random = np.random.default_rng(0)
    for colour, depths in DEPTHS.items():
        for bits in depths:
            coded = png(
                face[:100],
                colour,
                bits,
                interlaced=bits != 2,
                level=bits % 3,
                transparent=colour == PALETTE,
                random=random,
            )
            yield Written(f"hand-{colour}-{bits}.png"), coded
    if len(np.unique(face)) > 16:  # a sensor's data are never flat
        yield Written("hand.dng", aligned=True), dng(np.maximum(face, 3)[: len(face) // 2 * 2])


def photos_by_other_modules(pixels: Any) -> Iterator[tuple[str, bytes]]:
    """By OpenCV and imagecodecs."""
    for module, ways in (("cv2", _with_opencv), ("imagecodecs", _with_imagecodecs)):
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        yield from ways(found, pixels)


def _with_opencv(cv2: Any, pixels: Any) -> Iterator[tuple[str, bytes]]:
    ways = {
        "cv2.jpg": [],
        "cv2-progressive.jpg": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_QUALITY, 60],
        "cv2-optimized.jpg": [cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 9],
        "cv2.png": [],
        "cv2-stored.png": [cv2.IMWRITE_PNG_COMPRESSION, 0],
        "cv2.webp": [cv2.IMWRITE_WEBP_QUALITY, 50],
        "cv2.tiff": [],
        "cv2-none.tiff": [cv2.IMWRITE_TIFF_COMPRESSION, 1],
        "cv2.bmp": [],
    }
    for name, options in ways.items():
        yield name, cv2.imencode(f".{name.split('.')[1]}", pixels[..., ::-1], options)[1].tobytes()


def _with_imagecodecs(codecs: Any, pixels: Any) -> Iterator[tuple[str, bytes]]:
    yield "imagecodecs.jpg", codecs.jpeg8_encode(pixels, level=85, optimize=True)
    yield "imagecodecs.png", codecs.png_encode(pixels, level=1)
    yield "imagecodecs.webp", codecs.webp_encode(pixels, lossless=True)
    yield "imagecodecs.avif", codecs.avif_encode(pixels, speed=9)
    for compression in ("lzw", "packbits", "jpeg", "zstd", "deflate"):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, pixels, photometric="rgb", compression=compression, tile=(64, 64))
        yield f"imagecodecs-{compression}.tif", buffer.getvalue()


def photos_by_commands(pixels: Any, most: int) -> Iterator[tuple[str, bytes]]:
    """By programs that are installed, `most` of them. One that fails writes no photo."""
    with tempfile.TemporaryDirectory() as temporary:
        sources = {kind: Path(temporary) / f"source.{kind}" for kind in ("png", "ppm", "jpg", "tif", "gif", "bilevel")}
        for kind, source in sources.items():
            form = "TIFF" if kind == "bilevel" else None
            Image.fromarray(pixels).convert("1" if kind == "bilevel" else "RGB").save(source, form)
        installed = [pattern for pattern, command in COMMANDS.items() if shutil.which(command.split()[0])]
        for pattern in installed[:: -(-len(installed) // most)]:
            out = Path(temporary) / pattern.format("photo")
            done = subprocess.run(shell_of(pattern, out, sources), shell=True, capture_output=True, timeout=120)
            if done.returncode == 0 and out.exists():
                yield out.name, out.read_bytes()


def shell_of(pattern: str, out: Path, sources: dict[str, Path]) -> str:
    """What a shell runs."""
    command = COMMANDS[pattern]
    shell = command.replace("sh -c ", "").strip("'").format(out=out, **sources)
    return shell if "{out}" in command else f"{shell} > {out}"


_WAYS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("p.jpg", "JPEG", "RGB", {}),
    ("p-optimized.jpg", "JPEG", "RGB", {"optimize": True}),
    ("p-progressive.jpg", "JPEG", "RGB", {"progressive": True}),
    ("p-restarts.jpg", "JPEG", "RGB", {"restart_marker_rows": 1}),
    ("p-short-restarts.jpg", "JPEG", "RGB", {"restart_marker_blocks": 5, "optimize": True}),
    ("p-grey.jpg", "JPEG", "L", {"optimize": True}),
    ("p-cmyk.jpg", "JPEG", "CMYK", {}),
    ("p.mpo", "MPO", "RGB", {"save_all": True}),
    ("p.png", "PNG", "RGB", {}),
    ("p-stored.png", "PNG", "1", {"compress_level": 0}),
    ("p-palette.png", "PNG", "P", {}),
    ("p-frames.png", "PNG", "RGB", {"save_all": True}),
    ("p.webp", "WEBP", "RGB", {}),
    ("p-fast.webp", "WEBP", "RGB", {"quality": 20, "method": 0}),
    ("p-lossless.webp", "WEBP", "RGB", {"lossless": True}),
    ("p-lossless-fast.webp", "WEBP", "RGB", {"lossless": True, "quality": 0, "method": 0}),
    ("p-frames.webp", "WEBP", "RGB", {"save_all": True}),
    ("p-rows.tif", "TIFF", "RGB", {}),
    ("p-lzw.tif", "TIFF", "RGB", {"compression": "tiff_lzw"}),
    ("p-deflate.tif", "TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    ("p-jpeg.tif", "TIFF", "RGB", {"compression": "jpeg"}),
    ("p-packbits.tif", "TIFF", "CMYK", {"compression": "packbits"}),
    ("p-group4.tif", "TIFF", "1", {"compression": "group4"}),
    ("p-group3.tif", "TIFF", "1", {"compression": "group3"}),
    ("p-frames.tif", "TIFF", "RGB", {"save_all": True, "compression": "tiff_lzw"}),
    ("p.gif", "GIF", "P", {}),
    ("p-frames.gif", "GIF", "P", {"save_all": True}),
    ("p.bmp", "BMP", "RGB", {}),
    ("p-palette.bmp", "BMP", "P", {}),
    ("p.heic", "HEIF", "RGB", {}),
    ("p-tiles.heic", "HEIF", "RGB", {"tile_size": 128}),
    ("p.avif", "AVIF", "RGB", {"speed": 10}),
    ("p-frames.avif", "AVIF", "RGB", {"save_all": True, "speed": 10}),
]
_UNCOMPRESSED = frozenset(("p-rows.tif", "p.bmp", "p-palette.bmp"))
_TIFF_WAYS: dict[str, dict[str, Any]] = {
    "t.tif": {},
    "t-planar.tif": {"planarconfig": "separate", "rowsperstrip": 32},
    "t-tiles.tif": {"tile": (64, 64)},
    "t-zlib-tiles.tif": {"tile": (64, 64), "compression": "zlib"},
    "t-zlib.tif": {"compression": "zlib", "rowsperstrip": 20},
}
