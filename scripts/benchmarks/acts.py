"""The cost of one act of a user after many others: naming, rejecting, moving, hiding, undoing.

Each person has twenty faces, which are one cluster. The journal is drawn at random: most acts name faces, others merge,
split, reject and move. A share of them, --astray, takes the face of one person for another's. Such acts bind people to
each other, and an act must look at everybody who is bound to its own people: `looked at` is the number of faces that it
could have changed. What is timed are the library's own calls.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from harness.measure import cost
from harness.report import Report

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.journal.acts import MERGE, MOVE, NAME, REJECT, SPLIT
from faceindex.people.albums import derive_albums
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.albums import replace_clusters
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.acts import write_act
from faceindex.store.journal.affected import affected_by
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face

EACH = 20
"""Faces of a person."""


def run(
    report: Report, *, acts: int = 10_000, faces: int = 20_000, astray: float = 0.02, repeat: int = 20, seed: int = 0
) -> None:
    chance = random.Random(seed)
    path = report.folder / "drawn.faces"
    draw(path, faces, acts, astray, chance)
    with faceindex.Library(path, create=False) as library:
        measure(library, faces, repeat, chance, report)


def draw(path: Path, faces: int, acts: int, astray: float, chance: random.Random) -> None:
    """A library of faces of `faces` / EACH people, and a journal."""
    people = faces // EACH
    landmarks, vector = np.zeros((5, 2), np.float32), np.zeros(128, np.float32)
    batch = Batch()
    for number in range(faces):
        photo = AnalysedPhoto(100, 100, (Face(Box(10, 10, 50, 50), 1.0, landmarks, vector, 0.9),))
        batch.photos[str(number).encode()] = (photo, [FoundFile(f"/{number}.jpg", 1, 1, False)])
    folder = LibraryFolder(path, wanted=recipe("dlib"))
    with folder.writer() as writer:
        writer.commit(batch)
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        replace_clusters(transaction, {face: (face - 1) % people + 1 for face in range(1, faces + 1)})
        for _ in range(acts):
            draw_act(transaction, people, astray, chance)
        derive_albums(transaction)
    folder.close()


def draw_act(transaction: sqlite3.Connection, people: int, astray: float, chance: random.Random) -> None:
    """Write an act of a kind, as often as users may do it."""
    person = chance.randrange(people)
    members = faces_of(person, people)
    some = chance.sample(members, 3)
    rest = [face for face in members if face not in some]
    other = chance.randrange(people) if chance.random() < astray else person
    match chance.randrange(10):
        case 0:
            write_act(transaction, MERGE, (some, rest), None, None)
        case 1:
            write_act(transaction, SPLIT, (some, rest), None, None)
        case 2:
            write_act(transaction, REJECT, (some[:1], rest), None, None)
        case 3:
            write_act(transaction, MOVE, (some[:1], faces_of(other, people)[1:], rest), None, None)
        case 4 | 5 | 6:
            write_act(transaction, NAME, (some[:1],), f"person {other}", None)
        case _:
            write_act(transaction, NAME, (members,), f"person {person}", None)


def faces_of(person: int, people: int) -> list[int]:
    """A person's faces."""
    return [person + 1 + number * people for number in range(EACH)]


def measure(library: faceindex.Library, faces: int, repeat: int, chance: random.Random, report: Report) -> None:
    """What acts of each kind cost."""
    people = faces // EACH

    def name() -> None:
        face = chance.randint(1, faces)
        library.people.name(f"person {(face - 1) % people}", face=face)

    def move() -> None:
        library.albums.move([chance.choice(in_album())], chance.choice(albums))

    def reject() -> None:
        library.albums.reject([chance.choice(in_album())])

    def in_album() -> list[int]:
        return [face.face for face in library.albums.faces(chance.choice(albums), hidden=True, limit=None)]

    steps: dict[str, Callable[[], object]] = {
        "name": name,
        "reject": reject,
        "move": move,
        "hide": lambda: library.faces.hide(chance.randint(1, faces)),
        "undo": library.history.undo,
    }
    report.say(f"{len(list(library.history)):,} acts, {faces:,} faces")
    for kind, step in steps.items():
        spent, looked_at = [], []
        for _ in range(repeat):
            albums = [album.album for album in library.albums.list(hidden=True, limit=None)]
            try:
                spent.append(cost(step)[0])
            except faceindex.UsageError:  # a move into the album where the face is
                continue
            looked_at.append(len(last_affected(library.path)))
        report.add_costs(kind, spent, "ms")
        report.add(f"{kind}, looked at", looked_at, "faces")


def last_affected(path: Path) -> frozenset[int]:
    """The faces that the newest act could change."""
    with closing(LibraryFolder(path, create=False)) as folder:
        connection = folder.catalog.connection
        (newest,) = connection.execute("SELECT MAX(id) FROM acts").fetchone()
        return affected_by(connection, newest).faces
