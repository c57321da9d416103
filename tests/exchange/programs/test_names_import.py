"""Names from other programs arrive on the right faces, and on no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from foreign_exports import EXPORTS
from moved_set import expected

import faceindex


def judged(library: faceindex.Library) -> tuple[int, int]:
    """Names on the right faces, and on wrong ones."""
    true = {(photo, person): box for photo, person, box in expected()}
    named = [face for face in library.faces if face.person and face.confirmed]
    right = [
        face
        for face in named
        if (box := true.get((Path(face.photo).name, str(face.person)))) is not None and box.overlap(face.box) > 0.3
    ]
    return len(right), len(named) - len(right)


ALL = len(list(expected()))


@pytest.mark.parametrize("export", EXPORTS)
def test_every_name_comes_to_its_face_and_none_to_another(
    library: faceindex.Library, photos: Path, tmp_path: Path, export: str
) -> None:
    program, write = EXPORTS[export]
    path = write(photos, tmp_path / "export")
    would = library.people.import_names(program, path, dry_run=True)
    assert (would.named, would.act, judged(library)) == (ALL, None, (0, 0))
    done = library.people.import_names(program, path)
    assert judged(library) == (ALL, 0)
    assert (done.photos, done.found, done.names, done.named, done.bad) == (32, 32, ALL, ALL, 0)
    if export not in ("takeout", "xmp"):
        assert done.moved == 8


def test_albums_tell_who_is_who_in_photos_of_several_people(
    library: faceindex.Library, photos: Path, tmp_path: Path
) -> None:
    takeout = EXPORTS["takeout"][1](photos, tmp_path / "export")
    for text in takeout.glob("alone-*.json"):
        text.unlink()
    done = library.people.import_names("takeout", takeout)
    right, wrong = judged(library)
    assert wrong == 0
    assert right == done.named >= 40  # of 49, and nobody is alone on a photo
    assert done.unsure == 49 - right
    assert {name.person for name in done.unsure_names} <= {person for _, person, _ in expected()}
    assert all(name.faces for name in done.unsure_names)
