"""Crops and previews of a photo: upright JPEGs without metadata."""

from __future__ import annotations

import io
import time

from PIL import Image

from faceindex.crops.requests import PictureRequest, Request, UploadRequest
from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.photos.finding.addresses import UNREACHABLE, is_held, is_url, top_of
from faceindex.photos.identity import content_hash
from faceindex.photos.read import read_bytes
from faceindex.photos.squares import cut, square_inside

QUALITY = 85


SILENT_SECONDS = 15.0
"""For so long a server that did not answer is not asked again: a page has many pictures."""


class _Servers:
    """Reads files, those at addresses only if their server answered or was not asked lately."""

    def __init__(self) -> None:
        self._silent: dict[str, tuple[float, UnreadablePhoto]] = {}

    def read(self, path: str) -> tuple[bytes, int]:
        """As `read_bytes`."""
        top = top_of(path) if is_url(path) else ""
        since, failure = self._silent.get(top, (0.0, None))
        if failure is not None and time.monotonic() - since < SILENT_SECONDS:
            raise UnreadablePhoto(path, failure.reason, out_of_reach=True)
        try:
            return read_bytes(path)
        except UnreadablePhoto as error:
            if top and isinstance(error.__cause__, OSError) and error.__cause__.errno in UNREACHABLE:
                self._silent[top] = time.monotonic(), error
            raise


_servers = _Servers()


def answer(request: Request) -> bytes:
    """What is asked for. Raises: UnreadablePhoto."""
    return _pixels(request) if isinstance(request, UploadRequest) else _picture(request)


def _picture(request: PictureRequest) -> bytes:
    photo = _photo(request)
    longer = max(photo.width, photo.height)
    if request.box is None:
        image = photo.image(min(longer, request.side)).copy()
        image.thumbnail((request.side, request.side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    else:
        place = square_inside(request.box, photo.width, photo.height)
        source = photo.image(round(longer * min(1.0, request.side / place[2])))
        image = cut(source, place, source.width / photo.width, request.side)
    return _jpeg(image.rotate(-request.turn, expand=True) if request.turn else image)


def _photo(request: PictureRequest) -> Photo:
    failure: UnreadablePhoto | None = None
    for path in request.paths:
        if is_held(path):
            failure = failure or UnreadablePhoto(path, "it was added by a program, and its pixels are not stored")
            continue
        try:
            data, _ = _servers.read(path)
            if content_hash(data) == request.content:
                return Photo(data, path)
            failure = failure or UnreadablePhoto(path, "its file has changed since it was ingested")
        except UnreadablePhoto as error:
            failure = failure or error
    raise failure or UnreadablePhoto("", "it has no file")


def _pixels(request: UploadRequest) -> bytes:
    photo = Photo(request.data, "the upload", max_megapixels=request.max_megapixels)
    image = photo.image(min(max(photo.width, photo.height), request.side))
    if max(image.size) > request.side:
        image = image.copy()
        image.thumbnail((request.side, request.side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return b"".join((image.width.to_bytes(4, "big"), image.height.to_bytes(4, "big"), image.tobytes()))


def _jpeg(image: Image.Image) -> bytes:
    clean = Image.frombytes("RGB", image.size, image.tobytes())  # without what Pillow keeps of the file's metadata
    buffer = io.BytesIO()
    clean.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
