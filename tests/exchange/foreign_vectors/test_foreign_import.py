"""Vectors of other programs become faces: with names, with photos, searched, and never twice."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import faceindex
from faceindex.errors import RecipeMismatch, UsageError
from faceindex.exchange.foreign_vectors import foreign_import
from faceindex.exchange.foreign_vectors.foreign_recipe import looks_like_dlib
from faceindex.faces.recipe import recipe
from faceindex.types import Box, Vectors


def encodings(count: int, seed: int = 0) -> Vectors:
    """float32 [n, 128], as long as dlib's."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, 128))
    lengths = random.normal(1.43, 0.08, size=(count, 1))
    found: Vectors = (vectors * lengths / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found


def pickled(path: Path, value: Any) -> Path:
    path.write_bytes(pickle.dumps(value))
    return path


@pytest.fixture(scope="module")
def photo_with_encoding(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Box, Vectors]:
    """A photo, and its only face as face_recognition has it."""
    with faceindex.Library(tmp_path_factory.mktemp("raw") / "raw.faces", recipe=recipe("dlib-raw")) as library:
        library.ingest([many_photos / "03.jpg"], workers=1)
        ((face, vector),) = library.faces.with_vectors()
        assert vector is not None
        return many_photos / "03.jpg", face.box, vector


def css(box: Box) -> tuple[int, int, int, int]:
    return box.y, box.x + box.width, box.y + box.height, box.x


def test_encodings_with_names_become_dlib_raw_and_are_imported_once(tmp_path: Path) -> None:
    vectors = encodings(3000)
    names = [f"Person {number % 100}" for number in range(3000)]
    path = pickled(tmp_path / "e.pickle", {"encodings": list(vectors.astype(np.float64)), "names": names})
    with faceindex.Library(tmp_path / "x.faces") as library:
        report = library.import_([path])
        assert (report.rows, report.faces, report.photos, report.named, report.known) == (3000, 3000, 3000, 3000, 0)
        assert library.recipe == recipe("dlib-raw")
        ids, stored = library._opened.folder.vectors()
        assert stored.tobytes() == vectors.tobytes()
        assert [library.faces.get(int(face)).person for face in ids[:3]] == names[:3]
        assert library.faces.get(13).photo == f"{path}/row 12"
        assert len(list(library.people)) == 100
        state = library._opened.folder.catalog.faces_state()
        again = library.import_([path])
        assert (again.faces, again.known, again.named, again.decided) == (0, 3000, 0, 0)
        assert (library._opened.folder.catalog.faces_state(), len(list(library.history))) == (state, 100)
        assert not library.care.check(deep=True).damage
        (tmp_path / "elsewhere").mkdir()
        moved = shutil.move(path, tmp_path / "elsewhere")
        assert library.import_([moved]).faces == 0  # a row is known by the file's name, its number and its vector


def test_a_photo_finds_its_own_encoding(tmp_path: Path, photo_with_encoding: tuple[Path, Box, Vectors]) -> None:
    photo, _, vector = photo_with_encoding
    value = {"encodings": [vector, *encodings(20)], "names": ["Eileen"] * 1 + ["Other"] * 20}
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.import_([pickled(tmp_path / "e.pkl", value)])
        (found,) = library.search(photo)
        assert (found.matches[0].person, found.matches[0].photo) == ("Eileen", f"{tmp_path}/e.pkl/row 0")
        assert found.matches[0].distance < 1e-3
        assert library.identify(photo)[0].person == "Eileen"


def test_photos_that_are_there_are_known_to_a_later_ingest(
    tmp_path: Path, photo_with_encoding: tuple[Path, Box, Vectors]
) -> None:
    photo, box, vector = photo_with_encoding
    (tmp_path / "set").mkdir()
    shutil.copy(photo, tmp_path / "set" / "a.jpg")
    shutil.copy(photo, tmp_path / "set" / "copy.jpg")
    rows = [
        {"imagePath": "set/a.jpg", "loc": css(box), "encoding": vector, "name": "Eileen"},
        {"imagePath": "set/copy.jpg", "loc": css(box), "encoding": vector, "name": "Eileen"},
        {"imagePath": "set/away.jpg", "loc": (5, 50, 50, 5), "encoding": encodings(2)[0], "name": "Ann"},
        {"imagePath": "set/away.jpg", "loc": (5, 150, 50, 105), "encoding": encodings(2)[1]},
    ]
    path = pickled(tmp_path / "e.pickle", rows)
    with faceindex.Library(tmp_path / "x.faces") as library:
        report = library.import_([path])
        assert (report.photos, report.faces, report.known, report.without_face) == (2, 3, 1, ())
        by_path = {record.path: record for record in library.photos}
        assert set(by_path) == {str(tmp_path / "set" / name) for name in ("a.jpg", "copy.jpg", "away.jpg")}
        assert (by_path[str(tmp_path / "set" / "a.jpg")].width, by_path[str(tmp_path / "set" / "a.jpg")].faces) == (
            260,
            1,
        )
        face = library._opened.folder.catalog.faces_at(str(tmp_path / "set" / "a.jpg"))[0]
        assert (face.box, face.person, face.photo_size) == (box, "Eileen", (260, 260))
        done = library.ingest([tmp_path / "set"], workers=1)
        assert (done.seen, done.unchanged, done.new) == (2, 2, 0)
        pruned = library.ingest([tmp_path / "set"], workers=1, prune=True).pruned
        assert pruned is not None
        assert pruned.removed.paths == 0  # a photo that never was here is not gone
        assert library.import_([path]).faces == 0
        assert library.import_([path]).without_face == ()


def test_rows_meet_the_faces_of_photos_that_were_ingested(
    tmp_path: Path, photo_with_encoding: tuple[Path, Box, Vectors]
) -> None:
    photo, box, vector = photo_with_encoding
    nearby = Box(box.x + 5, box.y - 3, box.width, box.height + 10)
    rows = [{"path": str(photo), "encoding": vector.tolist(), "name": "Eileen"}]
    other = [{"path": str(photo), "encoding": encodings(1)[0], "loc": css(nearby), "name": "Amelia"}]
    nowhere = [{"path": str(photo), "encoding": encodings(1)[0], "loc": (0, 9, 9, 0), "name": "Sally"}]
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        library.ingest([photo], workers=1)
        assert library.import_([pickled(tmp_path / "1.pkl", rows)]).named == 1
        kept = library.import_([pickled(tmp_path / "2.pkl", other)])
        assert (kept.known, kept.named, kept.decided, kept.faces) == (1, 0, 1, 0)
        listed = library.import_([pickled(tmp_path / "3.pkl", nowhere)])
        assert [wrong.path for wrong in listed.without_face] == [f"{tmp_path}/3.pkl, row 0"]
        assert [face.person for face in library.faces] == ["Eileen"]


def test_a_row_is_removed_forgotten_and_listed_by_the_name_of_its_file(tmp_path: Path) -> None:
    path = pickled(tmp_path / "e.pkl", {"encodings": list(encodings(12)), "names": ["Ann", "Ben"] * 6})
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.import_([path])
        assert len(list(library.photos.under(path))) == 12
        library.albums.reject([2])
        library.photos.remove([f"{path}/row 1", f"{path}/row 2"])
        assert library.import_([path]).photos == 2
        people = {face.photo: face.person for face in library.faces}
        assert (people[f"{path}/row 1"], people[f"{path}/row 2"]) == (None, "Ann")
        library.people.forget("Ann")
        assert library.import_([path]).known == 12
        assert len(list(library.faces)) == 6
        assert library.photos.remove([path]).photos == 6


def test_prune_keeps_imported_rows_whose_file_is_missing(tmp_path: Path, many_photos: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(many_photos / "nothing-0.png", folder)
    path = pickled(folder / "e.pkl", list(encodings(5)))
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.import_([path])
        path.unlink()
        library.ingest([folder], workers=1, prune=True)
        assert len(list(library.faces)) == 5
        (folder / "away").mkdir()
        library.ingest([folder], workers=1, prune=True, exclude=["e.pkl"])
        assert len(list(library.faces)) == 5


def test_a_row_that_was_corrected_in_its_file_takes_the_place_of_the_former_one(tmp_path: Path) -> None:
    vectors = encodings(6)
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.import_([pickled(tmp_path / "e.pkl", {"encodings": list(vectors), "names": ["Ann"] * 6})])
        library.people.name("Grace", face=2)
        changed = vectors.copy()
        changed[1] += 0.001  # the same face, computed anew
        changed[4] = encodings(1, seed=9)[0]  # another one
        report = library.import_([pickled(tmp_path / "e.pkl", list(changed))])
        assert (report.known, report.photos, report.faces) == (4, 2, 1)
        people = {face.photo.rpartition(" ")[2]: face.person for face in library.faces}
        assert people == {"0": "Ann", "1": "Grace", "2": "Ann", "3": "Ann", "4": None, "5": "Ann"}
        np.testing.assert_array_equal(np.sort(library._opened.folder.vectors()[1], axis=0), np.sort(changed, axis=0))


def test_a_missing_photo_is_analysed_when_it_is_back(
    tmp_path: Path, photo_with_encoding: tuple[Path, Box, Vectors]
) -> None:
    photo, box, vector = photo_with_encoding
    row = {"imagePath": "a.jpg", "loc": css(box), "encoding": vector, "name": "Eileen"}
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.import_([pickled(tmp_path / "e.pkl", [row])])
        shutil.copy(photo, tmp_path / "a.jpg")
        assert library.ingest([tmp_path / "a.jpg"], workers=1).new == 1
        assert [(face.face, face.person, face.photo_size) for face in library.faces] == [(1, "Eileen", (260, 260))]
        assert library.import_([tmp_path / "e.pkl"]).known == 1


def test_a_killed_import_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pickled(tmp_path / "e.pkl", {"encodings": list(encodings(100)), "names": ["Ann"] * 100})
    monkeypatch.setattr(foreign_import, "_PHOTOS", 30)
    with faceindex.Library(tmp_path / "x.faces") as library:
        with monkeypatch.context() as patched:
            calls: list[object] = []

            def killed(*_: object) -> None:
                calls.append(None)
                if len(calls) == 2:
                    raise KeyboardInterrupt

            patched.setattr(foreign_import, "compact", killed)
            with pytest.raises(KeyboardInterrupt):
                library.import_([path])
        assert len(list(library.faces)) == 60
        report = library.import_([path])
        assert (report.known, report.faces, report.named) == (60, 40, 100)
        assert not library.care.check(deep=True).damage


def test_vectors_of_another_program_are_searched_by_vector_face_and_person(tmp_path: Path, many_photos: Path) -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(40, 512))
    who = np.arange(400) % 40
    vectors = (centres[who] + 0.3 * random.normal(size=(400, 512))).astype(np.float32)
    np.savez(tmp_path / "arc.npz", embeddings=vectors, names=np.array([f"Person {number}" for number in who]))
    with faceindex.Library(tmp_path / "x.faces") as library:
        assert library.import_([tmp_path / "arc.npz"], recipe="arcface").named == 400
        assert library.status().recipe == "arcface"
        (probe,) = library.faces.probes(face=1)
        found = library.faces.matches(probe, k=9)
        assert {match.person for match in found.matches} == {"Person 0"}
        assert (found.threshold, np.isnan(found.matches[0].confidence)) == (np.inf, True)
        assert len(library.faces.matches(probe, k=None).matches) == 399
        (person,) = library.faces.probes(person="Person 7")
        assert library.faces.matches(person, k=1).matches[0].person != "Person 7"  # whose faces it is made of
        np.save(tmp_path / "probe.npy", vectors[5:7] + 0.01)
        answers = list(library.search_many(tmp_path / "probe.npy", k=1))
        assert [answer.matches[0].face for answer in answers] == [6, 7]
        for use in (
            lambda: library.search(many_photos / "03.jpg"),
            lambda: library.identify(many_photos / "03.jpg"),
            lambda: library.verify(many_photos / "03.jpg", many_photos / "04.jpg"),
            lambda: library.ingest([many_photos]),
            lambda: list(library.search_many(many_photos)),
        ):
            with pytest.raises(UsageError, match="came from another program: no photo can be turned into one"):
                use()
        for unknown in (library.cluster, lambda: library.faces.matches(probe, fpir=0.1), library.people.suggestions):
            with pytest.raises(UsageError, match=r"nobody knows yet"):
                unknown()
        assert library.cluster(threshold=16, method="dbscan").albums == 40


def test_a_threshold_once_calibrated(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    who = np.repeat(np.arange(250), 3)
    vectors = (random.normal(size=(250, 256))[who] + 0.35 * random.normal(size=(750, 256))).astype(np.float32)
    np.savez(tmp_path / "arc.npz", vectors=vectors, names=np.array([f"Person {number}" for number in who]))
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.import_([tmp_path / "arc.npz"], recipe="arcface")
        library.care.calibrate(save=True)
        (probe,) = library.faces.probes(face=1)
        found = library.faces.matches(probe, k=100)
        assert [match.face for match in found.matches] in ([2, 3], [3, 2])
        assert found.matches[0].confidence > 0.9
        assert library.status().calibration == "own"


def test_vectors_go_only_where_their_recipe_is(tmp_path: Path) -> None:
    np.save(tmp_path / "512.npy", np.random.default_rng(0).normal(size=(9, 512)))
    np.save(tmp_path / "dlib.npy", encodings(9))
    unit = encodings(9)
    np.save(tmp_path / "unit.npy", unit / np.linalg.norm(unit, axis=1, keepdims=True))
    with faceindex.Library(tmp_path / "dlib.faces") as library:
        library.import_([tmp_path / "dlib.npy"])
        with pytest.raises(RecipeMismatch, match="holds vectors of recipe dlib-raw, not vectors-512"):
            library.import_([tmp_path / "512.npy"])
        with pytest.raises(RecipeMismatch, match="recipe dlib-raw, not vectors-128"):
            library.import_([tmp_path / "unit.npy"])
        with pytest.raises(UsageError, match="length 512; recipe dlib-raw makes 128"):
            library.import_([tmp_path / "512.npy"], recipe="dlib-raw")
        library.import_([tmp_path / "unit.npy"], recipe="dlib-raw")
        both = library.import_([tmp_path / "512.npy", tmp_path / "dlib.npy"])
        assert (both.files, [Path(wrong.path).name for wrong in both.failures]) == (1, ["512.npy"])
    with faceindex.Library(tmp_path / "512.faces") as library:
        library.import_([tmp_path / "512.npy"])
        np.save(tmp_path / "more.npy", np.random.default_rng(1).normal(size=(9, 512)))
        assert library.import_([tmp_path / "more.npy"]).total_faces == 18
        with pytest.raises(RecipeMismatch, match="vectors-512, not arcface"):
            library.import_([tmp_path / "more.npy"], recipe="arcface")


@pytest.mark.parametrize("name", ["", "Arc Face", "../x", "a" * 50])
def test_a_recipe_is_called_something_plain(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / "512.npy", np.random.default_rng(0).normal(size=(9, 512)))
    with faceindex.Library(tmp_path / "x.faces") as library, pytest.raises(UsageError, match="small letters"):
        library.import_([tmp_path / "512.npy"], recipe=name)
    assert not (tmp_path / "x.faces").exists()


def test_a_segment_of_a_library_says_whose_recipe_it_is(tmp_path: Path, small_library: faceindex.Library) -> None:
    shutil.copytree(small_library.path, tmp_path / "small.faces")
    with faceindex.Library(tmp_path / "small.faces") as copy:
        copy.care.compact()
        (segment,) = copy._opened.folder.catalog.segments()
    shutil.copy(tmp_path / "small.faces" / "vectors" / segment.file, tmp_path / "s.h5")
    with faceindex.Library(tmp_path / "x.faces") as library:
        assert library.import_([tmp_path / "s.h5"]).faces == 20
        assert library.recipe == small_library.recipe
    small_library.export(tmp_path / "x.npz", form="npz")
    with faceindex.Library(tmp_path / "y.faces") as library:
        assert library.import_([tmp_path / "x.npz"]).faces == 20
        assert library.recipe == small_library.recipe
        assert {face.photo for face in library.faces} == {face.photo for face in small_library.faces}
        assert {face.box for face in library.faces} == {face.box for face in small_library.faces}


def test_bad_numbers_in_arrays_are_bad_rows(tmp_path: Path) -> None:
    vectors = encodings(10)
    vectors[3, 4], vectors[7, 0] = np.nan, np.inf
    np.save(tmp_path / "v.npy", vectors)
    with faceindex.Library(tmp_path / "x.faces") as library:
        report = library.import_([tmp_path / "v.npy"], recipe="dlib-raw")
        assert [wrong.path for wrong in report.bad] == [f"{tmp_path}/v.npy, row 3", f"{tmp_path}/v.npy, row 7"]
        assert report.faces == 8


def test_what_dlibs_vectors_look_like(shared_data: Path) -> None:
    stats = np.load(shared_data / "embedding_stats.npz")
    random = np.random.default_rng(0)
    drawn = random.multivariate_normal(stats["mean"], stats["between"] + stats["within"], 1000)
    assert looks_like_dlib(drawn)
    assert all(looks_like_dlib(one[None]) for one in drawn[:5] if 1.3 < np.linalg.norm(one) < 1.6)
    scaled = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    assert not looks_like_dlib(scaled)
    assert not looks_like_dlib(1.48 * scaled)  # recipe dlib
    assert not looks_like_dlib(np.pad(drawn, ((0, 0), (0, 64))))


def test_a_name_that_is_no_utf8_stays_the_files(tmp_path: Path) -> None:
    path = pickled(tmp_path / os.fsdecode(b"caf\xe9.pkl"), list(encodings(3)))
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.import_([path])
        assert next(iter(library.faces)).photo == f"{path}/row 0"
        assert library.import_([path]).faces == 0
