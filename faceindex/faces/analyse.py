"""The analyser: a photo goes in, its faces come out. Picklable, so that any pool can run it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from faceindex.faces.align import Landmarks, align
from faceindex.faces.aligned import AlignedFace, AlignedPhoto, encode_photos
from faceindex.faces.alignments import FIVE_POINTS, Part, Picture
from faceindex.faces.detect import Detection, check_min_face, detect, detection_scale
from faceindex.faces.engine import DEFAULT_ENGINE, Engine, as_engine
from faceindex.faces.recipe import DEFAULT_RECIPE, Recipe, as_recipe
from faceindex.faces.stopwatch import Stopwatch
from faceindex.faces.tilt import DOUBTFUL_SCORE, correct_tilt
from faceindex.faces.turns import turned, way_up
from faceindex.models.weights import weights
from faceindex.photos.decode import Photo
from faceindex.photos.limits import DEFAULT_MAX_MEGAPIXELS
from faceindex.photos.pictures import PictureLike, photo_of
from faceindex.types import AnalysedPhoto, Face, Pixels

if TYPE_CHECKING:
    from faceindex.faces.quality import Sight

ENOUGH = 64
"""Pixels of a face's longer side; for more, a JPEG is not decoded again. On lfw-dev, of one photo of each of 124 people
reduced to 62 pixels, distances to another photo of the same person grow by 0.01 and none fails; with 49 by 0.02."""

SPARE = 2
"""A JPEG is decoded at twice the scanned size as long as that is half of its own: it costs little more than the scanned
size, and often spares a second decoding for the chips."""

LARGE = 128
"""Pixels of a face's side. Where a recipe follows tilted heads, a face of twice as many is reduced before it is
aligned, once for all that is done with it; other recipes keep to the pixels of their first libraries."""

REACH = 1.2
"""Parts of a face's side by which chips may reach beyond its box, turned ones with a wide margin."""


@dataclass(frozen=True, slots=True)
class Analyser:
    """Finds the faces of a photo, their vectors and their quality.

    min_face: see `detection_scale`. max_megapixels: photos of more pixels are refused before decoding.
    engine: what runs the networks; it does not change the result. rated: whether the quality is measured; who only
    compares vectors does without.
    """

    recipe: Recipe
    min_face: int | None = None
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
    engine: Engine = DEFAULT_ENGINE
    rated: bool = True

    def on_cpu(self) -> Analyser:
        """The same for a process that leaves the encoding, and so the device, to another one."""
        return replace(self, engine=replace(self.engine, device="cpu"))

    def check_models(self) -> None:
        """Fail early. Raises: ModelError when weights are missing or altered; UsageError for a wrong engine."""
        self.engine.check(self.recipe.precision)
        for model in self.recipe.needs:
            weights(model)

    def try_out(self, *, align: bool = True, encode: bool = True) -> None:
        """Load everything that photos need, and run it once on a drawn picture. Raises: whatever is wrong with it.

        Without align, the detector is left out, for a process that only encodes; without encode, the encoders.
        """
        drawn = Image.linear_gradient("L").resize((160, 160)).convert("RGB")
        file = BytesIO()
        drawn.save(file, "PNG")
        if align:
            self.align(self.open(file.getvalue(), "a drawn picture"))
        face = Detection(24, 24, 136, 136, 1.0, FIVE_POINTS.astype(np.float32) + 24)
        faces = self._aligned(drawn, [face], max(drawn.size))
        if encode:
            self.encode([AlignedPhoto(AnalysedPhoto(*drawn.size, ()), faces)])

    def open(self, data: bytes, path: str) -> Photo:
        """The photo in `data`, under this analyser's limit. Raises: UnreadablePhoto."""
        return Photo(data, path, max_megapixels=self.max_megapixels)

    def __call__(self, photo: Photo, stopwatch: Stopwatch | None = None) -> AnalysedPhoto:
        """The faces of `photo`, left to right as they are seen upright. Raises: UnreadablePhoto, ModelError.

        stopwatch: gets the seconds of "decode", "detect", "align" and "encode".
        """
        stopwatch = stopwatch or Stopwatch()
        aligned = self.align(photo, stopwatch)
        with stopwatch.stage("encode"):
            (analysed,) = self.encode([aligned])
        return analysed

    def encode(self, photos: Sequence[AlignedPhoto]) -> list[AnalysedPhoto]:
        """The photos with the vectors of their faces, encoded together. Raises: ModelError."""
        return encode_photos(photos, self.recipe, self.engine)

    def align(self, photo: Photo, stopwatch: Stopwatch | None = None) -> AlignedPhoto:
        """The faces of `photo` up to their chips: all but `encode`. Raises: UnreadablePhoto, ModelError.

        A photo whose faces lie on their side or head is turned before; boxes and landmarks are in pixels of the photo
        as it is shown, by its EXIF orientation alone.
        """
        stopwatch = stopwatch or Stopwatch()
        longer = max(photo.width, photo.height)
        scale = detection_scale(photo.width, photo.height, self.min_face, self.recipe.detector)
        with stopwatch.stage("decode"):
            image = photo.image(round(longer * max(min(scale, 1.0), min(SPARE * scale, 0.5))))
        zoom = longer / max(image.size)
        with stopwatch.stage("detect"):
            found, turn = self._found(image, scale * zoom)
        if not found:
            return AlignedPhoto(self._known(photo, 0))
        detections = [detection.scaled(zoom) for detection in found]
        smallest = min(detection.side for detection in detections)
        with stopwatch.stage("decode"):
            image = photo.image(round(longer * min(1.0, ENOUGH / smallest)))
        with stopwatch.stage("align"):
            faces = self._aligned(turned(image, turn), detections, longer)
        return AlignedPhoto(self._known(photo, turn), faces)

    def _known(self, photo: Photo, turn: int) -> AnalysedPhoto:
        return AnalysedPhoto(photo.width, photo.height, (), photo.warning, photo.taken, photo.taken_from, turn)

    def _found(self, image: Image.Image, scale: float) -> tuple[list[Detection], int]:
        """The faces of the photo as it has to be turned, left to right, and that turn, see `way_up`."""

        def scan(image: Image.Image) -> list[Detection]:
            detector = self.recipe.detector
            return detect(image, scale, detector=detector, engine=self.engine, doubtful=self._doubtful)

        found = scan(image)
        turn = way_up(image, scale, found, self.engine) if self.recipe.detector == "yunet" else 0
        return (scan(turned(image, turn)), turn) if turn else (found, 0)

    def _aligned(self, image: Image.Image, detections: list[Detection], longer: int) -> tuple[AlignedFace, ...]:
        """longer: side of the photo, of which `image` is a reduced version or all."""
        zoom = longer / max(image.size)
        faces = (self._align(image, found, zoom) for found in detections)
        return tuple(face for face in faces if face)

    @property
    def _doubtful(self) -> float | None:
        """Score from which a face is looked at whose tilt may be why it scores no more."""
        return None if self.recipe.card.follow_tilt is None else DOUBTFUL_SCORE

    def _align(self, image: Image.Image, detection: Detection, zoom: float) -> AlignedFace | None:
        """A face, from the part of `image` around it; None when it is none after all. detection: in pixels of the
        photo. zoom: of these in one of `image`."""
        found = detection.scaled(1 / zoom)
        reach = REACH * found.side
        left, top = max(0, int(found.left - reach)), max(0, int(found.top - reach))
        right, bottom = min(image.width, int(found.right + reach)), min(image.height, int(found.bottom + reach))
        around = (left, top, max(right, left + 1), max(bottom, top + 1))
        reduction = 1 if self.recipe.card.follow_tilt is None else max(1, int(found.side / LARGE))
        part = Part(image, around) if reduction == 1 else image.reduce(reduction, around)
        corner = np.array([left, top]) + (reduction - 1) / 2
        shifted: Detection | None = found.shifted(*-corner).scaled(1 / reduction)
        if shifted and self.recipe.card.follow_tilt is not None:
            shifted = correct_tilt(part, shifted, self.recipe.card.follow_tilt, self.engine)
        if shifted is None:
            return None
        landmarks, chips = align(part, shifted, self.recipe)
        sight = self._sight(part, landmarks, chips, zoom * reduction)
        placed = (landmarks * reduction + corner).astype(np.float32)
        return AlignedFace(detection, placed * zoom, chips, sight)

    def _sight(self, part: Picture, landmarks: Landmarks, chips: list[Pixels], zoom: float) -> Sight | None:
        if not self.rated:
            return None
        from faceindex.faces.quality import sight

        return sight(part, landmarks, chips, self.recipe, zoom)


def analyse(
    image: PictureLike,
    *,
    recipe: Recipe | str = DEFAULT_RECIPE,
    min_face: int | None = None,
    engine: Engine | str = DEFAULT_ENGINE,
) -> list[Face]:
    """The faces of a photo, left to right, with box, landmarks, quality and vector; empty when there is none.

    image: a path, the bytes of a file, an open file, a PIL image, or RGB pixels, uint8 [h, w, 3]. recipe: or its name.
    min_face: thousandths of the photo's longer side, default the detector's. engine: or its name.
    Raises: UnreadablePhoto; UsageError; ModelError.
    """
    smallest = None if min_face is None else check_min_face(min_face)
    analyser = Analyser(as_recipe(recipe), smallest, engine=as_engine(engine))
    analyser.check_models()
    return list(analyser(photo_of(image)).faces)
