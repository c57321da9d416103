"""Make a folder of demo photos from photos that may be published and that scikit-image ships.

    .venv/bin/python scripts/make_demo_photos.py FOLDER

The astronaut is Eileen Collins (NASA, public domain): the original, and versions of it as they come about in a
collection (smaller, mirrored, darker, turned by EXIF, in a collage), one photo without a face, and one cut off.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps
from skimage import data

ROTATED_BY_EXIF = 6  # stored lying on its side, to be turned by 90 degrees clockwise


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    astronaut = Image.fromarray(data.astronaut()).crop((80, 0, 400, 320))
    coffee = Image.fromarray(data.coffee())
    astronaut.save(folder / "astronaut.png")
    astronaut.resize((200, 200)).save(folder / "small.webp")
    ImageOps.mirror(astronaut).save(folder / "mirrored.jpg", quality=90)
    ImageEnhance.Brightness(astronaut).enhance(0.45).save(folder / "dark.jpg", quality=90)
    exif = Image.Exif()
    exif[0x0112] = ROTATED_BY_EXIF
    astronaut.rotate(90).save(folder / "turned.jpg", quality=90, exif=exif)
    collage = Image.new("RGB", (800, 320), "white")
    collage.paste(coffee.resize((480, 320)), (0, 0))
    collage.paste(astronaut, (480, 0))
    collage.save(folder / "collage.jpg", quality=90)
    coffee.save(folder / "coffee.jpg", quality=90)
    whole = (folder / "mirrored.jpg").read_bytes()
    (folder / "cut-off.jpg").write_bytes(whole[: len(whole) // 2])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
