"""Is a face still taken for itself when it is tilted, blurred, small, dark, or badly stored? And strangers for each
other?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.evaluation.degradations import DEGRADATIONS, Portrait, portrait
from faceindex.evaluation.distances import block_distances
from faceindex.evaluation.intervals import clustered_rate
from faceindex.faces.analyse import Analyser
from faceindex.photos.pictures import photo_of
from faceindex.running.meter import Meter
from faceindex.types import Box, FailedPhoto

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Subject:
    """A face that is degraded. person: name of the folder of its photo."""

    person: str
    portrait: Portrait


@dataclass(frozen=True, slots=True)
class Level:
    """What became of faces at one level of a degradation.

    tried: pictures. found: with a face where it was. accepted: with a face within the threshold of the face before.
    low, high: 95 % interval of accepted by tried. strangers: pairs of pictures at this level, of photos in different
    folders, that are within the threshold of each other; stranger_pairs: all such pairs in which both faces are found.
    """

    kind: str
    level: float
    tried: int
    found: int
    accepted: int
    low: float | None
    high: float | None
    strangers: int
    stranger_pairs: int

    @property
    def accepted_rate(self) -> float | None:
        """None without a picture."""
        return self.accepted / self.tried if self.tried else None

    @property
    def stranger_rate(self) -> float | None:
        """None without a pair."""
        return self.strangers / self.stranger_pairs if self.stranger_pairs else None


@dataclass(frozen=True, slots=True)
class Subjects:
    """found: the faces. readable: paths of photos that could be read, with a face or without. failed: the others."""

    found: tuple[Subject, ...]
    readable: tuple[str, ...]
    failed: tuple[FailedPhoto, ...]


def find_subjects(photos: Iterable[str], analyser: Analyser, meter: Meter) -> Subjects:
    """The face nearest to the middle of each photo (paths). Raises: UsageError when there is none; JobCancelled."""
    found, readable, failed = [], [], []
    for path in photos:
        meter.stop.check()
        try:
            photo = photo_of(path)
            faces = analyser(photo).faces
            box = _central([face.box for face in faces], photo.width, photo.height)
            if box is not None:
                found.append(Subject(PurePath(path).parent.name, portrait(photo.image(), box)))
        except UnreadablePhoto as error:
            failed.append(FailedPhoto(path, error.reason, error.out_of_reach))
        else:
            readable.append(path)
    if not found:
        raise UsageError("no face was found in any photo")
    return Subjects(tuple(found), tuple(readable), tuple(failed))


def measure_robustness(
    analyser: Analyser, given: Sequence[Subject], kinds: Sequence[str], threshold: float, meter: Meter
) -> list[Level]:
    """All levels of each of `kinds`. threshold: Euclidean. A face that its own picture does not show is left out.

    Raises: JobCancelled, by the meter's stop; the meter advances by a step for each kind and subject.
    """
    before = [_vector(analyser, subject.portrait.image) for subject in given]
    known = [(subject, vector) for subject, vector in zip(given, before, strict=True) if vector is not None]
    return [level for kind in kinds for level in _levels(analyser, known, kind, threshold, meter)]


def _levels(
    analyser: Analyser, known: Sequence[tuple[Subject, Vector]], kind: str, threshold: float, meter: Meter
) -> Iterator[Level]:
    degradation = DEGRADATIONS[kind]
    seen: dict[float, list[list[Vector | None]]] = {level: [] for level in degradation.levels}
    for subject, _ in known:
        for level, pictures in seen.items():
            pictures.append([_vector(analyser, image) for image in degradation.made(subject.portrait, level)])
        meter.advance()
    for level, pictures in seen.items():
        yield _level(kind, level, known, pictures, threshold)


def _level(
    kind: str,
    level: float,
    known: Sequence[tuple[Subject, Vector]],
    pictures: Sequence[Sequence[Vector | None]],
    threshold: float,
) -> Level:
    accepted = [
        sum(vector is not None and float(np.linalg.norm(vector - before)) <= threshold for vector in each)
        for (_, before), each in zip(known, pictures, strict=True)
    ]
    rate = clustered_rate(np.array(accepted, dtype=float), np.array([len(each) for each in pictures], dtype=float))
    strangers, pairs = _strangers(known, pictures, threshold)
    return Level(
        kind=kind,
        level=level,
        tried=rate.pairs,
        found=sum(vector is not None for each in pictures for vector in each),
        accepted=rate.count,
        low=rate.low,
        high=rate.high,
        strangers=strangers,
        stranger_pairs=pairs,
    )


def _strangers(
    known: Sequence[tuple[Subject, Vector]], pictures: Sequence[Sequence[Vector | None]], threshold: float
) -> tuple[int, int]:
    """Pairs of one picture each of two people, within the threshold, and all of them."""
    first = [
        (subject.person, each[0])
        for (subject, _), each in zip(known, pictures, strict=True)
        if each and each[0] is not None
    ]
    if len(first) < 2:
        return 0, 0
    people = np.unique([person for person, _ in first], return_inverse=True)[1]
    vectors = np.array([vector for _, vector in first], dtype=np.float32)
    different = np.triu(people[:, None] != people[None, :])
    near = block_distances(vectors, vectors) <= threshold
    return int(np.sum(near & different)), int(different.sum())


def _vector(analyser: Analyser, image: Image.Image) -> Vector | None:
    """Of the face nearest to the middle, if that is less than half its width away."""
    faces = {face.box: face.vector for face in analyser(photo_of(image)).faces}
    box = _central(list(faces), image.width, image.height)
    if box is None or _from_middle(box, image.width, image.height) > max(box.width, box.height) / 2:
        return None
    return faces[box]


def _central(boxes: Sequence[Box], width: int, height: int) -> Box | None:
    return min(boxes, key=lambda box: _from_middle(box, width, height), default=None)


def _from_middle(box: Box, width: int, height: int) -> float:
    return float(np.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2))
