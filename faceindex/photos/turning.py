"""How to turn a stored picture upright, by EXIF orientation (EXIF 2.32, tag 274)."""

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
    """The EXIF of an opened photo. Raises: anything that Pillow raises.

    If EXIF has no orientation, Pillow takes one from XMP. Browsers, phones and photo programs do not, and neither do
    we: our picture would be rotated relative to what they show.
    """
    if image.format == "PNG" and "exif" not in image.info:
        image.load()  # EXIF and XMP may be after the pixels
    hidden = {key: image.info.pop(key) for key in _XMP_KEYS if key in image.info}
    try:
        return image.getexif()
    finally:
        image.info.update(hidden)
