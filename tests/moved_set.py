"""Photos of six people for imports of names: alone, in twos and threes, in every orientation, with wrong boxes.

They are put together from photos of Labeled Faces in the Wild, so each test makes them in a folder of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orientations import TO_STORED
from PIL import Image

from faceindex.types import Box

PEOPLE = ("Abdullah_Gul", "Amelie_Mauresmo", "Kofi_Annan", "Jennifer_Capriati", "Jiang_Zemin", "Gray_Davis")
SIDE = 250
FACE = Box(70, 65, 110, 120)
"""Where a face is in a photo of the set, as a person would draw it."""


@dataclass(frozen=True, slots=True)
class MovedPhoto:
    """name: of its file. people: from left to right. orientation: EXIF. said: for each person the box that another
    program has; a wrong one lies on a neighbour or on nobody."""

    name: str
    people: tuple[str, ...]
    numbers: tuple[int, ...]
    orientation: int
    said: tuple[Box, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright."""
        return SIDE * len(self.people), SIDE

    def true_box(self, person: str) -> Box:
        """Where the person's face is, in the upright photo."""
        return place(self.people.index(person))


def place(number: int) -> Box:
    """The box of the face at this place, from the left."""
    return Box(FACE.x + number * SIDE, FACE.y, FACE.width, FACE.height)


def moved_photos() -> list[MovedPhoto]:
    """All photos of the set; each picture of a person is in one photo only."""
    pictures = {person: iter(range(1, 20)) for person in PEOPLE}
    photos: list[MovedPhoto] = []

    def add(name: str, people: tuple[str, ...], orientation: int, said: tuple[Box, ...] | None = None) -> None:
        numbers = tuple(next(pictures[person]) for person in people)
        boxes = tuple(map(place, range(len(people)))) if said is None else said
        photos.append(MovedPhoto(f"{name}.jpg", people, numbers, orientation, boxes))

    for person in PEOPLE:
        for number in (1, 2):
            add(f"alone-{person}-{number}", (person,), 1)
    for orientation in TO_STORED:
        one, other = PEOPLE[orientation % 6], PEOPLE[(orientation + 1) % 6]
        add(f"two-{orientation}", (one, other), orientation)
        three = (PEOPLE[orientation % 6], PEOPLE[(orientation + 2) % 6], PEOPLE[(orientation + 3) % 6])
        add(f"three-{orientation}", three, orientation)
    nowhere = Box(2, 2, 40, 40)
    add("swapped", (PEOPLE[0], PEOPLE[1]), 1, (place(1), place(0)))
    add("swapped-turned", (PEOPLE[2], PEOPLE[3]), 6, (place(1), place(0)))
    add("shifted", (PEOPLE[4], PEOPLE[5], PEOPLE[0]), 1, (place(1), place(2), Box(700, 2, 40, 40)))
    add("nowhere", (PEOPLE[1], PEOPLE[2]), 1, (nowhere, place(1)))
    return photos


def write_photos(lfw: Path, folder: Path) -> None:
    """Write the photos as their orientation stores them. lfw: the folder of people."""
    folder.mkdir(parents=True)
    for photo in moved_photos():
        picture = Image.new("RGB", photo.size, "grey")
        for number, (person, own) in enumerate(zip(photo.people, photo.numbers, strict=True)):
            with Image.open(lfw / person / f"{person}_{own:04d}.jpg") as face:
                picture.paste(face.resize((SIDE, SIDE)), (number * SIDE, 0))
        turn = TO_STORED[photo.orientation]
        exif = Image.Exif()
        exif[0x0112] = photo.orientation
        stored = picture if turn is None else picture.transpose(turn)
        stored.save(folder / photo.name, exif=exif.tobytes(), quality=92)


def expected() -> Iterator[tuple[str, str, Box]]:
    """(photo, person, true box) of every name of the set."""
    for photo in moved_photos():
        for person in photo.people:
            yield photo.name, person.replace("_", " "), photo.true_box(person)
