"""`library.crops`: pictures of faces and photos, for pages and programs."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from faceindex.crops.cache import PictureCache
from faceindex.crops.pool import PictureFailed, PicturePool
from faceindex.crops.requests import PictureRequest, UploadRequest
from faceindex.errors import NotInLibrary, UnreadablePhoto
from faceindex.library.opened import Opened
from faceindex.store.layout import CROPS
from faceindex.types import Box, Pixels

CROP_SIDE = 256
"""Side of a crop in pixels; a screen with double resolution shows it sharp at 128."""

PREVIEW_SIDE = 1536
"""Longer side of a preview in pixels, at most."""

SMALL_SIDE = 512
"""The same of a small preview, for lists."""

UPLOAD_SIDE = 4096
"""Longer side, at most, of the pixels of an uploaded photo: faces of a hundredth of it are found."""

UPLOAD_MEGAPIXELS = 120.0
"""A larger upload is refused."""


class Crops:
    """Crops of faces and previews of photos: JPEGs, upright, without metadata.

    They are made from the photos' files in processes of their own, with limits of memory and time, and cached in the
    library's folder `crops/`. Erasing people or photos removes the cache.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._cache = PictureCache(opened.folder.path / CROPS)

    @cached_property
    def _pool(self) -> PicturePool:
        pool = PicturePool()
        self._opened.at_close(pool.close)
        return pool

    def face(self, face: int) -> bytes:
        """A square crop of a face, CROP_SIDE pixels wide, as JPEG.

        Raises: NotInLibrary; UnreadablePhoto when its photo is missing, has changed, or cannot be read.
        """
        records = self._opened.catalog.faces_with([face])
        if face not in records:
            raise NotInLibrary(f"no face {face} in the library")
        record = records[face]
        return self._picture(record.photo_id, record.box, CROP_SIDE, face)

    def photo(self, photo: int, *, small: bool = False) -> bytes:
        """A preview of the photo with this id, at most PREVIEW_SIDE pixels wide and high, as JPEG. small: at most
        SMALL_SIDE.

        Raises: as `face`.
        """
        return self._picture(photo, None, SMALL_SIDE if small else PREVIEW_SIDE)

    def pixels(self, data: bytes, *, max_megapixels: float = UPLOAD_MEGAPIXELS) -> Pixels:
        """The pixels of a photo from the bytes of its file, upright RGB, uint8 [h, w, 3], at most UPLOAD_SIDE wide and
        high; decoded in a process of its own, for data that nobody vouches for.

        Raises: UnreadablePhoto when it is no photo, damaged, too large, or takes too long.
        """
        try:
            found = self._pool.ask(UploadRequest(data, UPLOAD_SIDE, max_megapixels))
        except PictureFailed as error:
            raise UnreadablePhoto("the upload", str(error)) from error
        width, height = (int.from_bytes(found[at : at + 4], "big") for at in (0, 4))
        return np.frombuffer(found, np.uint8, offset=8).reshape(height, width, 3)

    def _picture(self, photo: int, box: Box | None, side: int, face: int | None = None) -> bytes:
        catalog = self._opened.catalog
        if not (paths := catalog.paths_of(photo)):
            raise NotInLibrary(f"no photo {photo} in the library")
        request = PictureRequest(paths, catalog.content_of(photo), box, side, catalog.turn_of(photo))
        if (cached := self._cache.get(request)) is not None:
            return cached
        try:
            data = self._pool.ask(request)
        except PictureFailed as error:
            raise UnreadablePhoto(paths[0], str(error)) from error
        self._cache.put(request, data)
        if not catalog.paths_of(photo) or (face is not None and face not in catalog.faces_with([face])):
            self._cache.remove(request)  # it was erased meanwhile: after the erasure nothing may be left on the disk
            raise NotInLibrary(f"no photo {photo} in the library")
        return data
