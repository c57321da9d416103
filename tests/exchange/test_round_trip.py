"""Names go out of one library as XMP and come into another one, on the same faces, however a photo is turned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from orientations import TO_STORED
from PIL import Image
from xmp_samples import digikam, lightroom

import faceindex
from faceindex.photos.decode import open_photo
from faceindex.photos.metadata.areas import area_of
from faceindex.types import Box, Pixels

FORMATS = (".jpg", ".png", ".heic")

Named = dict[tuple[str, str], Box]


@pytest.fixture(scope="module")
def two_faces(astronaut: Pixels) -> Image.Image:
    """Two faces, one larger, in a picture that is wider than high and has no symmetry."""
    face = Image.fromarray(astronaut).crop((120, 0, 330, 260))
    picture = Image.new("RGB", (560, 320), "grey")
    picture.paste(face, (20, 30))
    picture.paste(face.resize((168, 208)), (340, 90))
    return picture


@pytest.fixture(scope="module")
def turned(two_faces: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The picture in every orientation and format."""
    folder = tmp_path_factory.mktemp("turned")
    for orientation, turn in TO_STORED.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = two_faces if turn is None else two_faces.transpose(turn)
        for suffix in FORMATS:
            stored.save(folder / f"{orientation}{suffix}", exif=exif.tobytes(), quality=95)
    return folder


@pytest.fixture(scope="module")
def first(turned: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[faceindex.Library]:
    """A library in which the left faces are Ada's and the right ones Bob's."""
    with faceindex.Library(tmp_path_factory.mktemp("libraries") / "a.faces") as library:
        library.ingest([turned], workers=1)
        for face in library.faces:
            middle = face.box.x + face.box.width / 2
            library.people.name("Ada" if middle < 280 else "Bob", face=face.face)
        yield library


def named(library: faceindex.Library) -> Named:
    found = [face for face in library.faces if face.person]
    return {(Path(face.photo).name, str(face.person)): face.box for face in found}


@pytest.fixture(scope="module")
def second(
    first: faceindex.Library, turned: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[faceindex.Library]:
    assert first.photos.write_sidecars([turned]).written == 8 * len(FORMATS)
    with faceindex.Library(tmp_path_factory.mktemp("libraries") / "b.faces") as library:
        report = library.ingest([turned], workers=1, xmp=True)
        assert report.xmp is not None
        assert (report.xmp.names, report.xmp.named, report.xmp.without_face) == (48, 48, 0)
        yield library


def test_the_test_library_has_all_its_faces(first: faceindex.Library) -> None:
    assert len(list(first.faces)) == 2 * 8 * len(FORMATS)
    assert len(named(first)) == 48


def test_every_name_is_given_to_its_face(first: faceindex.Library, second: faceindex.Library) -> None:
    assert named(second) == named(first)


def test_photos_that_are_in_a_library_already_get_their_names(
    first: faceindex.Library, second: faceindex.Library, turned: Path
) -> None:
    face = next(iter(second.faces))
    second.people.name("Cy", face=face.face)
    report = second.ingest([turned], workers=1, xmp=True)
    assert report.new == 0
    assert report.xmp is not None
    assert (report.xmp.named, report.xmp.decided) == (0, 48)
    assert second.faces.get(face.face).person == "Cy"


def test_sidecars_of_the_second_library_say_the_same(second: faceindex.Library, turned: Path, tmp_path: Path) -> None:
    """And they are of the stored picture: the same region in all photos of one orientation."""
    before = {path.name: path.read_bytes() for path in turned.glob("*.png.xmp")}
    assert len(before) == 8
    second.photos.write_sidecars([turned / "6.png"], to=tmp_path)
    written = (tmp_path / "6.png.xmp").read_text()
    assert 'tiff:Orientation="6"' in written
    assert 'stDim:w="320" stDim:h="560"' in written


def test_an_export_carries_sidecars_that_can_be_read(first: faceindex.Library, turned: Path, tmp_path: Path) -> None:
    done = first.albums.export(tmp_path / "out", xmp=True)
    assert done.sidecars == 48
    assert (tmp_path / "out" / "Ada" / "6.jpg.xmp").read_bytes() == (turned / "6.jpg.xmp").read_bytes()
    again = first.albums.export(tmp_path / "out", xmp=True)
    assert (again.made, again.kept, again.removed) == (0, 96, 0)
    (tmp_path / "out" / "Ada" / "6.jpg.xmp").write_text("mine")
    without = first.albums.export(tmp_path / "out")
    assert without.removed == 47
    assert [Path(left.path).name for left in without.left] == ["6.jpg.xmp"]


@pytest.mark.parametrize("write", [digikam, lightroom])
def test_a_photo_as_another_program_leaves_it_is_ingested_with_its_name(
    astronaut: Pixels, write: object, tmp_path: Path
) -> None:
    assert callable(write)
    picture = Image.fromarray(np.ascontiguousarray(astronaut))
    face = area_of(Box(170, 40, 110, 150), (512, 512))  # larger than a detector's box, as programs draw it
    (tmp_path / "photos").mkdir()
    packet = write(face.x, face.y, face.width, face.height)
    picture.save(tmp_path / "photos" / "a.jpg", xmp=packet, quality=95)
    assert open_photo(str(tmp_path / "photos" / "a.jpg")).width == 512
    with faceindex.Library(tmp_path / "x.faces") as library:
        report = library.ingest([tmp_path / "photos"], workers=1, xmp=True)
        assert report.xmp is not None
        assert (report.xmp.named, report.xmp.without_face) == (1, 0)
        assert [face.person for face in library.faces] == ["Eileen Collins"]
