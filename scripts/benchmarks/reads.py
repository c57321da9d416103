"""What readers wait for: pages of albums, faces, people, photos and acts, suggestions, and single acts.

The library is drawn (make_library): every person with two faces or more is an album, and one in twenty is two albums,
as after a strict clustering. --named of the albums have names, and the journal holds some merges, splits, rejections
and names of single faces. --keep names a folder where the drawn library is kept for the next run; a copy is measured.
"""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from harness.measure import STATS, cost, in_new_process
from harness.report import Report
from make_library import make_library

import faceindex
from faceindex.people.albums import derive_albums
from faceindex.people.grouping import CLUSTERED_UNTIL
from faceindex.store.albums import replace_clusters
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.acts import write_act
from faceindex.store.settings import save_settings
from faceindex.types import FaceIds

ACTS = {"merge": 300, "split": 300, "reject": 600, "name": 800}


def run(
    report: Report, *, faces: int = 200_000, named: int = 3_000, repeat: int = 15, keep: Path | None = None
) -> None:
    library = (keep or report.folder) / f"drawn-{faces}.faces"
    if not library.exists():
        in_new_process(draw, library, faces, named)
    copy = report.folder / "measured.faces"
    shutil.copytree(library, copy)
    with faceindex.Library(copy, create=False) as opened:
        timed = Timed(report, repeat)
        timed("first act", lambda: opened.faces.hide(face=1), 1)  # of a library of an older schema: it migrates
        reads(opened, timed)
        acts(opened, timed)


class Timed:
    """Calls a step some times, and reports what it cost."""

    def __init__(self, report: Report, repeat: int) -> None:
        self.report = report
        self.repeat = repeat

    def __call__(self, title: str, step: Callable[[], Any], most: int | None = None) -> Any:
        """What the step returns the last time. most: of the repetitions."""
        found = [cost(step) for _ in range(min(self.repeat, most or self.repeat))]
        self.report.add_costs(title, [spent for spent, _ in found], "ms")
        return found[-1][1]


def draw(path: Path, faces: int, named: int) -> None:
    """The library, and what was said about it."""
    give_albums(path, make_library(path, faces, stats=STATS), named)


def give_albums(path: Path, truth: FaceIds, named: int) -> None:
    """Albums, names and other acts for a library that was drawn. truth: int64 [faces + 1], who each face is."""
    faces, chance = len(truth) - 1, random.Random(0)
    people: dict[int, list[int]] = defaultdict(list)
    for face, person in enumerate(truth.tolist()[1:], start=1):
        people[person].append(face)
    albums: dict[int, list[int]] = {}
    for members in people.values():
        half = len(members) // 2 if len(members) > 3 and chance.random() < 0.05 else 0
        for part in (members[:half], members[half:]):
            if len(part) > 1:
                albums[len(albums) + 1] = part
    with (
        closing(LibraryFolder(path, create=False)) as folder,
        folder.decisions() as catalog,
        catalog.transaction() as transaction,
    ):
        replace_clusters(transaction, {face: album for album, members in albums.items() for face in members})
        save_settings(transaction, **{CLUSTERED_UNTIL: faces})
        chosen = chance.sample(sorted(albums), min(named, len(albums)))
        for number, album in enumerate(chosen):
            write_act(transaction, "name", (albums[album],), f"Person {number:05d}", None)
        for kind, count in ACTS.items():
            for _ in range(count):
                members = albums[chance.choice(sorted(albums) if kind == "merge" else chosen)]
                if kind == "merge":
                    write_act(transaction, kind, (members, albums[chance.randint(1, len(albums))]), None, None)
                elif kind == "name":
                    write_act(transaction, kind, (members[:1],), f"Person {chance.randrange(len(chosen)):05d}", None)
                elif len(members) > 2:
                    write_act(transaction, kind, (members[:1], members[1:]), None, None)
        derive_albums(transaction)


def reads(library: faceindex.Library, timed: Timed) -> None:
    timed("suggestions prepared", library.people.prepare, 1)
    first = timed("albums, first page", lambda: library.albums.list(limit=50))
    page = first
    for _ in range(98):
        if page.next is None:
            break
        page = library.albums.list(limit=50, cursor=page.next)
    timed("albums, 100th page", lambda: library.albums.list(limit=50, cursor=page.next))
    timed("largest album's faces", lambda: library.albums.faces(first[0].album, limit=50))
    timed("an album", lambda: library.albums.get(first[20].album))
    people = timed("people, first page", lambda: library.people.list(limit=50))
    timed("a person", lambda: library.people.get(people[7].person))
    timed("photos, a page", lambda: library.photos.list(limit=50))
    timed("faces, a page", lambda: library.faces.list(limit=50))
    timed("history, a page", lambda: library.history.list(limit=50))
    timed("failures, a page", lambda: library.photos.failed(limit=50))
    timed("version", lambda: str(library.version))
    asked = timed("20 suggestions", lambda: library.people.suggestions(limit=20), 5)
    timed("is_open", lambda: library.people.is_open(asked[0]))

    def answer() -> None:
        suggestion = library.people.suggestions(limit=1)[0]
        library.people.answer(suggestion, same=True)
        library.people.suggestions(limit=20)

    timed("an answer, and 20 suggestions", answer, max(1, min(5, len(asked) // 4)))


def acts(library: faceindex.Library, timed: Timed) -> None:
    """Each on albums of middle size, of which no two repetitions take the same."""
    listed = library.albums.list(limit=None)
    middle = [album.album for album in listed if 4 <= album.faces <= 20 and album.person is None]
    numbers = np.random.default_rng(0).permutation(middle)[:150].tolist()
    ready = [(album, [face.face for face in library.albums.faces(album, limit=None)]) for album in numbers]

    def split() -> None:
        album, faces = ready.pop()
        library.albums.split(album, faces[:1])

    def reject() -> None:
        library.albums.reject(ready.pop()[1][:1])

    def ten() -> None:
        with library.history.together():
            for _ in range(10):
                reject()

    timed("act: name an album", lambda: library.people.name("Zoe", album=ready.pop()[0]))
    timed("act: name a face", lambda: library.people.name("Zed", face=ready.pop()[1][0]))
    timed("act: merge", lambda: library.albums.merge([ready.pop()[0], ready.pop()[0]]))
    timed("act: split", split)
    timed("act: reject", reject)
    timed("act: undo", library.history.undo)
    timed("ten acts in one call", ten, 3)
