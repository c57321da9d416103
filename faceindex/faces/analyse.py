"""The analyser: a photo goes in, its faces come out. Picklable, so that any pool can run it."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.faces.align import align
from faceindex.faces.detect import Detection, detect, detection_scale
from faceindex.faces.encode import encode
from faceindex.faces.engine import DEFAULT_ENGINE, Engine
from faceindex.faces.recipe import Recipe
from faceindex.faces.stopwatch import Stopwatch
from faceindex.models.weights import weights
from faceindex.photos.decode import DEFAULT_MAX_MEGAPIXELS, Photo
from faceindex.types import AnalysedPhoto, Face, Pixels

ENOUGH_FACE_PIXELS = 200
"""A face this wide fills a 150-pixel chip twice over; more pixels than that are not decoded for it."""


@dataclass(frozen=True, slots=True)
class Analyser:
    """Finds the faces of a photo and their vectors.

    min_face: see `detection_scale`. max_megapixels: photos of more pixels are refused before decoding.
    engine: what runs the networks; it does not change the result.
    """

    recipe: Recipe
    min_face: int | None = None
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
    engine: Engine = DEFAULT_ENGINE

    def check_models(self) -> None:
        """Fail early. Raises: ModelError when weights are missing or altered; UsageError for a wrong engine."""
        self.engine.check()
        for model in self.recipe.models:
            weights(model)

    def open(self, data: bytes, path: str) -> Photo:
        """The photo in `data`, under this analyser's limit. Raises: UnreadablePhoto."""
        return Photo(data, path, max_megapixels=self.max_megapixels)

    def __call__(self, photo: Photo, stopwatch: Stopwatch | None = None) -> AnalysedPhoto:
        """The faces of `photo`, left to right. Raises: UnreadablePhoto, ModelError.

        stopwatch: gets the seconds of "decode", "detect", "align" and "encode".
        """
        stopwatch = stopwatch or Stopwatch()
        longer = max(photo.width, photo.height)
        scale = detection_scale(photo.width, photo.height, self.min_face, self.recipe.detector)
        with stopwatch.stage("decode"):
            pixels = photo.pixels(round(longer * min(scale, 1.0)))
        zoom = _zoom(photo, pixels)
        with stopwatch.stage("detect"):
            found = detect(pixels, scale * zoom, detector=self.recipe.detector, engine=self.engine)
        if not found:
            return AnalysedPhoto(photo.width, photo.height, ())
        detections = [detection.scaled(zoom) for detection in found]
        smallest = min(detection.side for detection in detections)
        with stopwatch.stage("decode"):
            pixels = photo.pixels(round(longer * min(1.0, ENOUGH_FACE_PIXELS / smallest)))
        faces = self._faces(pixels, detections, _zoom(photo, pixels), stopwatch)
        return AnalysedPhoto(photo.width, photo.height, faces)

    def _faces(
        self, pixels: Pixels, detections: list[Detection], zoom: float, stopwatch: Stopwatch
    ) -> tuple[Face, ...]:
        with stopwatch.stage("align"):
            aligned = [align(pixels, found.scaled(1 / zoom), self.recipe) for found in detections]
        with stopwatch.stage("encode"):
            vectors = encode([chips for _, chips in aligned], self.recipe, self.engine)
        return tuple(
            Face(found.box(), found.score, landmarks * zoom, vector)
            for found, (landmarks, _), vector in zip(detections, aligned, vectors, strict=True)
        )


def _zoom(photo: Photo, pixels: Pixels) -> float:
    """Factor from the decoded image to the upright photo, by the longer side."""
    return max(photo.width, photo.height) / float(max(pixels.shape[:2]))
