"""Photos with named faces, edited in many ways and ingested again, and what became of the names.

A face that is detected at its place has kept its name (kept), or its name is asked of it (asked), or neither (lost);
one that is not detected there, or whose place is outside, painted over or replaced, is gone. `listed` are names of lost
and gone faces that `people lost` gives; `wrong` faces that have another's name.
"""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from edited_photos import Edited, edits
from PIL import Image, ImageOps

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.types import Box, FaceRecord

LARGEST = 1600  # pixels


@dataclass(frozen=True, slots=True)
class Named:
    """A photo of the library before it is edited. faces: with their names."""

    path: Path
    faces: Sequence[FaceRecord]


def drawn_photos(data: Path, folder: Path, composed: int) -> list[Path]:
    """Photos of at most LARGEST pixels in `folder`: those of `album` and `groups`, and as many composed ones."""
    folder.mkdir()
    for path in sorted([*data.glob("album/*/*"), *data.glob("groups/photos/*")]):
        with Image.open(path) as stored:
            image = ImageOps.exif_transpose(stored).convert("RGB")
        image.thumbnail((LARGEST, LARGEST))
        image.save(folder / f"{path.parent.name}-{path.stem}.jpg", quality=92)
    composed_photos(data, folder, composed)
    return sorted(folder.iterdir(), key=lambda path: (path.name.startswith("lfw-"), path.name))


def composed_photos(data: Path, folder: Path, number: int) -> list[Path]:
    """Photos in `folder` of two to four people of lfw-dev side by side."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(5)
    people = sorted((data / "lfw-dev" / "images").iterdir())
    made = []
    for photo in range(number):
        chosen = random.choice(len(people), 2 + photo % 3, replace=False)
        image = Image.new("RGB", (250 * len(chosen), 250))
        for place, person in enumerate(chosen):
            image.paste(_face_of(people[person]), (250 * place, 0))
        made.append(folder / f"lfw-{photo:02d}.jpg")
        image.save(made[-1], quality=92)
    return made


class EditedLibrary:
    """A library in which every face of photos with two faces or more has a name of its own."""

    def __init__(
        self, folder: Path, name: str, data: Path, photos: Sequence[Path], most: int, half: int | None = None
    ) -> None:
        """Only the first `most` photos of two faces or more are kept, or half of these."""
        self.folder = folder
        self.strangers = [_face_of(person) for person in sorted((data / "lfw-dev" / "images").iterdir())[3::25]]
        with faceindex.Library(folder / "named.faces", recipe=recipe(name)) as library:
            library.ingest(photos)
            found: dict[str, list[FaceRecord]] = {}
            for face in library.faces:
                found.setdefault(face.photo, []).append(face)
            chosen = [path for path in photos if len(found.get(str(path), ())) > 1][:most]
            chosen = chosen if half is None else chosen[half::2]
            library.photos.remove([path for path in photos if path not in chosen])
            for path in chosen:
                for face in found[str(path)]:
                    library.people.name(name_of(face), face=face.face)
        self.named = [Named(path, found[str(path)]) for path in chosen]

    def ways(self) -> list[str]:
        """Of editing a photo."""
        return list(self._edits(0))

    def edited(self, way: str) -> Counter[str]:
        """Every photo edited this way and ingested again, in a copy of the library; what became of the names."""
        library = self.folder / "edited.faces"
        originals = {photo.path: photo.path.read_bytes() for photo in self.named}
        shutil.copytree(self.folder / "named.faces", library)
        made = [self._edits(number)[way]() for number in range(len(self.named))]
        try:
            for photo, edit in zip(self.named, made, strict=True):
                edit.save(photo.path)
            with faceindex.Library(library, create=False) as opened:
                opened.ingest([photo.path for photo in self.named])
                return self._counts(opened, made)
        finally:
            for path, content in originals.items():
                path.write_bytes(content)
            shutil.rmtree(library)

    def _edits(self, number: int) -> Mapping[str, Callable[[], Edited]]:
        photo, other = self.named[number], self.named[(number + len(self.named) // 2) % len(self.named)]
        with Image.open(photo.path) as image, Image.open(other.path) as another:
            return edits(
                image.convert("RGB"),
                [face.box for face in photo.faces],
                other=another.convert("RGB"),
                face=self.strangers[number],
            )

    def _counts(self, library: faceindex.Library, made: Sequence[Edited]) -> Counter[str]:
        counts: Counter[str] = Counter()
        lost = {one.person: one for one in library.people.lost(limit=None)}
        asked = {(one.person, one.face) for one in library.people.suggestions(limit=100_000) if one.lost is not None}
        now: dict[str, list[FaceRecord]] = {}
        for face in library.faces:
            now.setdefault(face.photo, []).append(face)
        for photo, edit in zip(self.named, made, strict=True):
            faces = now.get(str(photo.path), [])
            right: dict[int, str] = {}
            for number, former in enumerate(photo.faces):
                person, counts["faces"] = name_of(former), counts["faces"] + 1
                found = at(edit.place(number, former.box), faces)
                if found is not None:
                    right[found.face] = person
                if found is None:
                    counts["gone"] += 1
                elif found.person == person:
                    counts["kept"] += 1
                else:
                    counts["asked" if (person, found.face) in asked else "lost"] += 1
                counts["listed"] += person in lost
            counts["wrong"] += sum(face.person not in (None, right.get(face.face)) for face in faces)
        return counts


def name_of(face: FaceRecord) -> str:
    """A name of its own."""
    return f"{Path(face.photo).stem} {face.face}"


def at(place: tuple[float, float, float] | None, faces: Sequence[FaceRecord]) -> FaceRecord | None:
    """The face whose middle is nearest to a place, x, y and width; no further than half of it, and no other size."""
    if place is None or not faces:
        return None
    x, y, width = place

    def away(box: Box) -> float:
        return math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y)

    best = min(faces, key=lambda face: away(face.box))
    return best if away(best.box) < width / 2 and 0.5 < best.box.width / width < 2 else None


def _face_of(person: Path) -> Image.Image:
    with Image.open(sorted(person.iterdir())[0]) as image:
        return image.convert("RGB")
