"""The main job on real faces: search, verify and albums over a folder of photos."""

from __future__ import annotations

import shutil
import threading
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

import faceindex
from faceindex.errors import NoFaceFound, RecipeMismatch, UnreadablePhoto, UsageError
from faceindex.faces.recipe import recipe


def person(photo: str) -> str:
    return Path(photo).parent.name


def test_a_photo_of_the_library_is_found_first_at_no_distance(
    album_library: faceindex.Library, shared_data: Path
) -> None:
    for name in ("elon/img18.jpg", "diana/Diana_5.png", "putin/Putin_1.jpg"):
        image = shared_data / "album" / name
        for probe in album_library.search(image):
            first = probe.matches[0]
            assert (first.photo, first.box) == (str(image.absolute()), probe.box)
            assert first.distance < 1e-5


def test_neighbours_are_the_same_person(album_library: faceindex.Library, shared_data: Path) -> None:
    (probe,) = album_library.search(shared_data / "album" / "lhl" / "LHL_2.jpg", k=5, threshold=1.0)
    assert len(probe.matches) == 5
    assert {person(match.photo) for match in probe.matches} == {"lhl"}


def test_k_and_threshold_both_hold_and_distances_rise(album_library: faceindex.Library, shared_data: Path) -> None:
    image = shared_data / "album" / "obama" / "Obama_0.png"
    (all_near,) = album_library.search(image, k=1000, threshold=1.0)
    (few,) = album_library.search(image, k=2, threshold=1.0)
    distances = [match.distance for match in all_near.matches]
    assert len(distances) >= 3
    assert distances == sorted(distances)
    assert max(distances) <= 1.0
    assert few.matches == all_near.matches[:2]


def test_distances_are_euclidean_not_squared(album_library: faceindex.Library, shared_data: Path) -> None:
    vectors = {face.face: vector for face, vector in album_library.faces.with_vectors() if vector is not None}
    (probe,) = album_library.search(shared_data / "album" / "jeff" / "img20.jpg", k=5, threshold=2)
    own, *others = probe.matches
    for match in others:
        assert match.distance == pytest.approx(np.linalg.norm(vectors[own.face] - vectors[match.face]), abs=1e-5)


def test_by_default_a_search_finds_few_strangers_and_is_sure_of_what_it_finds(
    album_library: faceindex.Library, shared_data: Path
) -> None:
    found, own, unsure = 0, 0, 0
    for folder in sorted((shared_data / "album").iterdir()):
        (image, *_) = sorted(folder.iterdir())
        for probe in album_library.search(image, k=1000):
            faces = sum(1 for _ in album_library.faces)
            assert probe.threshold == pytest.approx(
                album_library.calibration.threshold(0.01, faces) * probe.company.factor
            )
            assert all(match.distance <= probe.threshold for match in probe.matches)
            confidences = [match.confidence or 0.0 for match in probe.matches]
            assert confidences == sorted(confidences, reverse=True)
            assert min(confidences) > 1 / 3  # at the very threshold a face is as rare among the person's own
            unsure += sum(confidence < 0.5 for confidence in confidences)
            found, own = found + len(probe.matches), own + sum(person(m.photo) == folder.name for m in probe.matches)
    assert found > 30
    assert own >= 0.95 * found
    assert unsure <= 0.1 * found


def test_a_search_takes_one_way_to_say_how_near(small_library: faceindex.Library, many_photos: Path) -> None:
    with pytest.raises(UsageError, match="not both"):
        small_library.search(many_photos / "00.jpg", threshold=0.5, fpir=0.01)
    for wrong in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(UsageError, match="above 0"):
            small_library.search(many_photos / "00.jpg", fpir=wrong)
    (probe,) = small_library.search(many_photos / "00.jpg", threshold=0.25)
    assert probe.threshold == 0.25


def test_each_person_has_one_album_and_no_album_has_two_people(
    album_library: faceindex.Library, shared_data: Path
) -> None:
    """Other people are in the frame too: a folder's person is who is in most of its photos."""
    photos_in: dict[str, Counter[int]] = defaultdict(Counter)
    for album in album_library.albums:
        for photo in {face.photo for face in album_library.albums.faces(album.album, limit=None)}:
            photos_in[person(photo)][album.album] += 1
    own_album = {name: counts.most_common(1)[0] for name, counts in photos_in.items()}
    assert len({album for album, _ in own_album.values()}) == len(own_album) >= 12
    assert sum(photos for _, photos in own_album.values()) >= 51  # of 58
    for name, (number, photos) in own_album.items():
        strangers = {
            face.photo for face in album_library.albums.faces(number, limit=None) if person(face.photo) != name
        }
        assert len(strangers) <= max(1, photos * 0.1), name


def test_albums_are_listed_largest_first_and_can_be_opened(album_library: faceindex.Library) -> None:
    albums = list(album_library.albums)
    assert [album.faces for album in albums] == sorted((album.faces for album in albums), reverse=True)
    for album in albums:
        faces = album_library.albums.faces(album.album, limit=None)
        assert len(faces) == album.faces >= 2
        assert len({face.photo for face in faces}) == album.photos
        assert album.cover in {face.face for face in faces}
    with pytest.raises(UsageError, match="no album 4711"):
        album_library.albums.faces(4711, limit=None)


def test_clustering_again_gives_the_same_albums(small_library: faceindex.Library, tmp_path: Path) -> None:
    shutil.copytree(small_library.path, tmp_path / "x.faces")
    with faceindex.Library(tmp_path / "x.faces", create=False) as library:

        def albums() -> Counter[tuple[int, ...]]:
            return Counter(tuple(f.face for f in library.albums.faces(a.album, limit=None)) for a in library.albums)

        before = albums()
        library.cluster(rebuild=True)
        assert albums() == before
        report = library.cluster(method="dbscan", rebuild=True)
        assert (report.albums, report.clustered, report.singletons) == (1, 20, 0)
        report = library.cluster(threshold=0.0, rebuild=True)
        assert (report.albums, report.singletons) == (0, 20)


def test_verify_says_same_and_different_with_confidence(album_library: faceindex.Library, shared_data: Path) -> None:
    album = shared_data / "album"
    same = album_library.verify(album / "elon" / "img18.jpg", album / "elon" / "img19.jpg")
    different = album_library.verify(album / "elon" / "img18.jpg", album / "jack" / "img16.jpg")
    assert same.same
    assert same.distance < 1.0 < different.distance
    assert not different.same
    assert min(same.confidence, different.confidence) > 0.95
    on_the_edge = album_library.verify(
        album / "elon" / "img18.jpg", album / "elon" / "img19.jpg", threshold=same.distance
    )
    assert on_the_edge.same


def test_verify_needs_no_library(many_photos: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "none.faces") as library:
        assert library.verify(many_photos / "00.jpg", many_photos / "07.jpg").same
    assert not (tmp_path / "none.faces").exists()


def test_probe_without_a_face_or_without_a_photo_is_an_error(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(NoFaceFound, match=r"nothing-0\.png"):
        small_library.search(many_photos / "nothing-0.png")
    with pytest.raises(UnreadablePhoto, match=r"cut-off\.jpg: .*truncated"):
        small_library.search(many_photos / "cut-off.jpg")
    with pytest.raises(UnreadablePhoto, match="No such file"):
        small_library.search(tmp_path / "missing.jpg")


def test_library_holds_one_recipe(small_library: faceindex.Library) -> None:
    with pytest.raises(RecipeMismatch, match="holds vectors of recipe sface-dlib, not dlib-raw"):
        faceindex.Library(small_library.path, recipe=recipe("dlib-raw"))
    faceindex.Library(small_library.path, recipe=recipe("sface-dlib")).close()


def test_probes_are_seen_as_the_library_was(many_photos: Path, tmp_path: Path) -> None:
    """A library ingested with another --min-face remembers it: its photos are found at no distance."""
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.ingest([many_photos / "00.jpg"], min_face=300)
    with faceindex.Library(tmp_path / "x.faces") as library:
        assert library.search(many_photos / "00.jpg")[0].matches[0].distance < 1e-5


def test_many_threads_may_read(small_library: faceindex.Library) -> None:
    found: list[int] = []

    def read() -> None:
        for _ in range(20):
            found.append(len(list(small_library.faces)) + len(list(small_library.albums)))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [21] * 160


def test_status_counts(small_library: faceindex.Library) -> None:
    status = small_library.status()
    assert (status.photos, status.failed, status.faces, status.albums) == (22, 1, 20, 1)
    assert (status.index, status.recipe, status.people) == ("current", "sface-dlib", 0)
    assert status.bytes > 20 * 128 * 4


def test_absent_library_is_created_by_the_first_write_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no library at"):
        faceindex.Library(tmp_path / "x.faces", create=False)
    with faceindex.Library(tmp_path / "x.faces") as library, pytest.raises(UsageError, match="no library at"):
        library.status()
    assert not (tmp_path / "x.faces").exists()
