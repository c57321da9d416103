"""Which photo of the library each photo of another program is."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator

from faceindex.exchange.programs.named_regions import MOST_LISTED, ForeignPhoto, Problems, Reader
from faceindex.exchange.programs.paths import SAMPLE, PathMap
from faceindex.running.meter import Meter

BLOCK = 1000
"""Photos that are looked at together."""

_MISSING = -1


class FoundPhotos:
    """The photos of a program that the library has; iterating reads them again.

    photos: number of all; missing: of those that the library does not have, missing_paths: the first of these.
    """

    def __init__(self, paths: PathMap, read: Reader, problems: Problems, meter: Meter) -> None:
        self.missing = 0
        self.missing_paths: list[str] = []
        self._read = read
        self._meter = meter
        self._numbers = array("q")
        self._find(paths, problems)
        self.photos = len(self._numbers)

    def blocks(self) -> Iterator[list[tuple[int, ForeignPhoto]]]:
        """The photos that the library has, each with its id, in blocks."""
        block: list[tuple[int, ForeignPhoto]] = []
        for number, photo in zip(self._numbers, self._read(Problems()), strict=False):
            self._meter.stop.check()
            if number != _MISSING:
                block.append((number, photo))
            if len(block) == BLOCK:
                yield block
                block = []
        if block:
            yield block

    def _find(self, paths: PathMap, problems: Problems) -> None:
        sample: list[ForeignPhoto] = []
        draw = random.Random(0)
        lost = 0
        for photo in self._read(problems):
            self._meter.stop.check()
            number = paths.find(photo)
            self._numbers.append(_MISSING if number is None else number)
            if number is None:
                lost += 1
                if len(sample) < SAMPLE:
                    sample.append(photo)
                elif (place := draw.randrange(lost)) < SAMPLE:
                    sample[place] = photo
        if lost:
            paths.learn(sample)
            self._find_again(paths)

    def _find_again(self, paths: PathMap) -> None:
        """Look for those that were not found, under other roots and by their names."""
        left: list[tuple[int, ForeignPhoto]] = []
        for place, photo in enumerate(self._read(Problems())):
            if self._numbers[place] != _MISSING:
                continue
            number = paths.find(photo)
            if number is not None:
                self._numbers[place] = number
                continue
            self.missing += 1
            if len(left) < MOST_LISTED:
                left.append((place, photo))
        by_name = paths.by_name(left)
        for place, number in by_name.items():
            self._numbers[place] = number
        self.missing -= len(by_name)
        self.missing_paths = [photo.path for place, photo in left if place not in by_name]
