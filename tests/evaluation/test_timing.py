"""Times of the analysis: which photos are timed, not how long they take."""

from __future__ import annotations

from pathlib import Path

from faceindex.evaluation.timing import REPEATS, SAMPLE, time_analysis
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.faces.stopwatch import Stopwatch
from faceindex.photos.decode import Photo
from faceindex.types import AnalysedPhoto


def test_photos_with_and_without_faces_are_timed(many_photos: Path) -> None:
    timing = time_analysis(Analyser(recipe()), [str(many_photos / name) for name in ("00.jpg", "nothing-0.png")])
    assert timing.photos == 2
    assert timing.ms_per_face is not None
    assert timing.ms_per_face > 0
    assert timing.ms_per_photo > 0


def test_photos_without_faces_have_no_time_per_face(many_photos: Path) -> None:
    assert time_analysis(Analyser(recipe()), [str(many_photos / "nothing-0.png")]).ms_per_face is None


def test_of_many_photos_an_even_sample_is_timed(many_photos: Path) -> None:
    asked: list[str] = []

    class Counting(Analyser):
        def __call__(self, photo: Photo, stopwatch: Stopwatch | None = None) -> AnalysedPhoto:
            asked.append(photo.path)
            return AnalysedPhoto(photo.width, photo.height, ())

    photos = [str(many_photos / f"{number % 20:02d}.jpg") for number in range(5 * SAMPLE - 1)]
    timing = time_analysis(Counting(recipe()), photos)
    assert timing.photos == SAMPLE
    assert asked[::REPEATS] == photos[::5]
