"""A Pillow image whose pixels another library decodes, all at once, when they are needed."""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageFile


class DecodedAtOnce(ImageFile.ImageFile):
    """Subclasses read the header in `_open`, which calls `_announce`, and the pixels in `_picture`."""

    def _announce(self, width: int, height: int) -> None:
        self._size, self._mode = (width, height), "RGB"
        self.tile = [ImageFile._Tile("raw", (0, 0, width, height), 0, "RGB")]

    def _picture(self) -> Image.Image:
        raise NotImplementedError

    def load(self) -> Any:
        """Decode, at the first call. Raises: ValueError if the size is not the one in the header."""
        if self.tile:
            picture = self._picture()
            if picture.size != self._size:
                raise ValueError("damaged: the picture does not have the size in its header")
            self._im, self._mode, self.tile = picture.im, picture.mode, []
        return self.im.pixel_access(self.readonly)
