"""Exported albums: folders of links that follow the library, and never cost the user a file."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from exported_photos import ExportedPhotos
from made_library import MadeLibrary

from faceindex.errors import UsageError
from faceindex.exchange.albums import album_folders
from faceindex.exchange.albums.album_folders import export_albums
from faceindex.files.writing import temporary_name
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files
from faceindex.types import AlbumsExport


@pytest.fixture
def photos(made: MadeLibrary, tmp_path: Path) -> ExportedPhotos:
    return ExportedPhotos(made, tmp_path / "photos")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def export(photos: ExportedPhotos, out: Path, **options: Any) -> AlbumsExport:
    photos.made.folder.close()  # as another run of the program would see the library
    return export_albums(photos.made.folder, out, **options)


def tree(folder: Path) -> set[str]:
    """All files and links under it, without the two lists."""
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or path.is_file()}
    return files - {"albums.json", "albums.csv"}


def test_a_photo_with_three_people_is_in_three_albums(photos: ExportedPhotos, out: Path) -> None:
    ada, bob, somebody = photos.add("party.jpg", faces=3)
    photos.name("Ada", ada)
    photos.name("Bob", bob)
    photos.albums(a12=[somebody, *photos.add("alone.jpg")])
    done = export(photos, out)
    assert tree(out) == {"Ada/party.jpg", "Bob/party.jpg", "Album 12/party.jpg", "Album 12/alone.jpg"}
    assert (done.albums, done.photos, done.made, done.left, done.missing) == (3, 4, 4, (), ())
    assert all((out / link).samefile(photos.root / Path(link).name) for link in tree(out))
    assert not any((out / link).is_symlink() for link in tree(out))


def test_all_albums_of_a_person_are_one_folder_with_the_faces_that_came_to_them(
    photos: ExportedPhotos, out: Path
) -> None:
    first, second, third, fourth = (face for number in range(1, 5) for face in photos.add(f"{number}.jpg"))
    photos.name("Ada", first, third)
    photos.albums(a1=[first, second], a2=[third, fourth])
    export(photos, out)
    assert tree(out) == {"Ada/1.jpg", "Ada/2.jpg", "Ada/3.jpg", "Ada/4.jpg"}
    (album,) = json.loads((out / "albums.json").read_text())["albums"]
    assert (album["person"], album["albums"]) == ("Ada", [1])


def test_what_is_hidden_is_not_exported(photos: ExportedPhotos, out: Path) -> None:
    (first,), (second,), (third,) = photos.add("1.jpg"), photos.add("2.jpg"), photos.add("3.jpg")
    photos.name("Ada", first)
    photos.albums(a1=[second, third])
    photos.hide(second, third)
    export(photos, out)
    assert tree(out) == {"Ada/1.jpg"}


def test_unnamed_and_small_albums_can_be_left_out(photos: ExportedPhotos, out: Path) -> None:
    (first,), (second,), (third,) = photos.add("1.jpg"), photos.add("2.jpg"), photos.add("3.jpg")
    photos.name("Ada", first)
    photos.albums(a2=[second, third])
    export(photos, out, unnamed=False)
    assert tree(out) == {"Ada/1.jpg"}
    export(photos, out, min_photos=2)
    assert tree(out) == {"Album 2/2.jpg", "Album 2/3.jpg"}


def test_a_second_export_changes_nothing(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out)
    before = (out / "albums.json").read_bytes()
    again = export(photos, out)
    assert (again.made, again.kept, again.removed) == (0, 1, 0)
    assert (out / "albums.json").read_bytes() == before


def test_an_export_follows_new_names_and_removes_what_is_no_longer_wanted(photos: ExportedPhotos, out: Path) -> None:
    (first,), (second,) = photos.add("1.jpg"), photos.add("2.jpg")
    photos.name("Ada", first, second)
    export(photos, out)
    photos.name("Bob", second)
    done = export(photos, out)
    assert tree(out) == {"Ada/1.jpg", "Bob/2.jpg"}
    assert (done.made, done.kept, done.removed) == (1, 1, 1)
    photos.name("Bob", first)
    export(photos, out)
    assert tree(out) == {"Bob/1.jpg", "Bob/2.jpg"}
    assert not (out / "Ada").exists()


def test_files_of_the_user_are_kept_and_so_are_folders_that_hold_them(photos: ExportedPhotos, out: Path) -> None:
    (first,) = photos.add("1.jpg")
    photos.name("Ada", first)
    export(photos, out)
    (out / "Ada" / "notes.txt").write_text("mine")
    photos.name("Bob", first)
    export(photos, out)
    assert tree(out) == {"Ada/notes.txt", "Bob/1.jpg"}


@pytest.mark.parametrize("kind", ["hard", "symbolic", "copy"])
def test_a_users_file_in_place_of_a_link_is_kept_and_reported(photos: ExportedPhotos, out: Path, kind: str) -> None:
    (first,) = photos.add("1.jpg")
    photos.name("Ada", first)
    export(photos, out, kind=kind)
    link = out / "Ada" / "1.jpg"
    link.unlink()
    link.write_bytes(b"cropped")
    done = export(photos, out, kind=kind)
    assert [left.path for left in done.left] == [str(link)]
    assert link.read_bytes() == b"cropped"
    photos.name("Bob", first)
    done = export(photos, out, kind=kind)
    assert [left.path for left in done.left] == [str(link)]
    assert (link.read_bytes(), (out / "Bob" / "1.jpg").read_bytes()) == (b"cropped", b"1.jpg")


@pytest.mark.parametrize("kind", ["hard", "symbolic", "copy"])
@pytest.mark.parametrize("other", ["hard", "symbolic", "copy"])
def test_the_kind_of_links_can_be_changed(photos: ExportedPhotos, out: Path, kind: str, other: str) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out, kind=kind)
    done = export(photos, out, kind=other)
    assert done.made == (kind != other)
    link = out / "Ada" / "1.jpg"
    assert link.is_symlink() == (other == "symbolic")
    assert link.samefile(photos.root / "1.jpg") == (other != "copy")
    assert link.read_bytes() == b"1.jpg"


def test_two_photos_of_one_name_keep_their_numbers(photos: ExportedPhotos, out: Path) -> None:
    (first,), (second,), (third,) = (photos.add(f"{folder}/IMG.jpg") for folder in "bca")
    photos.name("Ada", first, second)
    export(photos, out)
    assert tree(out) == {"Ada/IMG.jpg", "Ada/IMG (2).jpg"}
    photos.name("Ada", third)
    photos.name("Bob", first)
    export(photos, out)
    assert {(out / "Ada" / name).read_bytes() for name in ("IMG (2).jpg", "IMG.jpg")} == {b"c/IMG.jpg", b"a/IMG.jpg"}
    assert (out / "Ada" / "IMG (2).jpg").read_bytes() == b"c/IMG.jpg"


def test_names_differ_in_more_than_the_case_of_letters(photos: ExportedPhotos, out: Path) -> None:
    (first,), (second,) = photos.add("a/IMG.JPG"), photos.add("b/img.jpg")
    photos.name("ada", first, second)
    photos.name("Ada", *photos.add("x.jpg"))
    photos.name("Album 3", *photos.add("y.jpg"))
    photos.albums(a3=photos.add("z.jpg", faces=2))
    export(photos, out)
    assert tree(out) == {"Ada/x.jpg", "ada (2)/IMG.JPG", "ada (2)/img (2).jpg", "Album 3/y.jpg", "Album 3 (2)/z.jpg"}


@pytest.mark.parametrize("person", ["a/b: c?", "CON", "..", ".hidden", "albums.json", "x" * 400, "Žofie 写真"])
def test_names_of_people_are_made_safe(photos: ExportedPhotos, out: Path, person: str) -> None:
    photos.name(person, *photos.add("1.jpg"))
    export(photos, out)
    (link,) = tree(out)
    assert link.endswith("/1.jpg")
    assert json.loads((out / "albums.json").read_text())["albums"][0]["person"] == person


@pytest.mark.parametrize("kind", ["hard", "symbolic", "copy"])
def test_a_photo_whose_name_is_no_utf8_is_exported(photos: ExportedPhotos, out: Path, kind: str) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    photos.name("Ada", *photos.add(name))
    export(photos, out, kind=kind)
    assert tree(out) == {"Ada/caf_.jpg"}
    assert (out / "Ada" / "caf_.jpg").read_bytes() == b"caf\xe9.jpg"
    assert export(photos, out, kind=kind).kept == 1
    assert b"caf\xe9.jpg" in (out / "albums.csv").read_bytes()


def test_a_photo_with_several_paths_is_exported_once_from_one_that_is_there(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("a.jpg", "b.jpg"))
    (photos.root / "a.jpg").unlink()
    export(photos, out)
    assert tree(out) == {"Ada/b.jpg"}


def test_missing_photos_are_reported_and_their_exports_stay(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"), *photos.add("2.jpg"))
    export(photos, out)
    shutil.move(photos.root, photos.root.with_name("away"))
    photos.name("Ada", *photos.add("3.jpg"))
    done = export(photos, out)
    assert done.missing == (str(photos.root / "1.jpg"), str(photos.root / "2.jpg"))
    assert tree(out) == {"Ada/1.jpg", "Ada/2.jpg", "Ada/3.jpg"}
    shutil.move(photos.root.with_name("away") / "1.jpg", photos.root)
    assert export(photos, out).missing == (str(photos.root / "2.jpg"),)


@pytest.mark.parametrize("kind", ["hard", "copy"])
def test_the_last_copy_of_a_photo_is_never_removed(photos: ExportedPhotos, out: Path, kind: str) -> None:
    photos.name("Ada", *photos.add("1.jpg"), *photos.add("2.jpg"))
    export(photos, out, kind=kind)
    (photos.root / "1.jpg").unlink()
    photos.forget_path("1.jpg")
    done = export(photos, out, kind=kind)
    assert (out / "Ada" / "1.jpg").read_bytes() == b"1.jpg"
    assert [Path(left.path).name for left in done.left] == ["1.jpg"]
    assert [Path(left.path).name for left in export(photos, out, kind=kind).left] == ["1.jpg"]


@pytest.mark.parametrize("kind", ["hard", "copy"])
def test_a_folder_that_was_replaced_by_a_link_to_the_photos_costs_no_photo(
    photos: ExportedPhotos, out: Path, kind: str
) -> None:
    (first,) = photos.add("1.jpg")
    photos.name("Ada", first)
    export(photos, out, kind=kind)
    shutil.rmtree(out / "Ada")
    (out / "Ada").symlink_to(photos.root)
    assert [left.path for left in export(photos, out, kind=kind).left] == [str(out / "Ada")]
    export(photos, out, kind=kind)
    assert (out / "Ada (2)" / "1.jpg").read_bytes() == b"1.jpg"
    photos.name("Bob", first)
    export(photos, out, kind=kind)
    assert (photos.root / "1.jpg").read_bytes() == b"1.jpg"
    assert (out / "Bob" / "1.jpg").read_bytes() == b"1.jpg"


def test_an_edited_photo_replaces_its_former_version(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out)
    (photos.root / "1.jpg").unlink()
    photos.add("1.jpg", data=b"edited")
    export(photos, out)
    assert tree(out) == {"Ada/1.jpg"}
    assert (out / "Ada" / "1.jpg").read_bytes() == b"edited"


def test_a_copy_of_a_photo_that_changed_since_its_ingest_is_not_made(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    (photos.root / "1.jpg").write_bytes(b"other")
    done = export(photos, out, kind="copy")
    assert tree(out) == set()
    assert "ingest it again" in done.left[0].error


def test_where_hard_links_are_refused_symbolic_ones_are_made(
    photos: ExportedPhotos, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    photos.name("Ada", *photos.add("1.jpg"))
    monkeypatch.setattr(os, "link", refuse)
    done = export(photos, out)
    assert (out / "Ada" / "1.jpg").is_symlink()
    assert "symbolic" in done.notes[0]
    assert export(photos, out).kept == 1
    photos.name("Bob", 1)
    export(photos, out)
    assert tree(out) == {"Bob/1.jpg"}


def test_a_hard_link_is_of_the_photo_and_not_of_a_link_to_it(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    (photos.root / "1.jpg").rename(photos.root / "real.jpg")
    (photos.root / "1.jpg").symlink_to("real.jpg")
    export(photos, out)
    assert not (out / "Ada" / "1.jpg").is_symlink()


@pytest.mark.parametrize(("kind", "step"), [("hard", 1), ("symbolic", 4), ("copy", 3)])
def test_an_export_that_was_killed_anywhere_is_completed_by_the_next(
    photos: ExportedPhotos, out: Path, monkeypatch: pytest.MonkeyPatch, kind: str, step: int
) -> None:
    faces = [face for number in range(4) for face in photos.add(f"{number}.jpg")]
    photos.name("Ada", *faces[:3])
    calls = {"write_file", "unlink", "replace", "mkdir", "rmdir", "sync_folder", "symlink_to", "link"}
    for stop in range(1, 60, step):
        shutil.rmtree(out, ignore_errors=True)
        photos.name("Ada", *faces[:3])
        export(photos, out, kind=kind)
        photos.name("Bob", faces[0], faces[3])
        with monkeypatch.context() as patch:
            killed = _kill_at(stop, patch, calls)
            with suppress(KeyboardInterrupt):
                export(photos, out, kind=kind)
            if not killed():
                break
        export(photos, out, kind=kind)
        assert tree(out) == {"Ada/1.jpg", "Ada/2.jpg", "Bob/0.jpg", "Bob/3.jpg"}, stop
        assert {str(Path(link).name) for link in tree(out)} == {(out / link).read_text() for link in tree(out)}
        photos.name("Cy", *faces)
        export(photos, out, kind=kind)
        assert tree(out) == {f"Cy/{number}.jpg" for number in range(4)}, stop
    assert stop > 8


def _kill_at(stop: int, patch: pytest.MonkeyPatch, calls: set[str]) -> Any:
    """Let the program die before the stop-th change of the disk; returns whether it did."""
    count = 0

    def counted(original: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == stop:
                raise KeyboardInterrupt
            return original(*arguments, **options)

        return call

    for owner in (os, Path, album_folders):
        for name in calls & set(vars(owner)):
            patch.setattr(owner, name, counted(getattr(owner, name)))
    return lambda: count >= stop


@pytest.mark.parametrize("where", [".", "albums", "index/x"])
def test_the_library_itself_is_no_place_for_an_export(photos: ExportedPhotos, where: str) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    with pytest.raises(UsageError, match="in the library itself"):
        export(photos, photos.made.folder.path / where)


def test_a_folder_with_other_things_is_refused_and_an_empty_one_is_not(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    out.mkdir()
    (out / "mine").touch()
    with pytest.raises(UsageError, match="holds other files"):
        export(photos, out)
    (out / "mine").unlink()
    assert export(photos, out).made == 1


def test_another_librarys_albums_are_left_alone_and_those_of_one_that_moved_are_not(
    photos: ExportedPhotos, out: Path, tmp_path: Path
) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out)
    other = ExportedPhotos(MadeLibrary(tmp_path / "other.faces"), tmp_path / "photos")
    other.name("Bob", *other.add("1.jpg"))
    with pytest.raises(UsageError, match="holds the albums of"):
        export(other, out)
    photos.made.folder.close()
    shutil.rmtree(photos.made.folder.path)
    export(other, out)
    assert tree(out) == {"Bob/1.jpg"}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "faceindex albums 1"}', '{"format": 7}'])
def test_a_damaged_manifest_is_named_and_nothing_touched(photos: ExportedPhotos, out: Path, text: str) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out)
    (out / "albums.json").write_text(text)
    with pytest.raises(UsageError, match=r"albums\.json"):
        export(photos, out)
    assert tree(out) == {"Ada/1.jpg"}


def test_a_manifest_that_leads_out_of_its_folder_is_refused(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out)
    manifest = (out / "albums.json").read_text()
    (out / "albums.json").write_text(manifest.replace('"Ada/1.jpg"', '"../photos/1.jpg"'))
    with pytest.raises(UsageError, match="outside"):
        export(photos, out)
    assert (photos.root / "1.jpg").exists()


def test_exported_albums_under_the_photos_are_not_found_as_photos(photos: ExportedPhotos) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, photos.root / "albums", kind="copy")
    found = [entry.path for entry in find_files([photos.root]) if isinstance(entry, FoundFile)]
    assert found == [str(photos.root / "1.jpg")]
    (photos.root / "albums" / "albums.json").write_text('{"of": "another program"}')
    assert len(list(find_files([photos.root]))) > 1


def test_the_table_has_a_row_for_each_photo_in_an_album(photos: ExportedPhotos, out: Path) -> None:
    ada, bob = photos.add("party.jpg", faces=2)
    photos.name("Ada, Countess", ada)
    photos.name("Bob", bob)
    export(photos, out)
    with (out / "albums.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["person"], row["link"], row["photo"]) for row in rows] == [
        ("Ada, Countess", "Ada, Countess/party.jpg", str(photos.root / "party.jpg")),
        ("Bob", "Bob/party.jpg", str(photos.root / "party.jpg")),
    ]


def test_an_export_is_for_its_owner_only(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["hard", "symbolic", "copy"])
def test_files_are_private_and_never_written_through_a_planted_link(
    photos: ExportedPhotos, out: Path, tmp_path: Path, kind: str
) -> None:
    (first,) = photos.add("1.jpg")
    photos.name("Ada", first)
    export(photos, out, kind=kind)
    (tmp_path / "victim").write_bytes(b"precious")
    for name in ("albums.json.tmp", "albums.csv.tmp", "albums.part", "albums.csv", "Ada/2.jpg"):
        (out / name).unlink(missing_ok=True)
        (out / name).symlink_to(tmp_path / "victim")
    photos.name("Ada", first, *photos.add("2.jpg"))
    export(photos, out, kind=kind)
    assert (tmp_path / "victim").read_bytes() == b"precious"
    for name in ("albums.json", "albums.csv", *(["Ada/1.jpg"] if kind == "copy" else [])):
        assert stat.S_IMODE((out / name).lstat().st_mode) == 0o600, name


@pytest.mark.parametrize("kind", ["hard", "symbolic", "copy"])
def test_the_longest_name_of_a_photo_is_shortened(photos: ExportedPhotos, out: Path, kind: str) -> None:
    photos.name("Ada", *photos.add("x" * 250 + ".jpg"), *photos.add("1.jpg"))
    done = export(photos, out, kind=kind)
    assert (done.photos, done.left) == (2, ())
    assert {len(Path(name).name) for name in tree(out)} == {5, 200}


def test_a_manifest_that_is_a_fifo_is_refused_and_not_waited_for(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    out.mkdir()
    os.mkfifo(out / "albums.json")
    with pytest.raises(UsageError, match="not a regular file"):
        export(photos, out)


def test_a_fifo_in_place_of_a_copy_is_kept_and_reported(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out, kind="copy")
    (out / "Ada" / "1.jpg").unlink()
    os.mkfifo(out / "Ada" / "1.jpg")
    assert [left.path for left in export(photos, out, kind="copy").left] == [str(out / "Ada" / "1.jpg")]


def test_what_a_killed_export_was_writing_is_removed_by_the_next(photos: ExportedPhotos, out: Path) -> None:
    photos.name("Ada", *photos.add("1.jpg"))
    export(photos, out)
    for folder in (out, out / "Ada"):
        (folder / temporary_name()).write_bytes(b"half")
    export(photos, out)
    assert tree(out) == {"Ada/1.jpg"}
    assert sorted(path.name for path in out.iterdir()) == ["Ada", "albums.csv", "albums.json"]
