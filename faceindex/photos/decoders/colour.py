"""Converts colours of a wide-gamut photo (Display P3, Adobe RGB, ProPhoto, CMYK for print) to sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

SAME = 2
"""A profile that differs from sRGB by fewer levels is not converted; makers' own sRGB profiles differ as much."""

_SPACES = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}


def in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """`image` with its colours converted from `profile`, the bytes of an ICC profile, or None.

    image: mode RGB, CMYK, LAB or L; other modes are returned unchanged, and so is every image whose profile is sRGB,
    broken, or for another mode than the image's. LAB needs no profile.
    """
    if image.mode == "LAB":
        return ImageCms.applyTransform(image, _from_lab()) or image
    transform = _transform(profile) if isinstance(profile, bytes) and profile else None
    if transform is None or transform.input_mode != image.mode:
        return image
    return ImageCms.applyTransform(image, transform) or image


@lru_cache(maxsize=16)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """The conversion to sRGB; None if it changes nothing or is impossible."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _SPACES[source.profile.xcolor_space]
        transform = ImageCms.buildTransform(
            source, _srgb(), mode, "RGB", renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
        return None if mode != "CMYK" and _changes_nothing(transform, mode) else transform
    except Exception:  # a broken profile is ignored, as in most programs
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    levels = np.linspace(0, 255, 6).astype(np.uint8)
    if mode == "RGB":
        colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
        expected = colours
    else:
        colours = levels[None]
        expected = np.repeat(levels[None, :, None], 3, axis=2)
    converted = ImageCms.applyTransform(Image.fromarray(colours), transform)
    return bool(np.abs(np.asarray(converted).astype(int) - expected).max() <= SAME)


@lru_cache(maxsize=1)
def _from_lab() -> ImageCms.ImageCmsTransform:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))  # with white point D50, as Photoshop writes it
    return ImageCms.buildTransform(lab, _srgb(), "LAB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
