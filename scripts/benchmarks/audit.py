"""What `people audit` finds of names that were made wrong on purpose, what else it reports, and what it costs.

--data has a folder of photos for each person, who gives the central face of each photo a name. Then 2 % and 5 % of the
names are made wrong: those of faces, drawn at random or of the person who looks most like the face; of two people who
share a name; of people with two names; in halves of the people. `false` are findings that nothing made wrong explains,
for 1,000 faces; some of lfw-dev's are right, as some of its own names are wrong. --faces: the size of a drawn library
in which all faces have a name, of which an audit is timed; --repeat 0: only this. --keep names a folder for the
libraries, so that photos are analysed once.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from harness.measure import DATA, STATS, cost
from harness.report import Report
from make_library import make_library

import faceindex
from benchmarks.wrong_names import KINDS, Score, corrupted, score
from faceindex.evaluation.labelled import LabelledFaces, ingest_labelled
from faceindex.faces.recipe import recipe
from faceindex.people.albums import derive_albums
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.names import decide_names
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Audit, Box, Face, Labels

SHARES = (0.02, 0.05)
HALVES = ("a", "b")
LIMITS = (0.2, 0.5)
"""Probabilities from which on findings count."""


def run(
    report: Report,
    *,
    recipes: Sequence[str] = ("sface-dlib", "sface", "dlib"),
    data: Path = DATA / "lfw-dev" / "images",
    halves: Sequence[str] = HALVES,
    repeat: int = 3,
    faces: int = 100_000,
    keep: Path | None = None,
) -> None:
    for name in recipes if repeat else ():
        for half in halves:
            folder = LibraryFolder((keep or report.folder) / f"{name}.faces", wanted=recipe(name))
            known = ingest_labelled(folder, data, half=half)
            folder.close()
            measure(known, f"{name}, half {half}", repeat, report)
    if faces:
        measure_cost((keep or report.folder) / f"drawn-{faces}.faces", faces, report)


def measure(known: LabelledFaces, title: str, repeat: int, report: Report) -> None:
    """What is found among the names of these faces as they are, and made wrong in every way."""
    base = report.folder / "base.faces"
    store(base, known)
    whole = audited(base, known.people, report)
    report.add(f"{title}, names as they are, findings for 1,000 faces", 1000 * _count(whole, LIMITS[0]) / whole.faces)
    for kind in KINDS:
        for share in SHARES:
            scores: dict[float, list[Score]] = defaultdict(list)
            for seed in range(repeat):
                done = corrupted(kind, share, known.people, known.vectors, np.random.default_rng(seed))
                findings = audited(base, done.person, report).findings
                for limit in LIMITS:
                    likely = [one for one in findings if (one.probability or 0.0) >= limit]
                    scores[limit].append(score(kind, done, known.people, _Rows(), likely))
            for limit, own in scores.items():
                what = f"{title}, {kind} {share:.0%}, from {limit:.0%} on"
                report.add(f"{what}, found", [one.found / one.made for one in own])
                report.add(f"{what}, false for 1,000", [1000 * one.false / len(known.people) for one in own])
    shutil.rmtree(base)


class _Rows(dict[int, int]):
    """The row of a face: ids begin at 1."""

    def __missing__(self, face: int) -> int:
        return face - 1


def _count(found: Audit, limit: float) -> int:
    return sum((one.probability or 0.0) >= limit for one in found.findings)


def store(path: Path, known: LabelledFaces) -> None:
    """A library with these faces, each in a photo of its own, with ids from 1 on."""
    landmarks, batch = np.zeros((5, 2), np.float32), Batch()
    for number, (vector, quality) in enumerate(zip(known.vectors, known.qualities.tolist(), strict=True)):
        face = Face(Box(10, 10, 50, 50), 1.0, landmarks, vector, quality)
        batch.photos[str(number).encode()] = (
            AnalysedPhoto(100, 100, (face,)),
            [FoundFile(f"/{number}.jpg", 1, 1, False)],
        )
    folder = LibraryFolder(path, wanted=known.recipe)
    with folder.writer() as writer:
        writer.commit(batch)
    folder.close()


def audited(base: Path, person: Labels, report: Report) -> Audit:
    """The audit of a copy of the library in which face i + 1 has the name person[i], int64 [n]."""
    copy = report.folder / "copy.faces"
    shutil.copytree(base, copy)
    name_all(copy, person)
    with faceindex.Library(copy, create=False) as library:
        found = library.people.audit(least=min(LIMITS))
    shutil.rmtree(copy)
    return found


def name_all(path: Path, person: Labels) -> None:
    """An act for each person, which names its faces by the number."""
    faces_of: dict[str, list[int]] = defaultdict(list)
    for row, number in enumerate(person.tolist()):
        faces_of[str(number)].append(row + 1)
    folder = LibraryFolder(path)
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        decide_names(transaction, faces_of)
        derive_albums(transaction)
    folder.close()


def measure_cost(path: Path, faces: int, report: Report) -> None:
    """Time of an audit of drawn people, all of whom have a name, of which 2 % of the faces have another's."""
    if not path.exists():
        truth = make_library(path, faces, stats=STATS)[1:]
        chosen = np.random.default_rng(0).choice(faces, faces // 50, replace=False)
        truth[chosen] = np.random.default_rng(1).permutation(truth[chosen])
        name_all(path, truth)
    with faceindex.Library(path, create=False) as library:
        found = library.people.audit()  # imports what it needs
        spent = [cost(library.people.audit)[0] for _ in range(3)]
        report.say(f"{found.faces:,} faces of {found.people:,} people, {len(found.findings):,} findings")
    report.add_costs(f"audit of {faces:,} drawn faces", spent)
