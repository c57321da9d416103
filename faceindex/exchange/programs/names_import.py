"""Gives the names of another program to the library's faces: all of them in one transaction, or none.

The program's photos are read several times, a block at a time: once to find them here, then to put boxes on faces, and
twice to compare faces with the middle of each name's other faces. Between these only numbers are kept.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from faceindex.exchange.programs.found_photos import FoundPhotos
from faceindex.exchange.programs.judging import Judged, Judging
from faceindex.exchange.programs.named_regions import MOST_LISTED, Problems, Reader
from faceindex.exchange.programs.paths import PathMap, Root
from faceindex.judgement import library_calibration as calibrated
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.imports import import_decisions
from faceindex.store.people.faces_to_name import nameable
from faceindex.store.people.unsure_names import UnsureFace, keep_unsure
from faceindex.types import NamesImported

_EVEN = 0.5
"""How probable it is that a name belongs to a face of which nothing is known, but that it may."""


def import_names(
    folder: LibraryFolder,
    read: Reader,
    *,
    program: str,
    file: str,
    roots: Sequence[Root],
    dry_run: bool,
    meter: Meter,
) -> NamesImported:
    """Give the names. read: reads the program's photos. file: what is read, for the history. roots: see `PathMap`.

    Raises: UsageError if what is read is damaged; JobCancelled; LibraryUnwritable. Nothing is changed then.
    """
    began, problems = time.monotonic(), Problems()
    meter.stage("finding photos")
    found = FoundPhotos(PathMap(folder.catalog, roots), read, problems, meter)
    with folder.catalog.snapshot():
        judged = Judging(folder, found, meter).judge()
    meter.stop.check()
    given, act = _give(folder, judged, f"{program} {file}", dry_run=dry_run)
    return NamesImported(
        program=program,
        file=file,
        photos=found.photos,
        found=found.photos - found.missing,
        names=judged.names,
        named=len(given),
        moved=len(judged.moved & given.keys()),
        people=len(set(given.values())),
        known=judged.known,
        decided=len(judged.given) - len(given),
        unsure=judged.unsure,
        without_face=judged.without_face,
        bad=problems.count,
        missing=found.missing,
        act=act,
        dry_run=dry_run,
        seconds=time.monotonic() - began,
        unsure_names=tuple(judged.unsure_names),
        faceless=tuple(judged.faceless),
        problems=tuple(problems.listed),
        missing_photos=tuple(found.missing_paths[:MOST_LISTED]),
    )


def _give(folder: LibraryFolder, judged: Judged, origin: str, *, dry_run: bool) -> tuple[dict[int, str], int | None]:
    """Record the names as one import, and what is to be asked. Returns the names given, by face, and the first act."""
    asked = list(_asked(folder, judged, origin))
    if not judged.given and not asked:
        return {}, None
    with folder.decisions() as catalog, catalog.transaction(dry_run=dry_run) as transaction:
        given = nameable(catalog, judged.given)
        faces_of: dict[str, list[int]] = defaultdict(list)
        for face, name in sorted(given.items()):
            faces_of[name].append(face)
        act = import_decisions(transaction, faces_of, origin=origin) if faces_of and not dry_run else None
        if not dry_run:
            keep_unsure(transaction, asked, act)
    return given, act


def _asked(folder: LibraryFolder, judged: Judged, origin: str) -> Iterator[UnsureFace]:
    """Who is to be asked about. A name belongs to one face of a photo: all have a probability of 1 at most."""
    calibration, threshold = calibrated.of_library(folder), folder.recipe.match_threshold
    for name, faces in judged.asked:
        distances = np.array([distance for _, distance in faces])
        likely = np.where(np.isnan(distances), _EVEN, calibration.confidence(np.nan_to_num(distances) * threshold))
        for (face, _), one in zip(faces, (likely / max(1.0, likely.sum())).tolist(), strict=True):
            yield UnsureFace(face, name, one, origin)
