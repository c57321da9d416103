"""A user's program: photos go in, and are found, named and listed. mypy --strict checks it, tests run it."""

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
        nearest: faceindex.Match = library.search(probe, k=3)[0].matches[0]
        decided: faceindex.Decided = library.people.name("Ada", face=nearest.face)
        ada: faceindex.Person = library.people.get("Ada")
        print(decided.faces, library.identify(probe)[0].person, library.people.get(f"id:{ada.id}") == ada)
        ids, vectors = library.faces.vectors()
        labels = faceindex.cluster_vectors(vectors, threshold=library.recipe.cluster_threshold)
        print(len(ids), vectors.dtype, len(labels))
        page: faceindex.Page[faceindex.PhotoRecord] = library.photos.list(limit=1)
        print(*(photo.path for photo in page), *(photo.path for photo in library.photos.list(cursor=page.next)))
        library.cluster()
        print([album.faces for album in library.albums], [act.kind for act in library.history])
        job: faceindex.Job[faceindex.IngestReport] = library.start_ingest([folder], workers=0, progress=print)
        job.cancel()
        try:
            print(job.result().new)
        except faceindex.JobCancelled:
            print(job.progress.state)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
