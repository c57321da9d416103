"""Areas are read as they lie on the faces; those of another picture are not read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from faceindex.exchange.xmp.region_frames import Frame, frame_of
from faceindex.photos.metadata.areas import Area, area_of, box_of, stored, stored_size
from faceindex.photos.metadata.xmp import Packet
from faceindex.photos.packets import Header
from faceindex.types import Box

SIZE = (640, 360)
FACES = [Box(72, 62, 104, 128), Box(357, 158, 71, 88), Box(546, 46, 57, 70)]
LARGER = [Box(52, 22, 144, 188), Box(340, 130, 108, 130), Box(530, 30, 90, 100)]
"""The faces as programs draw them, with hair and chin."""

ORIENTATIONS = range(1, 9)
Sides = tuple[float, float]


def frame(
    areas: Sequence[Area],
    *,
    orientation: int = 1,
    sides: Sides | None = None,
    faces: Sequence[Box] = FACES,
    size: tuple[int, int] = SIZE,
    undone: bool = False,
    digikam: bool = False,
) -> Frame | None:
    data = Packet.empty(1).as_bytes().replace(b' tiff:Orientation="1"', b"")
    if digikam:
        data = data.replace(b"<rdf:Description", b'<rdf:Description xmlns:d="http://www.digikam.org/ns/1.0/" d:a="1"')
    return frame_of(Header(orientation, undone, None), Packet(data), areas, sides, faces, size)


def boxes(found: Frame | None, areas: Sequence[Area]) -> list[Box]:
    assert found is not None
    return [box_of(found.upright(area, SIZE), SIZE) for area in areas]


def near(found: Sequence[Box], wanted: Sequence[Box]) -> bool:
    return all(box.overlap(other) > 0.95 for box, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("sides", ["stored", "upright", None])
@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_reading_that_fits_the_faces_is_used(
    orientation: int, upright: bool, sides: str | None, undone: bool
) -> None:
    known = {"stored": stored_size(SIZE, orientation), "upright": SIZE}
    right = [area_of(box, SIZE) for box in LARGER]
    areas = right if upright else [stored(area, orientation) for area in right]
    said = known[sides] if sides else None
    found = frame(areas, orientation=orientation, sides=said, undone=undone)
    assert near(boxes(found, areas), LARGER)
    assert found is not None
    assert near([box_of(found.written(area, SIZE), (1000, 1000)) for area in right],
                [box_of(area, (1000, 1000)) for area in areas])  # fmt: skip


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_areas_over_the_stored_sides_are_digikams_until_6_2(orientation: int) -> None:
    sides = stored_size(SIZE, orientation)
    areas = [Area(a.x * 640 / 360, a.y * 360 / 640, a.width * 640 / 360, a.height * 360 / 640)
             for a in (area_of(box, SIZE) for box in LARGER)]  # fmt: skip
    found = frame(areas, orientation=orientation, sides=sides, digikam=True)
    assert near(boxes(found, areas), LARGER)
    assert found == Frame(1, over_stored=True)
    assert found.sides(SIZE) == sides
    assert frame(areas, orientation=orientation, sides=sides) != found


def test_the_standard_decides_between_equally_good_readings() -> None:
    middle = [Box(290, 150, 60, 60)]
    assert frame([area_of(middle[0], SIZE)], orientation=3, faces=middle) == Frame(3)
    assert frame([Area(0.1, 0.9, 0.1, 0.1)], orientation=3) == Frame(3)  # on no face in any way
    assert frame([], orientation=6) == Frame(6)


@pytest.mark.parametrize("turn", range(2, 9))
@pytest.mark.parametrize("said", [True, False])
def test_regions_of_a_picture_that_was_turned_since_are_not_read(turn: int, said: bool) -> None:
    """As jpegtran and many programs leave them, with or without the new sides."""
    areas = [stored(area_of(box, SIZE), turn) for box in LARGER]
    assert frame(areas, sides=stored_size(SIZE, turn) if said else None) is None


@pytest.mark.parametrize("sides", [(640, 300), (500, 360), (1000, 1000), (300, 640), (4000, 3000)])
def test_regions_of_a_picture_of_another_shape_are_not_read(sides: Sides) -> None:
    assert frame([area_of(box, SIZE) for box in LARGER], sides=sides) is None


@pytest.mark.parametrize("sides", [(640, 360), (642, 364), (1280, 720), (6400, 3600), (320, 180), (6024, 3376)])
def test_regions_of_a_picture_that_was_resized_are_read(sides: Sides) -> None:
    areas = [area_of(box, SIZE) for box in LARGER]
    assert near(boxes(frame(areas, sides=sides), areas), LARGER)


@pytest.mark.parametrize("corner", [(0, 0), (60, 40), (150, 80), (0, 80)])
def test_regions_of_a_picture_that_was_cropped_in_its_shape_are_not_read(corner: tuple[int, int]) -> None:
    left, top = corner
    faces = [Box(box.x - left, box.y - top, box.width, box.height) for box in FACES[:2]]
    areas = [area_of(box, SIZE) for box in LARGER]
    assert frame(areas, sides=SIZE, faces=faces, size=(480, 270)) is None


@pytest.mark.parametrize(
    ("places", "corner"),
    [
        ([(270, 250), (530, 200), (300, 60)], (110, 10)),
        ([(280, 180), (550, 140), (380, 130)], (130, 30)),
        ([(230, 230), (30, 100), (400, 230)], (50, 50)),
        ([(200, 50), (60, 170), (420, 170)], (20, 50)),
    ],
)
def test_a_crop_is_known_by_regions_that_lie_better_on_faces_when_they_are_moved(
    places: list[tuple[int, int]], corner: tuple[int, int]
) -> None:
    """Each has a region that happens to lie on somebody's face in the crop, too."""
    before = [Box(x, y, 80, 100) for x, y in places]
    moved = [Box(box.x - corner[0], box.y - corner[1], 80, 100) for box in before]
    faces = [box for box in moved if 0 <= box.x + 40 <= 480 and 0 <= box.y + 50 <= 270]
    assert frame([area_of(box, SIZE) for box in before], sides=SIZE, faces=faces, size=(480, 270)) is None
