"""A user's program: pictures go in, and are found, named and listed. mypy --strict checks it, a test runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

import faceindex

Pixels = npt.NDArray[np.uint8]


def pictures(folder: Path) -> Iterator[tuple[str, Pixels]]:
    for file in sorted(folder.glob("*.jpg")):
        yield file.stem, np.asarray(Image.open(file).convert("RGB"))


def main(folder: Path, path: Path) -> None:
    with faceindex.Library(path, recipe="sface") as library:
        report: faceindex.IngestReport = library.photos.add(pictures(folder))
        print(report.new, "photos,", report.new_faces, "faces")
        probe: Pixels = next(pictures(folder))[1]
        found: list[faceindex.ProbeFace] = library.search(probe, k=3)
        nearest: faceindex.Match = found[0].matches[0]
        library.people.name("Ada", face=nearest.face)
        face: faceindex.Face = faceindex.analyse(probe, recipe=library.recipe)[0]
        print(library.identify(probe)[0].person, face.box == nearest.box)
        for photo in library.photos.under("picture:/"):
            print(photo.path, photo.faces)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
