"""Draw a library of any size, without photos: for benchmarks of a million faces.

    .venv/bin/python scripts/make_library.py LIBRARY [--faces 3000000] [--photos 1000000] [--seed 0] [--stats FILE]

Vectors are drawn from embedding_stats.npz (mean, covariance between and within people, measured over LFW): identity
centres from N(mean, between), faces from N(centre, within * s^2) with s^2 ~ Gamma(8, 1/8) for each person, scaled to
the length of recipe `dlib`; faces a person are heavy-tailed (Pareto 1.2), and spread over the photos at random.
LIBRARY.truth.npy, beside the library, has the person of each face id: int64 [faces + 1], -1 at 0.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceindex.faces.recipe import Recipe, recipe
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import Block
from faceindex.store.photos import writing
from faceindex.store.writer import Writer
from faceindex.types import FaceIds, Vectors

SEGMENT = 1 << 19
"""Faces in a segment, as compaction would leave most of them."""

ROOT = b"/photos"


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--faces", type=int, default=3_000_000)
    parser.add_argument("--photos", type=int, help="default: a third of the faces")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stats", type=Path, default=data / "embedding_stats.npz")
    options = parser.parse_args()
    began = time.monotonic()
    make_library(options.library, options.faces, options.photos, seed=options.seed, stats=options.stats)
    print(f"{options.library}: {options.faces:,} faces in {time.monotonic() - began:.0f} s")


class DrawnFaces:
    """Faces of drawn people. person: int64 [n], who each of the n faces is."""

    def __init__(self, count: int, stats: Path, length: float | None, seed: int = 0) -> None:
        """length: of every vector; None leaves them as they are drawn."""
        with np.load(stats) as measured:
            self._mean = measured["mean"].astype(np.float32)
            self._between = _root(measured["between"])
            self._within = _root(measured["within"])
        self._length = length
        self._seed = seed
        random = np.random.default_rng(seed)
        sizes = np.minimum(np.ceil(random.pareto(1.2, count) + 1e-9), count // 20 + 1).astype(np.int64)
        people = int(np.searchsorted(np.cumsum(sizes), count)) + 1
        self.person = np.repeat(np.arange(people), sizes[:people])[:count]
        random.shuffle(self.person)
        self._centre_seed, self._face_seed = (int(s) for s in random.integers(1 << 62, size=2))
        self._centres = self._mean + self._gaussian(self._centre_seed, people) @ self._between
        self._spread = np.sqrt(random.gamma(8, 1 / 8, people)).astype(np.float32)

    def vectors(self, start: int, stop: int) -> Vectors:
        """Faces `start` to `stop`, float32 [stop - start, 128]; the same whatever is asked before."""
        who = self.person[start:stop]
        noise = self._gaussian(self._face_seed + start, len(who)) @ self._within
        return self._scaled(self._centres[who] + noise * self._spread[who, None])

    def all(self) -> Vectors:
        """float32 [n, 128]: every face, as `make_library` stores it."""
        vectors = np.empty((len(self.person), len(self._mean)), dtype=np.float32)
        for ids, block in _blocks(self, 0, len(vectors)):
            vectors[ids - 1] = block
        return vectors

    def others(self, count: int, seed: int) -> Vectors:
        """Further faces of the people of `person_of_others(count, seed)`, for probes: float32 [count, 128]."""
        who = self.person_of_others(count, seed)
        noise = self._gaussian(seed, count) @ self._within
        return self._scaled(self._centres[who] + noise * self._spread[who, None])

    def person_of_others(self, count: int, seed: int) -> npt.NDArray[np.int64]:
        """Who the faces of `others` are: people in proportion to their faces."""
        return np.random.default_rng(seed).choice(self.person, count)

    def _scaled(self, vectors: Vectors) -> Vectors:
        if self._length is not None:
            vectors *= self._length / np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.astype(np.float32)

    def _gaussian(self, seed: int, count: int) -> Vectors:
        return np.random.default_rng(seed).standard_normal((count, len(self._mean)), dtype=np.float32)


def make_library(
    path: Path, faces: int, photos: int | None = None, *, stats: Path, seed: int = 0, chosen: Recipe | None = None
) -> FaceIds:
    """Write the library; returns the person of each face id, int64 [faces + 1]. path: must not hold a library yet."""
    chosen = chosen or recipe("dlib")  # whose vectors they are like
    photos = photos or max(1, faces // 3)
    drawn = DrawnFaces(faces, stats, chosen.card.length, seed)
    random = np.random.default_rng(seed + 1)
    photo_of = np.sort(random.integers(1, photos + 1, faces))
    folder = LibraryFolder(path, wanted=chosen)
    with folder.writer() as writer:
        if writer.catalog.counts()["photos"]:
            raise SystemExit(f"{path} holds photos already; choose another folder")
        _write_photos(writer, photos)
        for start in range(0, faces, SEGMENT):
            _write_faces(writer, drawn, photo_of, start, min(start + SEGMENT, faces), random)
    folder.close()
    truth = np.concatenate([[-1], drawn.person])
    np.save(path.with_name(path.name + ".truth.npy"), truth)
    return truth


def _write_photos(writer: Writer, photos: int) -> None:
    with writer.catalog.transaction() as transaction:
        transaction.execute("INSERT INTO roots VALUES (?)", (ROOT,))
        transaction.executemany(
            "INSERT INTO photos (content, width, height, analysed) VALUES (?, 4000, 3000, ?)",
            ((number.to_bytes(32, "big"), writing.now()) for number in range(1, photos + 1)),
        )
        transaction.executemany(
            "INSERT INTO paths (path, photo, size, mtime_ns) VALUES (?, ?, ?, ?)",
            ((photo_path(number), number, 3_000_000 + number, number * 10**9) for number in range(1, photos + 1)),
        )


def photo_path(number: int) -> bytes:
    """Path of drawn photo `number`: a thousand in a folder."""
    return b"%s/%05d/IMG_%07d.jpg" % (ROOT, number // 1000, number)


def _write_faces(
    writer: Writer, drawn: DrawnFaces, photo_of: FaceIds, start: int, stop: int, random: np.random.Generator
) -> None:
    segment = writer.write_segment(_blocks(drawn, start, stop), stop - start)
    boxes = random.integers(50, 2500, (stop - start, 2))
    sides = random.integers(100, 800, stop - start)
    qualities = random.beta(8, 1, stop - start)
    landmarks = bytes(40)
    with writer.catalog.transaction() as transaction:
        writing.insert_segment(transaction, segment)
        transaction.executemany(
            "INSERT INTO faces (id, photo, segment, x, y, width, height, score, landmarks, quality) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (number + 1, photo, segment.number, x, y, side, side, 0.9, landmarks, quality)
                for number, photo, (x, y), side, quality in zip(
                    *(range(start, stop), photo_of[start:stop].tolist(), boxes.tolist(), sides.tolist()),
                    qualities.tolist(),
                    strict=True,
                )
            ),
        )
        writing.note_change_of_faces(transaction)


def _blocks(drawn: DrawnFaces, start: int, stop: int) -> Iterator[Block]:
    for first in range(start, stop, 1 << 14):
        last = min(first + (1 << 14), stop)
        yield np.arange(first + 1, last + 1, dtype=np.int64), drawn.vectors(first, last)


def _root(covariance: npt.NDArray[np.floating]) -> Vectors:
    """R with R'R = covariance, so that rows of N(0, 1) times R have it."""
    values, axes = np.linalg.eigh(covariance.astype(np.float64))
    root: Vectors = (np.sqrt(np.maximum(values, 0))[:, None] * axes.T).astype(np.float32)
    return root


if __name__ == "__main__":
    main()
