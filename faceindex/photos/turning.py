"""How a stored picture is turned to be upright, by EXIF orientation (EXIF 2.32, tag 274)."""

from __future__ import annotations

from PIL import Image

ORIENTATION = 0x0112
SIDES_SWAPPED = frozenset((5, 6, 7, 8))
TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_XMP_KEYS = ("xmp", "XML:com.adobe.xmp", "Raw profile type xmp")


def exif_of(image: Image.Image) -> Image.Exif:
    """The EXIF of an opened photo. Raises: whatever Pillow does.

    Pillow gives EXIF an orientation out of XMP where it has none. Browsers, phones and photo programs do not, and
    neither do we: the picture would lie on its side beside what they show.
    """
    if image.format == "PNG" and "exif" not in image.info:
        image.load()  # it may stand behind the pixels, and XMP too
    hidden = {key: image.info.pop(key) for key in _XMP_KEYS if key in image.info}
    try:
        return image.getexif()
    finally:
        image.info.update(hidden)
