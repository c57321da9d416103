"""How many questions of `people review` are answered with yes, by the probability that it shows.

--data has a folder of photos for each person; nobody has a name. Faces are grouped at the recipe's threshold and, so
that more is left to ask, at nine tenths and at eight tenths of it, in halves of the people. A face in the middle of a
photo is the person's whose folder it is, others are nobody else's; an album is whose most of its faces are. So some
answers that are counted as wrong are right: of people in the background of several photos. --keep names a folder for
the libraries, so that photos are analysed once.
"""

from __future__ import annotations

import shutil
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.measure import DATA
from harness.report import Report

import faceindex
from faceindex.faces.recipe import recipe

SHOWN = (0.5, 0.7, 0.9)
PARTS = (1.0, 0.9, 0.8)
FEW = 100  # people that are not divided


def run(
    report: Report,
    *,
    recipes: Sequence[str] = ("dlib", "sface"),
    data: Path = DATA / "lfw-dev" / "images",
    keep: Path | None = None,
) -> None:
    people = sorted(path for path in data.iterdir() if path.is_dir())
    groups = {f"half {half}": [p for p in people if zlib.crc32(p.name.encode()) % 2 == half] for half in (0, 1)}
    if len(people) < FEW:
        groups = {"all": people}
    for name in recipes:
        folder = (keep or report.folder) / f"{name}.faces"
        with faceindex.Library(folder, recipe=recipe(name)) as library:
            library.ingest([data])
        for title, chosen in groups.items():
            for part in PARTS:
                copy = report.folder / "copy.faces"
                shutil.copytree(folder, copy)
                measure(copy, [p for p in people if p not in chosen], f"{name}, {title}", part, report)
                shutil.rmtree(copy)


def measure(folder: Path, left_out: list[Path], title: str, part: float, report: Report) -> None:
    """left_out: people that do not count. part: of the recipe's threshold, at which to group."""
    with faceindex.Library(folder, create=False) as library:
        if left_out:
            library.photos.remove(left_out)
        threshold = part * library.recipe.cluster_threshold
        library.cluster(threshold=threshold)
        whose = people_of(library)
        asked = library.people.suggestions(limit=1_000_000)
        albums = {
            album.album: [face.face for face in library.albums.faces(album.album, limit=None)]
            for album in library.albums
        }
    right = [
        most(whose, [one.with_face] if one.with_face else albums[one.album or 0])
        == most(whose, [one.face] if one.face else albums[one.other or 0])
        for one in asked
    ]
    for least in SHOWN:
        answers = [yes for one, yes in zip(asked, right, strict=True) if one.probability >= least]
        report.add(f"{title}, grouped at {threshold:.3f}, questions at {least:.0%}", len(answers))
        report.add(f"{title}, grouped at {threshold:.3f}, questions at {least:.0%}, yes", sum(answers))


def people_of(library: faceindex.Library) -> dict[int, str]:
    """Of every face the folder of its photo, if it is the one nearest to the photo's middle; else a name of its own."""
    sizes = {photo.path: (photo.width, photo.height) for photo in library.photos}
    central: dict[str, tuple[float, int]] = {}
    for face in library.faces:
        width, height = sizes[face.photo]
        x, y = face.box.x + face.box.width / 2 - width / 2, face.box.y + face.box.height / 2 - height / 2
        central[face.photo] = min(central.get(face.photo, (float("inf"), 0)), (x * x + y * y, face.face))
    middle = {number for _, number in central.values()}
    return {
        face.face: Path(face.photo).parent.name if face.face in middle else f"{face.photo} {face.face}"
        for face in library.faces
    }


def most(whose: Mapping[int, str], faces: list[int]) -> str:
    """Whose most of the faces are."""
    return Counter(whose[face] for face in faces).most_common(1)[0][0]
