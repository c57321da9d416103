"""A photo goes in, its faces come out: upright, at the best pixels, the same whatever the file's orientation."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from orientations import TO_STORED
from PIL import Image

from faceindex.faces.align import align, face_chip
from faceindex.faces.analyse import Analyser
from faceindex.faces.detect import detect, detection_scale
from faceindex.faces.encode import encoded
from faceindex.faces.quality import eye_distance, quality
from faceindex.faces.recipe import recipe
from faceindex.photos.decode import Photo
from faceindex.types import AnalysedPhoto, Face, Pixels


def analyse(image: Image.Image, form: str = "PNG", name: str = "dlib-raw", **options: object) -> AnalysedPhoto:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    analyser = Analyser(recipe(name))
    return analyser(analyser.open(buffer.getvalue(), "test"))


def surest(photo: AnalysedPhoto) -> Face:
    return max(photo.faces, key=lambda face: face.score)


def oriented(upright: Image.Image, orientation: int) -> AnalysedPhoto:
    turn = TO_STORED[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return analyse(upright if turn is None else upright.transpose(turn), exif=exif)


def test_all_eight_orientations_give_the_same_boxes_and_vectors(shared_data: Path) -> None:
    portrait = Image.open(shared_data / "album" / "diana" / "Diana_6.jpeg").convert("RGB").reduce(2)
    expected = oriented(portrait, 1)
    assert len(expected.faces) >= 1
    for orientation in range(2, 9):
        found = oriented(portrait, orientation)
        assert (found.width, found.height) == portrait.size
        assert [face.box for face in found.faces] == [face.box for face in expected.faces], orientation
        for face, same in zip(found.faces, expected.faces, strict=True):
            assert np.array_equal(face.landmarks, same.landmarks)
            assert np.array_equal(face.vector, same.vector)


def test_astronauts_face_is_found_in_pixels_of_the_photo(astronaut: Pixels) -> None:
    photo = analyse(Image.fromarray(astronaut))
    face = surest(photo)
    assert (photo.width, photo.height) == (512, 512)
    assert face.box.x < 224 < face.box.x + face.box.width
    assert face.score > 1
    assert face.landmarks.shape == (5, 2)
    assert face.vector.shape == (128,)


def test_face_in_a_large_photo_is_found_without_full_decoding_and_placed_in_full_pixels(astronaut: Pixels) -> None:
    large = Image.fromarray(astronaut).resize((6000, 6000), Image.Resampling.BICUBIC)
    small_face = surest(analyse(Image.fromarray(astronaut)))
    buffer = io.BytesIO()
    large.save(buffer, "JPEG", quality=95)
    analyser = Analyser(recipe("dlib-raw"))
    photo = analyser.open(buffer.getvalue(), "test")
    face = surest(analyser(photo))
    assert max(photo.pixels(1).shape) < 6000  # what is kept in memory is a reduced decoding
    assert np.allclose(np.array(face.box.as_list()), np.array(small_face.box.as_list()) * 6000 / 512, atol=200)
    assert np.linalg.norm(face.vector - small_face.vector) < 0.3


def test_small_face_in_a_large_photo_is_cut_from_full_pixels(astronaut: Pixels) -> None:
    """The chip of a face of 90 pixels must not come from the reduced image that was scanned."""
    canvas = Image.new("RGB", (2400, 1800), "grey")
    canvas.paste(Image.fromarray(astronaut), (900, 700))
    whole = surest(analyse(Image.fromarray(astronaut)))
    face = surest(analyse(canvas, "JPEG", quality=98))
    assert np.linalg.norm(face.vector - whole.vector) < 0.2


@pytest.mark.parametrize("name", ["dlib", "dlib-raw", "sface"])
def test_every_face_has_a_quality(astronaut: Pixels, name: str) -> None:
    assert 0.8 < surest(analyse(Image.fromarray(astronaut), name=name)).quality < 1


@pytest.mark.parametrize("name", ["dlib", "sface"])
def test_a_small_face_has_a_worse_quality(astronaut: Pixels, name: str) -> None:
    whole = surest(analyse(Image.fromarray(astronaut), name=name))
    small = Image.new("RGB", (512, 512), "grey")
    small.paste(Image.fromarray(astronaut).resize((140, 140)), (180, 180))
    assert 0 <= surest(analyse(small, name=name)).quality < whole.quality - 0.02


def test_quality_is_of_the_photos_pixels_and_of_what_the_encoder_says_of_the_mirror_image(astronaut: Pixels) -> None:
    pixels = np.ascontiguousarray(astronaut[:260, 100:360])
    (face,) = analyse(Image.fromarray(pixels), name="dlib").faces
    (detection,) = detect(pixels, detection_scale(260, 260))
    landmarks, chips = align(pixels, detection, recipe("dlib"))
    distances = encoded([chips], recipe("dlib")).mirror_distances
    assert distances is not None
    expected = quality(face_chip(pixels, landmarks), eye_distance(landmarks), float(distances[0]))
    assert face.quality == pytest.approx(expected, abs=0.01)
    enlarged = Image.fromarray(pixels).resize((1040, 1040), Image.Resampling.BICUBIC)
    assert surest(analyse(enlarged, name="dlib")).quality == pytest.approx(expected, abs=0.05)


def test_photo_without_people_has_no_faces() -> None:
    assert analyse(Image.new("RGB", (640, 480), "white")).faces == ()


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (79, 79)])
def test_tiny_and_thin_photos_are_no_problem(size: tuple[int, int]) -> None:
    assert analyse(Image.new("RGB", size, "white")).faces == ()


def test_analyser_can_be_sent_to_another_process() -> None:
    analyser = Analyser(recipe("dlib", jitter=2), min_face=30, max_megapixels=10)
    assert pickle.loads(pickle.dumps(analyser)) == analyser


def test_what_is_wrong_with_a_photo_that_was_read_is_kept(astronaut: Pixels) -> None:
    buffer = io.BytesIO()
    Image.fromarray(astronaut).save(buffer, "JPEG")
    analyser = Analyser(recipe("sface"))
    whole, cut_off = (analyser(Photo(buffer.getvalue()[:length], "a.jpg")) for length in (None, -60))
    assert whole.warning is None
    assert cut_off.warning is not None
    assert cut_off.warning.startswith("cut off")
    assert len(cut_off.faces) == len(whole.faces) == 1
    np.testing.assert_array_equal(cut_off.faces[0].vector, whole.faces[0].vector)
