"""What readers wait for: pages of albums, faces, people, photos and acts, suggestions, and single acts.

    .venv/bin/python scripts/bench_reads.py [--faces 200000] [--before CHECKOUT] [--keep DIR] [--repeat 15]

Draws a library (scripts/make_library.py): everybody with two faces or more is an album, one in twenty in two, as if a
strict clustering had left them apart; --named of them have names, and the journal holds some merges, splits, rejections
and names of single faces. Each step is timed in a process of its own, as the median of some repetitions, in processor
and in wall time. --before: the same with another checkout of faceindex, by its own calls, on a copy of the library.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
ACTS = {"merge": 300, "split": 300, "reject": 600, "name": 800}


def main() -> None:
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=200_000)
    parser.add_argument("--named", type=int, default=3_000)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--before", type=Path, default=None, help="another checkout of faceindex")
    parser.add_argument("--keep", type=Path, default=None, help="a folder for the library, used again when it is there")
    parser.add_argument("--stats", type=Path, default=data / "embedding_stats.npz")
    parser.add_argument("--step", choices=("draw", "measure"), default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "draw":
        draw(options.keep, options.faces, options.named, options.stats)
    elif options.step == "measure":
        print(json.dumps(measure(options.keep, options.repeat)))
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    oldest = options.before or ROOT
    with tempfile.TemporaryDirectory() as temporary:
        library = (options.keep or Path(temporary)) / f"drawn-{options.faces}.faces"
        if not library.exists():
            run(oldest, "draw", library, "--faces", options.faces, "--named", options.named, "--stats", options.stats)
        found = {}
        for title, checkout in (("before", options.before), ("after", ROOT)):
            if checkout is not None:
                copy = Path(temporary) / f"{title}.faces"
                shutil.copytree(library, copy)
                found[title] = json.loads(run(checkout, "measure", copy, "--repeat", options.repeat))
                shutil.rmtree(copy)
    print(f"{options.faces:,} faces; milliseconds, processor (wall)")
    for step in found["after"]:
        known = [(title, figures[step]) for title, figures in found.items() if step in figures]
        shown = [f"{title} {processor:,.1f} ({wall:,.1f})" for title, (processor, wall) in known]
        print(f"{step:32} " + "; ".join(shown))


def run(checkout: Path, step: str, library: Path, *more: object) -> str:
    command = [sys.executable, __file__, "--step", step, "--keep", library, *more]
    environment = os.environ | {"PYTHONPATH": f"{checkout}{os.pathsep}{checkout / 'scripts'}"}
    return subprocess.run(
        list(map(str, command)), env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def draw(path: Path, faces: int, named: int, stats: Path) -> None:
    """The library, and what was said about it."""
    import make_library

    from faceindex.people.albums import derive_albums
    from faceindex.people.grouping import CLUSTERED_UNTIL
    from faceindex.store.albums import replace_clusters
    from faceindex.store.folder import LibraryFolder
    from faceindex.store.journal.acts import write_act
    from faceindex.store.settings import save_settings

    truth = make_library.make_library(path, faces, stats=stats)
    chance = random.Random(0)
    people: dict[int, list[int]] = defaultdict(list)
    for face, person in enumerate(truth.tolist()[1:], start=1):
        people[person].append(face)
    albums: dict[int, list[int]] = {}
    for members in people.values():
        half = len(members) // 2 if len(members) > 3 and chance.random() < 0.05 else 0
        for part in (members[:half], members[half:]):
            if len(part) > 1:
                albums[len(albums) + 1] = part
    folder = LibraryFolder(path, create=False)
    with folder.decisions() as catalog, catalog.transaction() as transaction:
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
    folder.close()


def measure(path: Path, repeat: int) -> dict[str, tuple[float, float]]:
    import faceindex

    found: dict[str, tuple[float, float]] = {}

    def timed(title: str, step: Callable[[], Any], times: int = repeat) -> Any:
        spent, waited, answer = [], [], None
        for _ in range(times):
            processor, wall = time.process_time(), time.perf_counter()
            answer = step()
            spent.append(1000 * (time.process_time() - processor))
            waited.append(1000 * (time.perf_counter() - wall))
        found[title] = (statistics.median(spent), statistics.median(waited))
        return answer

    with faceindex.Library(path, create=False) as library:
        processor, wall = time.process_time(), time.perf_counter()
        call(library, "hide", face=1)  # migrates an older library
        found["first act, migrating"] = (1000 * (time.process_time() - processor), 1000 * (time.perf_counter() - wall))
        if hasattr(type(library), "version"):
            new_reads(library, timed, repeat)
        else:
            old_reads(library, timed)
        acts(library, timed)
    return found


def new_reads(library: Any, timed: Any, repeat: int) -> None:
    timed("suggestions prepared", library.people.prepare, 1)
    first = timed("albums, first page", lambda: library.albums.list(limit=50))
    page = first
    for _ in range(98):
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
    asked = timed("20 suggestions", lambda: library.people.suggestions(limit=20), min(repeat, 5))
    timed("is_open", lambda: library.people.is_open(asked[0]))

    def answer() -> None:
        suggestion = library.people.suggestions(limit=1)[0]
        library.people.answer(suggestion, same=True)
        library.people.suggestions(limit=20)

    timed("an answer, and 20 suggestions", answer, min(repeat, 5))


def old_reads(library: Any, timed: Any) -> None:
    first = timed("albums, first page", lambda: library.albums()[:50], 3)
    timed("albums, 100th page", lambda: library.albums()[4950:5000], 3)
    timed("largest album's faces", lambda: library.album(first[0].album)[:50], 3)
    timed("an album", lambda: next(a for a in library.albums() if a.album == first[20].album), 3)
    people = timed("people, first page", lambda: library.people()[:50], 3)
    timed("a person", lambda: next(p for p in library.people() if p.person == people[7].person), 3)
    timed("photos, a page", lambda: [record for record, _ in zip(library.photos(), range(50), strict=False)], 3)
    timed("faces, a page", lambda: [record for record, _ in zip(library.faces(), range(50), strict=False)], 3)
    timed("history, a page", lambda: library.history()[:50], 3)
    timed("failures, a page", lambda: library.failed_photos()[:50], 3)
    asked = timed("20 suggestions", lambda: library.suggestions(20), 1)
    timed("is_open", lambda: library.is_open(asked[0]), 3)


def acts(library: Any, timed: Any) -> None:
    """Each on albums of middle size, of which no two repetitions take the same."""
    numbers = iter(np.random.default_rng(0).permutation(middle_albums(library)).tolist())
    faces = {}

    def members() -> list[int]:
        album = next(numbers)
        faces[album] = [face.face for face in album_of(library, album)]
        return [album, *faces[album]]

    ready = [members() for _ in range(150)]
    timed("act: name an album", lambda: call(library, "name", "Zoe", album=ready.pop()[0]))
    timed("act: name a face", lambda: call(library, "name", "Zed", face=ready.pop()[1]))
    timed("act: merge", lambda: call(library, "merge", [ready.pop()[0], ready.pop()[0]]))
    timed("act: split", lambda: (lambda one: call(library, "split", one[0], one[1:2]))(ready.pop()))
    timed("act: reject", lambda: call(library, "reject", ready.pop()[1:2]))
    timed("act: undo", lambda: call(library, "undo"))
    together = getattr(getattr(library, "history", None), "together", None)

    def ten() -> None:
        if together is None:
            for _ in range(10):
                call(library, "reject", ready.pop()[1:2])
        else:
            with together():
                for _ in range(10):
                    call(library, "reject", ready.pop()[1:2])

    timed("ten acts in one call", ten, 3)


def middle_albums(library: Any) -> list[int]:
    listed = library.albums() if not hasattr(type(library), "version") else library.albums.list(limit=None)
    return [album.album for album in listed if 4 <= album.faces <= 20 and album.person is None]


def album_of(library: Any, album: int) -> Any:
    new = hasattr(type(library), "version")
    return library.albums.faces(album, limit=None) if new else library.album(album)


_NEW = {"name": "people", "hide": "faces", "merge": "albums", "split": "albums", "reject": "albums", "undo": "history"}


def call(library: Any, step: str, *arguments: Any, **named: Any) -> Any:
    """An act by the call that this checkout has."""
    new = hasattr(type(library), "version")
    return getattr(getattr(library, _NEW[step]) if new else library, step)(*arguments, **named)


if __name__ == "__main__":
    main()
