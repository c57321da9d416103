"""Draw the README's picture: a photo with what was found in it, and its matches in a small library.

    .venv/bin/python scripts/draw_readme_picture.py [OUT.png]

Everything shown is computed by faceindex here and now, from the demo photos (NASA, public domain).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from make_demo_photos import main as make_demo_photos
from PIL import Image, ImageDraw, ImageFont

import faceindex
from faceindex.photos.decode import open_photo

SIDE, GAP, LINE = 320, 24, 150
ACCENT, INK, QUIET = "#3584e4", "#1a1a1a", "#777777"


def draw(out: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        photos = Path(temporary) / "photos"
        make_demo_photos(photos)
        with faceindex.Library(Path(temporary) / "demo.faces") as library:
            library.ingest([photos])
            probe = photos / "astronaut.png"
            (found,) = library.search(probe, k=6)
            record = library.faces.get(found.matches[0].face)
            vector = next(v for face, v in library.faces.with_vectors() if face.face == record.face)
            picture = Image.new("RGB", (SIDE + 5 * GAP + 3 * LINE, SIDE + 2 * GAP + 26), "white")
            pen = ImageDraw.Draw(picture)
            _draw_probe(picture, pen, probe, record, vector)
            for number, match in enumerate(found.matches[1:]):
                left = SIDE + 2 * GAP + number % 3 * (LINE + GAP)
                top = GAP + number // 3 * (LINE + 34)
                picture.paste(_crop(match.photo, match.box), (left, top))
                label = f"{Path(match.photo).name}  {match.distance:.3f}"
                pen.text((left, top + LINE + 4), label, fill=INK, font=_font(13))
    out.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(128).save(out, optimize=True)


def _draw_probe(
    picture: Image.Image, pen: ImageDraw.ImageDraw, probe: Path, face: faceindex.FaceRecord, vector: object
) -> None:
    picture.paste(Image.open(probe).convert("RGB"), (GAP, GAP))
    box = face.box
    corner = (GAP + box.x, GAP + box.y)
    pen.rectangle((*corner, corner[0] + box.width, corner[1] + box.height), outline=ACCENT, width=3)
    for x, y in face.landmarks:
        pen.ellipse((GAP + x - 4, GAP + y - 4, GAP + x + 4, GAP + y + 4), fill=ACCENT, outline="white")
    numbers = ", ".join(f"{float(x):.2f}" for x in list(vector)[:6])  # type: ignore[call-overload]
    pen.text((GAP, GAP + SIDE + 6), f"128 numbers: {numbers}, ...", fill=QUIET, font=_font(14))


def _crop(photo: str, box: faceindex.Box) -> Image.Image:
    margin = round(box.width * 0.3)
    edges = (box.x - margin, box.y - margin, box.x + box.width + margin, box.y + box.height + margin)
    return Image.fromarray(open_photo(photo).pixels()).crop(edges).resize((LINE, LINE), Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pictures = Path(__file__).parents[1] / "docs" / "pictures"
    parser.add_argument("out", type=Path, nargs="?", default=pictures / "search.png")
    draw(parser.parse_args().out)
