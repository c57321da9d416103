"""Libraries of drawn photos that offices hold, and what they hold when they are merged, ids aside."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.journal.acts import live, with_last_names
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.acts import read_acts
from faceindex.store.journal.names import decide
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face

BOXES = (Box(10, 10, 50, 50), Box(200, 10, 60, 60))


def content(photo: int) -> bytes:
    return b"photo %04d" % photo


def store_photos(path: Path, photos: Iterable[int], folder: str = "/photos", recipe_name: str = "dlib") -> None:
    """Add photos of two faces each; a photo is the same in every library."""
    batch = Batch()
    for photo in photos:
        random = np.random.default_rng(photo)
        vectors = random.standard_normal((2, 128)).astype(np.float32)
        landmarks = random.random((5, 2), np.float32)
        faces = tuple(Face(box, 1.0, landmarks, vector, 0.5) for box, vector in zip(BOXES, vectors, strict=True))
        file = FoundFile(f"{folder}/{photo:04d}.jpg", 100 + photo, 1, False)
        batch.photos[content(photo)] = (AnalysedPhoto(1000, 1000, faces, taken=f"20{photo % 90 + 10}-01-01"), [file])
    library = LibraryFolder(path, wanted=recipe(recipe_name))
    with library.writer() as writer:
        writer.commit(batch)
        writer.add_roots([folder])
    library.close()


def say(
    path: Path, kind: str, sides: Sequence[Iterable[tuple[int, int]]], person: str | None = None, **more: Any
) -> int:
    """Write an act about faces, each given as photo and place in it; returns its id."""
    folder = LibraryFolder(path, create=False)
    with closing(folder), folder.decisions() as catalog, catalog.transaction() as transaction:
        chosen = [[face_at(transaction, *face) for face in side] for side in sides] or [[]]
        return decide(transaction, kind, chosen[0], person, others=chosen[1:], **more).act


def face_at(connection: Any, photo: int, place: int) -> int:
    (face,) = connection.execute(
        """SELECT known.id FROM every_face AS known JOIN photos ON photos.id = photo
        WHERE content = ? AND known.x = ?""",
        (content(photo), BOXES[place].x),
    ).fetchone()
    return int(face)


def merged(into: Path, *libraries: Path, **options: Any) -> faceindex.MergeReport:
    with faceindex.Library(into) as library:
        return library.merge_libraries(libraries, **options)


def copied(path: Path, target: Path) -> Path:
    shutil.copytree(path, target)
    return target


def holdings(path: Path) -> dict[str, Any]:
    """All that a library holds, with no id in it. A face is its photo's content and its box."""
    folder = LibraryFolder(path, create=False)
    with closing(folder), closing(folder.open_catalog()) as catalog:
        read = catalog.connection.execute
        named = {
            face: (bytes(where), *box)
            for face, where, *box in read(
                """SELECT face, content, x, y, width, height FROM decisions
                WHERE id IN (SELECT MAX(id) FROM decisions GROUP BY face)
                UNION SELECT known.id, content, x, y, known.width, known.height
                FROM every_face AS known JOIN photos ON photos.id = photo"""
            )
        }
        stored = folder.vectors_among(catalog, [face for (face,) in read("SELECT id FROM every_face")])

        def faces_of(statement: str) -> list[Any]:
            return sorted([named[face], *rest] for face, *rest in read(statement))

        acts = read_acts(catalog.connection)
        place = {act.act: number for number, act in enumerate(acts)}
        covers: dict[int, list[Any]] = {}
        for face, act in read("SELECT face, act FROM covers ORDER BY act"):
            covers.setdefault(act, []).append(named[face])
        found: dict[str, Any] = {
            "photos": sorted(read("SELECT content, width, height, taken, taken_from, turned, warning FROM photos")),
            "paths": sorted(
                read("SELECT path, content, size, mtime_ns FROM paths JOIN photos ON photos.id = photo").fetchall()
            ),
            "faces": faces_of("SELECT id, score, quality, landmarks, origin FROM faces"),
            "not faces": faces_of("SELECT face, origin FROM not_faces"),
            "vectors": sorted((named[face], vector.tobytes()) for face, vector in stored.items()),
            "people": faces_of("SELECT face, name FROM person_faces JOIN people ON people.id = person"),
            "waiting": faces_of("SELECT face, name FROM absent_names"),
            "names": sorted(read("SELECT name, hidden FROM people").fetchall()),
            "hidden": faces_of("SELECT face FROM hidden_faces"),
            "unknown": faces_of("SELECT face FROM unknown_faces"),
            "covers": [sorted(chosen) for chosen in covers.values()],
            "roots": sorted(read("SELECT path FROM roots").fetchall()),
            "failures": sorted(read("SELECT path, size, error FROM failures").fetchall()),
            "in files": faces_of("SELECT face, name, file FROM names_in_files"),
            "bonds": sorted(
                sorted(named[face] for (face,) in read("SELECT face FROM bonds WHERE bond = ?", (bond,)))
                for (bond,) in read("SELECT DISTINCT bond FROM bonds").fetchall()
            ),
            "journal": [
                (
                    act.kind,
                    act.person,
                    act.renamed,
                    place.get(act.undoes or 0),
                    [sorted({named[face] for face in side}) for side in act.sides],
                )
                for act in acts
            ],
            "counting": [place[act.act] for act in with_last_names(live(acts))],
            "keys": read("SELECT uid, library, at, made FROM acts ORDER BY id").fetchall(),
        }
    with faceindex.Library(path) as library:
        found["damage"] = [one.problem for one in library.care.check(deep=True).damage]
    return found
