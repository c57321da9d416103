"""Judges which faces the names of a program belong to, over all photos."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from faceindex.exchange.programs.deciding import UNLIKE, Evidence, Why, decide, likeliest, may_be
from faceindex.exchange.programs.found_photos import FoundPhotos
from faceindex.exchange.programs.named_regions import MOST_LISTED, ForeignPhoto
from faceindex.exchange.programs.placing import Placed, placed
from faceindex.exchange.programs.seeds import NOBODY, Seeds
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.store.people.faces_to_name import PhotoToName, faces_named, names_of_now, photos_to_name
from faceindex.types import FailedPhoto, UnsureName, Vectors

_ROUNDS = 2

_LEAST = 2
"""Faces of a name from which it is compared with faces of photos that it was not said of."""

_MOST_ASKED = 3
"""Faces of a photo of which it is asked whether they are somebody, one after the other."""


@dataclass(slots=True)
class Judged:
    """given: the name of each face; moved: those of them that were not in the name's box. names: how many were said of
    photos of the library. known: of these, those whose face has the name already. asked: unsure names, each with the
    faces that it may be of and their distances in parts of the match threshold, NaN if unknown."""

    names: int = 0
    known: int = 0
    unsure: int = 0
    without_face: int = 0
    given: dict[int, str] = field(default_factory=dict)
    moved: set[int] = field(default_factory=set)
    disputed: set[int] = field(default_factory=set)
    unsure_names: list[UnsureName] = field(default_factory=list)
    asked: list[tuple[str, list[tuple[int, float]]]] = field(default_factory=list)
    faceless: list[FailedPhoto] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A photo with what is said of it. numbers: of the names. first: the place of its first name among all."""

    photo: int
    foreign: ForeignPhoto
    here: PhotoToName
    numbers: Sequence[int]
    first: int


class Judging:
    """Of one import."""

    def __init__(self, folder: LibraryFolder, found: FoundPhotos, meter: Meter) -> None:
        self._folder = folder
        self._catalog = folder.catalog
        self._found = found
        self._meter = meter
        self._threshold = folder.recipe.match_threshold
        self._numbers: dict[str, int] = {}
        self._boxed = array("q")  # for each name the face in its box
        self._overlaps = array("f")

    def judge(self) -> Judged:
        """Look at all photos, and decide."""
        self._meter.stage("reading names")
        for block in self._blocks():
            for looked in block:
                self._place(looked)
        now = names_of_now(self._catalog.connection, self._numbers)
        people = [now.get(name, name) for name in self._numbers]
        known = faces_named(self._catalog, {name: number for number, name in enumerate(people)})
        seeds = self._first_seeds(known)
        judged = Judged()
        for _ in range(_ROUNDS):
            self._meter.stage("comparing faces")
            judged, better = Judged(), self._seeds(known)
            for block in self._blocks():
                self._decide(block, people, seeds, better, judged)
            seeds = better
        for face in judged.disputed:
            del judged.given[face]
        return judged

    def _blocks(self) -> Iterator[list[_Looked]]:
        first = 0
        for block in self._found.blocks():
            here = photos_to_name(self._catalog, {number for number, _ in block})
            looked = []
            for number, foreign in block:
                numbers = [self._numbers.setdefault(region.name, len(self._numbers)) for region in foreign.regions]
                looked.append(_Looked(number, foreign, here[number], numbers, first))
                first += len(numbers)
            yield looked

    def _place(self, looked: _Looked) -> None:
        """Find the faces in the boxes, and by the program's own vectors if it has them."""
        faces = looked.here.faces
        found = placed(
            looked.foreign,
            [face.box for face in faces],
            looked.here.size,
            lambda: next(iter(self._catalog.paths_of(looked.photo)), None),
        )
        if any(region.vector is not None for region in looked.foreign.regions):
            vectors = self._folder.vectors_among(self._catalog, [face.face for face in faces])
            found = self._by_vector(looked, found, vectors)
        self._boxed.extend(NOBODY if place is None else faces[place].face for place in found.faces)
        self._overlaps.extend(found.overlaps)

    def _by_vector(self, looked: _Looked, found: Placed, vectors: Mapping[int, Vectors]) -> Placed:
        places, overlaps = list(found.faces), list(found.overlaps)
        for number, region in enumerate(looked.foreign.regions):
            for place, face in enumerate(looked.here.faces):
                own = vectors.get(face.face)
                if region.vector is None or own is None or len(own) != len(region.vector):
                    continue
                if np.linalg.norm(own.astype(np.float64) - region.vector) <= self._threshold / 10:
                    places[number], overlaps[number] = place, 1.0
        return Placed(tuple(places), tuple(overlaps))

    def _seeds(self, known: Mapping[int, int]) -> Seeds:
        seeds = Seeds(known, self._folder.recipe.dimension)
        seeds.add_known(self._folder.vectors_among(self._catalog, known))
        return seeds

    def _first_seeds(self, known: Mapping[int, int]) -> Seeds:
        """Faces in boxes, and the only face of a photo of which only one name was said."""
        seeds = self._seeds(known)
        for block in self._blocks():
            pairs: list[tuple[int, int]] = []
            for looked in block:
                boxed = self._boxed[looked.first : looked.first + len(looked.numbers)].tolist()
                if len(boxed) == len(looked.here.faces) == 1 and looked.foreign.regions[0].box is None:
                    boxed = [looked.here.faces[0].face]
                pairs += zip(looked.numbers, boxed, strict=True)
            vectors = self._folder.vectors_among(self._catalog, [face for _, face in pairs if face != NOBODY])
            _add(block, pairs, vectors, seeds)
        return seeds

    def _decide(
        self, block: Sequence[_Looked], people: Sequence[str], seeds: Seeds, better: Seeds, judged: Judged
    ) -> None:
        vectors = self._folder.vectors_among(self._catalog, [face.face for one in block for face in one.here.faces])
        evidence = [self._evidence(looked, seeds, vectors) for looked in block]
        pairs: list[tuple[int, int]] = []
        for looked, own in zip(block, self._with_others(block, evidence, seeds, vectors), strict=True):
            answers = decide(own)
            for place, (face, why) in enumerate(answers):
                sure = face is not None and why not in (Why.UNSURE, Why.NO_FACE)
                pairs.append((looked.numbers[place], looked.here.faces[face].face if sure and face is not None else 0))
                self._count(looked, people[looked.numbers[place]], place, face, why, own, judged)
        _add(block, pairs, vectors, better)

    def _evidence(self, looked: _Looked, seeds: Seeds, vectors: Mapping[int, Vectors]) -> Evidence:
        faces = looked.here.faces
        shape = len(looked.numbers), len(faces)
        distances, albums, support = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_), []
        album_of = {face.face: face.album for face in faces}
        for place, name in enumerate(looked.numbers):
            own = seeds.own(looked.first, looked.numbers, name)
            most = 0
            for other, face in enumerate(faces):
                left_out = [*own, face.face] if seeds.is_known(face.face, name) else own
                middle, count = seeds.centres.without(name, [vectors[one] for one in left_out if one in vectors])
                if middle is not None and face.face in vectors:
                    distances[place, other] = np.linalg.norm(middle - vectors[face.face]) / self._threshold
                    most = max(most, count)
                albums[place, other] = seeds.is_album_of(face.album, name, map(album_of.get, own))
            support.append(most)
        places = {face.face: place for place, face in enumerate(faces)}
        span = slice(looked.first, looked.first + len(looked.numbers))
        return Evidence(
            distances,
            support,
            [places.get(face) for face in self._boxed[span]],
            self._overlaps[span].tolist(),
            [region.box is not None or region.vector is not None for region in looked.foreign.regions],
            albums,
            [np.nan] * len(faces),
        )

    def _with_others(
        self, block: Sequence[_Looked], evidence: Sequence[Evidence], seeds: Seeds, vectors: Mapping[int, Vectors]
    ) -> list[Evidence]:
        """The evidence with the distances to names that were not said of the photo, for faces in boxes of which vectors
        do not say that they have the name."""
        asked = [
            (number, face)
            for number, one in enumerate(evidence)
            for name, face in enumerate(one.boxed)
            if face is not None
            and not one.distances[name, face] <= UNLIKE
            and block[number].here.faces[face].face in vectors
        ]
        own = [vectors[block[number].here.faces[face].face] for number, face in asked]
        nearest = seeds.centres.nearest(own, [set(block[number].numbers) for number, _ in asked], _LEAST)
        found = [list(one.elsewhere) for one in evidence]
        for (number, face), distance in zip(asked, nearest.tolist(), strict=True):
            found[number][face] = distance / self._threshold
        return [replace(one, elsewhere=others) for one, others in zip(evidence, found, strict=True)]

    def _count(
        self, looked: _Looked, name: str, place: int, face: int | None, why: Why, evidence: Evidence, judged: Judged
    ) -> None:
        judged.names += 1
        faces = looked.here.faces
        theirs = any(one.person == name for one in faces)
        if (face is not None and faces[face].person == name) or (why in (Why.UNSURE, Why.NO_FACE) and theirs):
            judged.known += 1
        elif why is Why.NO_FACE or (why is Why.UNSURE and not faces):
            judged.without_face += 1
            if len(judged.faceless) < MOST_LISTED:
                judged.faceless.append(FailedPhoto(looked.foreign.path, f"no face of {name} was found"))
        elif why is Why.UNSURE or face is None:
            judged.unsure += 1
            likely = likeliest(evidence, place)
            possible = [other for other in likely if may_be(evidence, place, other)][:_MOST_ASKED]
            judged.asked.append(
                (name, [(faces[other].face, float(evidence.distances[place, other])) for other in possible])
            )
            if len(judged.unsure_names) < MOST_LISTED:
                path = next(iter(self._catalog.paths_of(looked.photo)), looked.foreign.path)
                judged.unsure_names.append(UnsureName(path, name, tuple(faces[other].face for other in likely)))
        else:
            self._give(faces[face].face, name, judged, moved=why is Why.MOVED)

    def _give(self, face: int, name: str, judged: Judged, *, moved: bool) -> None:
        if judged.given.setdefault(face, name) != name:
            judged.disputed.add(face)
        if moved:
            judged.moved.add(face)


def _add(
    block: Sequence[_Looked], pairs: Sequence[tuple[int, int]], vectors: Mapping[int, Vectors], seeds: Seeds
) -> None:
    seeds.add(pairs, vectors, {face.face: face.album for looked in block for face in looked.here.faces})
    for looked in block:
        if all(region.box is None for region in looked.foreign.regions):
            seeds.add_photo(looked.numbers, [face.album for face in looked.here.faces])
