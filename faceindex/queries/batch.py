"""Thousands of probes: photos of a folder, or vectors of a file, each answered as soon as its block is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceindex.errors import UnreadablePhoto
from faceindex.faces.analyse import Analyser
from faceindex.judgement.calibration import Calibration
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.finding.entries import UnreadableEntry
from faceindex.photos.finding.find import find_files
from faceindex.photos.read import identify
from faceindex.queries.analysis import analysed_in_order
from faceindex.queries.combining import first_accepted
from faceindex.queries.matching import SearchQuery, accepted, matches_of_each
from faceindex.queries.probe_neighbours import NONE, Neighbours, looks_around, neighbours_of_each
from faceindex.queries.vector_files import SUFFIXES, vector_blocks
from faceindex.search.index import LibraryIndex, find_nearest, find_nearest_of_each
from faceindex.search.partial import taking_partial_answers
from faceindex.store.folder import LibraryFolder
from faceindex.types import USUAL, BatchAnswer, Box, Company, Vectors
from faceindex.vectors.nearest import BLOCK, Found


@dataclass(frozen=True, slots=True)
class _Asked:
    """A probe in a block; or, without a vector, a photo that has no probe."""

    source: str
    row: int | None = None
    vector: Vectors | None = None
    box: Box | None = None
    score: float | None = None
    error: str | None = None


class BatchSearch:
    """Searches a library, as it is at the beginning, for many probes."""

    def __init__(
        self,
        folder: LibraryFolder,
        index: LibraryIndex,
        calibration: Calibration | None,
        query: SearchQuery,
        threads: int,
    ) -> None:
        self.folder = folder
        self.index = index
        self.calibration = calibration
        self.query = query
        self.threads = threads

    def photos(self, source: Path, analyser: Analyser, workers: int) -> Iterator[BatchAnswer]:
        """An answer for every face of each photo at or under `source`, in the order of paths; and one for each file
        that should be a photo and gives no face, with the reason. Raises: UsageError when `source` does not exist."""
        return self._answered(_of_photos(source, analyser, workers))

    def vectors(self, source: Path) -> Iterator[BatchAnswer]:
        """An answer for every row of a file of vectors. Warns and raises: as `vector_blocks`."""
        return self._answered(_of_rows(source, vector_blocks(source, self.folder.recipe)))

    def _answered(self, asked: Iterable[_Asked]) -> Iterator[BatchAnswer]:
        block: list[_Asked] = []
        for one in asked:
            block.append(one)
            if len(block) == BLOCK:
                yield from self._block(block)
                block = []
        yield from self._block(block)

    def _block(self, block: list[_Asked]) -> Iterator[BatchAnswer]:
        vectors = [one.vector for one in block if one.vector is not None]
        with taking_partial_answers() as unsearched:
            found = list(self._found(np.stack(vectors))) if vectors else []
        matches = iter(matches_of_each(found, self.folder, self.index, self.calibration))
        companies = iter([company for _, company in found])
        for one in block:
            near, company = ((), USUAL) if one.vector is None else (next(matches), next(companies))
            limit = self.query.limit(company)
            missed = 0 if one.vector is None else unsearched.faces
            yield BatchAnswer(one.source, one.row, one.box, one.score, near, limit, one.error, company, missed)

    def _found(self, vectors: Vectors) -> Iterator[tuple[Found, Company]]:
        k = self.query.k if self.query.nearest_only else 4 * self.query.k + 16  # often enough, k of these are accepted
        if looks_around(self.folder, self.index, self.calibration):
            each = neighbours_of_each(self.folder, self.index, self.calibration, vectors, threads=self.threads)
            for vector, near in zip(vectors, each, strict=True):
                yield self._accepted(vector, k, near), near.company
            return
        within = self.query.threshold
        near_each = find_nearest_of_each(self.folder, self.index, vectors, k, within, threads=self.threads)
        for vector, nearest in zip(vectors, near_each, strict=True):
            yield self._accepted(vector, k, NONE, nearest), USUAL

    def _accepted(self, vector: Vectors, begin: int, near: Neighbours, nearest: Found | None = None) -> Found:
        """The answer for one vector. nearest: its at most `begin` nearest faces within the threshold, if known."""
        limit = self.query.limit(near.company)

        def find(k: int) -> Found:
            if nearest is not None and k == begin:
                return nearest
            found = near.within(k, limit)
            return find_nearest(self.folder, self.index, vector, k, limit) if found is None else found

        def keep(found: Found) -> Found:
            return accepted(self.folder, self.query, found)

        return first_accepted(find, self.query.k, keep, begin=begin)


def is_vector_file(source: Path) -> bool:
    """Whether the suffix is that of a file of vectors."""
    return source.suffix.lower() in SUFFIXES


def _of_rows(source: Path, blocks: Iterable[Vectors]) -> Iterator[_Asked]:
    row = 0
    for block in blocks:
        for vector in block:
            if np.isfinite(vector).all():
                yield _Asked(str(source), row, vector)
            else:
                yield _Asked(str(source), row, error="it contains NaN or infinity")
            row += 1


def _of_photos(source: Path, analyser: Analyser, workers: int) -> Iterator[_Asked]:
    wrong: dict[str, str] = {}
    paths = _photo_paths(source, wrong)
    for answer in analysed_in_order(paths, analyser, workers):
        faces = answer.photo.faces if answer.photo else ()
        if not faces:
            yield _Asked(answer.file.path, error=answer.error or "no face found")
        for face in faces:
            yield _Asked(answer.file.path, None, face.vector, face.box, face.score)
    for path, reason in wrong.items():
        yield _Asked(path, error=reason)


def _photo_paths(source: Path, wrong: dict[str, str]) -> Iterator[str]:
    """Paths of files that begin as photos do; reasons why other files are no photos go into `wrong`."""
    for entry in find_files([absolute(source)]):
        if isinstance(entry, UnreadableEntry):
            wrong[entry.path] = entry.reason
            continue
        try:
            if identify(entry.path, named=entry.named) is not None:
                yield entry.path
        except UnreadablePhoto as error:
            wrong[entry.path] = error.reason
