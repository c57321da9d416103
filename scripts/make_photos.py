"""Make 12-megapixel photos for benchmarks of the ingest: real faces on large backgrounds, and real photos of groups.

    .venv/bin/python scripts/make_photos.py FOLDER [--count 100] [--faces DATA/lfw-dev/images] [--seed 0]

Each photo is 4000 x 3000 pixels with one to six portraits, each scaled so that its face is 4 % to 40 % of the photo's
shorter side, on a background of smooth colour and texture as a camera renders it. truth.json beside the photos has
the boxes of the faces, [x, y, width, height] in pixels: in LFW's deep-funneled photos the face is in the middle.
The portraits may not be published, and neither may the photos made of them.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np
from PIL import Image

from faceindex.photos.decode import open_photo

WIDTH, HEIGHT = 4000, 3000
FACE_SHARE = 0.4
"""Side of the face as a share of an LFW photo's side, around its middle."""

START_OF_JPEG, COMMENT = b"\xff\xd8", b"\xff\xfe"


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--faces", type=Path, default=data / "lfw-dev" / "images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    make_photos(options.folder, options.faces, options.count, options.seed)


def make_photos(folder: Path, faces: Path, count: int, seed: int = 0) -> dict[str, list[list[int]]]:
    """Write `count` photos and truth.json into `folder`. Returns: the boxes by photo name."""
    random = np.random.default_rng(seed)
    portraits = sorted(faces.rglob("*.jpg"))
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for number in range(count):
        photo, boxes = _photo(portraits, random)
        name = f"{number:04d}.jpg"
        photo.save(folder / name, quality=92)
        truth[name] = boxes
    (folder / "truth.json").write_text(json.dumps(truth, indent=1))
    return truth


def fit_photos(folder: Path, photos: Path, most: int | None = None) -> dict[str, float]:
    """Write every photo in `photos`, or the first ones, upright, into `folder`, enlarged or reduced to 12 megapixels.

    Returns: by photo name, how many times as wide it is now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    factors = {}
    for path in sorted(photos.iterdir())[:most]:
        photo = open_photo(str(path)).image()
        factor = (WIDTH * HEIGHT / (photo.width * photo.height)) ** 0.5
        size = round(photo.width * factor), round(photo.height * factor)
        photo.resize(size, Image.Resampling.LANCZOS).save(folder / path.name, quality=92)
        factors[path.name] = factor
    return factors


def with_copies(paths: list[Path], folder: Path, copies: int) -> list[Path]:
    """The photos, and further ones until there are `copies` of each: JPEGs with a comment more."""
    found = list(paths)
    for number in range(1, copies):
        text = f"copy {number}".encode()
        comment = COMMENT + (2 + len(text)).to_bytes(2, "big") + text
        for place, path in enumerate(paths):
            data = path.read_bytes()
            if not data.startswith(START_OF_JPEG):
                raise SystemExit(f"{path} is not a JPEG, and cannot be copied under other bytes")
            copy = folder / str(number) / f"{place:05d}.jpg"
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(START_OF_JPEG + comment + data[len(START_OF_JPEG) :])
            found.append(copy)
    return found


def _photo(portraits: list[Path], random: np.random.Generator) -> tuple[Image.Image, list[list[int]]]:
    photo = _background(random)
    boxes: list[list[int]] = []
    taken: list[tuple[int, int, int]] = []
    for _ in range(int(random.integers(1, 7))):
        face = HEIGHT * np.exp(random.uniform(np.log(0.04), np.log(0.40)))
        side = round(face / FACE_SHARE)
        if side > HEIGHT:
            side = HEIGHT
        left, top = int(random.integers(0, WIDTH - side + 1)), int(random.integers(0, HEIGHT - side + 1))
        if any(left < x + s and x < left + side and top < y + s and y < top + side for x, y, s in taken):
            continue
        portrait = Image.open(portraits[int(random.integers(len(portraits)))]).convert("RGB")
        photo.paste(portrait.resize((side, side), Image.Resampling.BICUBIC), (left, top))
        taken.append((left, top, side))
        margin = round(side * (1 - FACE_SHARE) / 2)
        boxes.append([left + margin, top + margin, side - 2 * margin, side - 2 * margin])
    return photo, boxes


def _background(random: np.random.Generator) -> Image.Image:
    """Coarse, medium and fine noise, each enlarged to the full size: sky, foliage and grain."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.float32)
    for cells, strength in ((6, 90), (60, 40), (750, 18)):
        noise = random.integers(0, 256, (cells * 3 // 4, cells, 3), dtype=np.uint8)
        layer = Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        pixels += (np.asarray(layer, dtype=np.float32) - 128) * (strength / 128)
    return Image.fromarray(np.clip(pixels + 128, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
