"""The analyser: a photo goes in, its faces come out. Picklable, so that any pool can run it."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.faces.align import face_chip, place_landmarks
from faceindex.faces.detect import DEFAULT_MIN_FACE, Detection, detect, detection_scale
from faceindex.faces.encode import encode
from faceindex.faces.recipe import Recipe
from faceindex.models.networks import ENCODER, landmark_model
from faceindex.models.weights import weights
from faceindex.photos.decode import DEFAULT_MAX_MEGAPIXELS, Photo
from faceindex.types import AnalysedPhoto, Face, Pixels

ENOUGH_FACE_PIXELS = 200
"""A face this wide fills a 150-pixel chip twice over; more pixels than that are not decoded for it."""


@dataclass(frozen=True, slots=True)
class Analyser:
    """Finds the faces of a photo and their vectors.

    min_face: see `detection_scale`. max_megapixels: photos of more pixels are refused before decoding.
    """

    recipe: Recipe
    min_face: int = DEFAULT_MIN_FACE
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS

    def check_models(self) -> None:
        """Fail early. Raises: ModelError when weights are missing or altered."""
        weights(ENCODER)
        weights(landmark_model(self.recipe.landmarks))

    def open(self, data: bytes, path: str) -> Photo:
        """The photo in `data`, under this analyser's limit. Raises: UnreadablePhoto."""
        return Photo(data, path, max_megapixels=self.max_megapixels)

    def __call__(self, photo: Photo) -> AnalysedPhoto:
        """The faces of `photo`, left to right. Raises: UnreadablePhoto, ModelError."""
        longer = max(photo.width, photo.height)
        scale = detection_scale(photo.width, photo.height, self.min_face)
        pixels = photo.pixels(round(longer * min(scale, 1.0)))
        zoom = _zoom(photo, pixels)
        detections = [detection.scaled(zoom) for detection in detect(pixels, scale * zoom)]
        if not detections:
            return AnalysedPhoto(photo.width, photo.height, ())
        smallest = min(detection.side for detection in detections)
        pixels = photo.pixels(round(longer * min(1.0, ENOUGH_FACE_PIXELS / smallest)))
        return AnalysedPhoto(photo.width, photo.height, self._faces(photo, pixels, detections))

    def _faces(self, photo: Photo, pixels: Pixels, detections: list[Detection]) -> tuple[Face, ...]:
        zoom = _zoom(photo, pixels)
        points = [place_landmarks(pixels, d.scaled(1 / zoom).box(), self.recipe.landmarks) for d in detections]
        vectors = encode([face_chip(pixels, landmarks) for landmarks in points], self.recipe)
        return tuple(
            Face(detection.box(), detection.score, landmarks * zoom, vector)
            for detection, landmarks, vector in zip(detections, points, vectors, strict=True)
        )


def _zoom(photo: Photo, pixels: Pixels) -> float:
    """Factor from the decoded image to the upright photo, by the longer side."""
    return max(photo.width, photo.height) / float(max(pixels.shape[:2]))
