"""An audit of names: people who look like two, two names that look like one person, faces that do not fit."""

from __future__ import annotations

import shlex
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faceindex.clustering.quality_gate import is_low
from faceindex.judgement import library_calibration as calibrated
from faceindex.people.audit_answers import Answers
from faceindex.people.audit_faces import Doubt, doubts, fit
from faceindex.people.audit_names import SameName, same_people
from faceindex.people.audit_sets import Sets, sets_of, some_sets_of
from faceindex.running.meter import Meter
from faceindex.store.albums import albums_of, faces_in
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.people.answered import acts_between, confirmed_by_look, named_rows
from faceindex.store.photos.years import years_of
from faceindex.types import Audit, FaceIds, Finding, Labels, Qualities, Vectors
from faceindex.types.audits import MISFIT, TWO_NAMES, TWO_PEOPLE, WEAK

_TOLD = 8.0  # nats from which on a face of low quality is its person's for certain

SHOWN = 0.2
"""Probability from which on something is worth a look; of 0.2, 0.5 and 0.8 the one with which four of five wrong names
of each kind are found on half a of lfw-dev with every recipe. The other constants were not tuned."""


def audit(
    folder: LibraryFolder,
    *,
    person: str | None = None,
    least: float = SHOWN,
    again: bool = False,
    meter: Meter | None = None,
) -> Audit:
    """What is probably wrong with names, the most probable first.

    person: all faces of this one, each judged by itself, instead. least: probability. again: also what users answered
    before. Hidden people and hidden faces are left out. Raises: UsageError when nobody knows what distances mean;
    ModelError; LibraryDamaged.
    """
    began, meter = time.monotonic(), meter or Meter()
    meter.stage("reading")
    named = _Named.of(folder)
    meter.stage("comparing")
    calibration = calibrated.of_library(folder)
    sets = sets_of(named.vectors, named.person, len(named.names))
    years = years_of(folder.catalog.connection, named.ids)
    own = fit(named.vectors, named.person, sets, calibration)
    if person is not None:
        every = named.person == (named.names.index(person) if person in named.names else -1)
        doubted = doubts(named.vectors, named.person, sets, own, calibration, years=years, least=-np.inf, every=every)
        found = [_doubtful(named, doubt, {}, MISFIT) for doubt in doubted]
        return Audit(tuple(_sorted(found)), int(every.any()), int(every.sum()), 0, time.monotonic() - began)
    log_least = float(np.log(least / (1 - least)))
    doubted = doubts(named.vectors, named.person, sets, own, calibration, years=years, least=log_least)
    pairs = same_people(_less(sets, named, doubted), calibration, least=log_least)
    weak = _weak(named, own)
    answers = Answers() if again else _answers(folder, named, doubted, pairs)
    findings = [
        *_doubtful_ones(folder, named, doubted, answers, log_least),
        *_same_ones(named, pairs, answers),
        *_weak_ones(named, weak, answers),
    ]
    answered = len(doubted) + len(pairs) + len(weak) - len(findings)
    return Audit(tuple(_sorted(findings)), len(named.names), len(named.ids), answered, time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class _Named:
    """Faces with a name. ids: int64 [n]. vectors: float32 [n, d]. qualities: float64 [n]. person: int64 [n], places in
    `names`, each of which has a face; rows: of the faces of each, int64."""

    ids: FaceIds
    vectors: Vectors
    qualities: Qualities
    person: Labels
    names: list[str]
    rows: list[npt.NDArray[np.int64]]

    @classmethod
    def of(cls, folder: LibraryFolder) -> _Named:
        pairs, names = named_rows(folder.catalog.connection)
        faces, numbers = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        ids, vectors, qualities = folder.some_vectors_with_qualities(faces)
        there = np.isin(faces, ids)
        places = np.searchsorted(ids, faces[there])
        known, person = np.unique(numbers[there], return_inverse=True)
        order = np.argsort(person, kind="stable")
        rows = np.split(order, np.cumsum(np.bincount(person, minlength=len(known)))[:-1]) if len(known) else []
        return cls(
            ids[places], vectors[places], qualities[places], person, [names[number] for number in known.tolist()], rows
        )

    def faces(self, rows: npt.NDArray[np.int64]) -> tuple[int, ...]:
        """Ids, rising."""
        return tuple(self.ids[np.sort(rows)].tolist())

    def of_person(self, number: int) -> tuple[int, ...]:
        return self.faces(self.rows[number])


def open_findings(catalog: Catalog, findings: Sequence[Finding]) -> list[Finding]:
    """Those of `findings`, of an audit, whose faces have the same person still, and that nobody answered since."""
    asked = {face for one in findings for face in one.faces}
    person = {face: record.person for face, record in catalog.faces_with(list(asked)).items()}
    beside = {one.person: catalog.faces_of_person(one.person) or [] for one in findings if one.kind == TWO_NAMES}
    asked |= {face for faces in beside.values() for face in faces}
    answers = Answers(acts_between(catalog.connection, asked), confirmed_by_look(catalog.connection))
    found = []
    for one in findings:
        owner = one.other if one.kind == TWO_NAMES else one.person
        faces = tuple(face for face in one.faces if person.get(face) == owner)
        if one.kind == WEAK:
            faces = tuple(face for face in faces if not answers.confirms(face, one.person))
            found += [replace(one, faces=faces)] if faces else []
        elif faces != one.faces:
            continue
        elif one.kind == TWO_NAMES:
            if not answers.differ(beside[one.person], one.person, faces, one.other or ""):
                found.append(one)
        elif not answers.are_one(faces, one.also_confirmed, one.person):
            found.append(one)
    return found


def _less(sets: Sets, named: _Named, doubted: Sequence[Doubt]) -> Sets:
    """The people's faces without those that are probably somebody else's, unless that leaves nobody."""
    left = named.person.copy()
    for doubt in doubted:
        if doubt.log_odds > 0:
            left[doubt.rows] = -1
    changed = np.unique(named.person[left < 0])
    less = some_sets_of(named.vectors, left, changed)
    kept = np.flatnonzero(less.size)
    return sets.replaced(changed[kept], less.chosen(kept))


def _answers(folder: LibraryFolder, named: _Named, doubted: Sequence[Doubt], pairs: Sequence[SameName]) -> Answers:
    connection = folder.catalog.connection
    asked = {face for doubt in doubted for face in named.faces(doubt.rows)}
    people = {number for pair in pairs for number in (pair.person, pair.other)}
    asked |= {face for number in people for face in named.of_person(number)}
    others = {doubt.person for doubt in doubted} | {doubt.other for doubt in doubted} - {-1}
    beside = {face for number in others - people for face in named.of_person(number)}
    return Answers(acts_between(connection, asked, beside), confirmed_by_look(connection))


def _doubtful_ones(
    folder: LibraryFolder, named: _Named, doubted: Sequence[Doubt], answers: Answers, least: float
) -> list[Finding]:
    albums = albums_of(folder.catalog.connection, {face for doubt in doubted for face in named.faces(doubt.rows)})
    found = []
    for doubt in doubted:
        faces, person = named.faces(doubt.rows), named.names[doubt.person]
        if answers.are_one(faces, named.faces(doubt.rest), person):
            continue
        other = None if doubt.other < 0 else named.names[doubt.other]
        if other is not None and answers.deny(faces, named.of_person(doubt.other), other):
            if doubt.unnamed < least:
                continue
            doubt = _of_nobody(doubt)
        kind = TWO_PEOPLE if len(faces) > 1 or (doubt.even and doubt.other < 0) else MISFIT
        found.append(_doubtful(named, doubt, _whole_albums(folder, faces, albums), kind))
    return found


def _of_nobody(doubt: Doubt) -> Doubt:
    return Doubt(
        *(doubt.person, doubt.rows, doubt.rest, doubt.unnamed, doubt.unnamed, -1),
        *(doubt.square, doubt.other_square, doubt.even),
    )


def _whole_albums(folder: LibraryFolder, faces: Collection[int], albums: Mapping[int, int]) -> dict[int, bool]:
    """If all of `faces` are in one album, its number, and whether it has other faces, too."""
    numbers = {albums.get(face) for face in faces}
    (number, *more) = numbers
    if more or number is None or len(faces) < 2:
        return {}
    return {number: len(faces_in(folder.catalog.connection, number)) > len(faces)}


def _doubtful(named: _Named, doubt: Doubt, albums: Mapping[int, bool], kind: str) -> Finding:
    faces, person = named.faces(doubt.rows), named.names[doubt.person]
    other = None if doubt.other < 0 else named.names[doubt.other]
    listed = " ".join(map(str, faces))
    yes = f"faceindex people reject {listed}"
    album = None
    if other is not None:
        yes = _command("name --merge --only", f"face:{','.join(map(str, faces))}", other)
    elif divided := [number for number, more in albums.items() if more]:
        album = divided[0]
        yes = f"faceindex people split {album} {listed}"
    rest = named.faces(doubt.rest) if doubt.even else ()
    asked = sorted({*faces, *rest})
    return Finding(
        *(kind, person, faces, len(named.rows[doubt.person]), other, _probability(doubt.log_odds)),
        *(float(np.sqrt(doubt.square)), None if other is None else float(np.sqrt(doubt.other_square))),
        *(yes, f"faceindex people confirm {' '.join(map(str, asked))}"),
        album=album,
        also_confirmed=rest,
    )


def _same_ones(named: _Named, pairs: Sequence[SameName], answers: Answers) -> list[Finding]:
    found = []
    for pair in pairs:
        (ours, person), (theirs, other) = (
            (named.of_person(number), named.names[number]) for number in (pair.person, pair.other)
        )
        if answers.differ(ours, person, theirs, other):
            continue
        both = [f"person:{name}" for name in (person, other)]
        found.append(
            Finding(
                *(TWO_NAMES, person, theirs, len(ours), other, _probability(pair.log_odds)),
                *(None, float(np.sqrt(pair.square))),
                *(_command("merge", *both), _command("never-suggest", *both)),
            )
        )
    return found


def _weak(named: _Named, own: npt.NDArray[np.float64]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """People, and the rows of their faces of low quality of which their other faces do not tell whether they are
    theirs."""
    weak = np.flatnonzero(is_low(named.qualities) & ((own < _TOLD) | np.isinf(own)))
    weak = weak[np.argsort(named.person[weak], kind="stable")]
    people, begins = np.unique(named.person[weak], return_index=True)
    return list(zip(people.tolist(), np.split(weak, begins[1:]), strict=True)) if len(people) else []


def _weak_ones(named: _Named, weak: Sequence[tuple[int, npt.NDArray[np.int64]]], answers: Answers) -> list[Finding]:
    found = []
    for number, rows in weak:
        person = named.names[number]
        faces = tuple(face for face in named.faces(rows) if not answers.confirms(face, person))
        if not faces:
            continue
        listed = " ".join(map(str, faces))
        found.append(
            Finding(
                *(WEAK, person, faces, len(named.rows[number]), None, None, None, None),
                *(f"faceindex people reject {listed}", f"faceindex people confirm {listed}"),
            )
        )
    return found


def _command(verb: str, *words: str) -> str:
    """A command about names, of which one may look like an option."""
    dashes = ["--"] if any(word.startswith("-") for word in words) else []
    return shlex.join(["faceindex", "people", *verb.split(), *dashes, *words])


def _probability(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))


def _sorted(findings: Sequence[Finding]) -> list[Finding]:
    """The most probable first; what has no probability last, people first who have nothing but such faces."""
    return sorted(
        findings,
        key=lambda one: (
            *(one.probability is None, -(one.probability or 0.0), one.of - len(one.faces)),
            *(one.person, one.faces),
        ),
    )
