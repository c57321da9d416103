"""Names that `Library` had before it had topics. They work for one more release, and warn about the new name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Generic, ParamSpec, TypeVar, overload

from faceindex.library.deprecation import renamed
from faceindex.library.topics import Topics
from faceindex.types import Decided, FaceRecord, FailedPhoto, LostFace, Suggestion

P = ParamSpec("P")
R = TypeVar("R")


class Renamed(Generic[P, R]):
    """A method under its old name.

    new: what to write instead. find: gives the new method, or, where arguments or results changed, a function that
    takes the old ones, see `changed`.
    """

    def __init__(self, new: str, find: Callable[[Topics], Callable[P, R]]) -> None:
        self.new = new
        self.find = find
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, library: None, owner: type) -> Renamed[P, R]: ...

    @overload
    def __get__(self, library: Topics, owner: type) -> Callable[P, R]: ...

    def __get__(self, library: Topics | None, owner: type) -> Renamed[P, R] | Callable[P, R]:
        if library is None:
            return self
        method = self.find(library)

        @wraps(method)
        def warned(*arguments: P.args, **options: P.kwargs) -> R:
            renamed(f"{self.name}()", self.new)
            return method(*arguments, **options)

        return warned


def changed(new: str, stand_in: Callable[Concatenate[Topics, P], R]) -> Renamed[P, R]:
    """A method whose arguments or results changed. stand_in: a function that takes the library and the old arguments,
    and returns the old result."""

    def find(library: Topics) -> Callable[P, R]:
        @wraps(stand_in)
        def method(*arguments: P.args, **options: P.kwargs) -> R:
            return stand_in(library, *arguments, **options)

        return method

    return Renamed(new, find)


def _album(library: Topics, album: int, *, hidden: bool = False) -> list[FaceRecord]:
    return [*library.albums.faces(album, limit=None, hidden=hidden)]


def _failed_photos(library: Topics) -> list[FailedPhoto]:
    return [*library.photos.failed(limit=None)]


def _lost_faces(library: Topics) -> list[LostFace]:
    return [*library.people.lost(limit=None)]


def _suggestions(library: Topics, limit: int = 20) -> list[Suggestion]:
    return [*library.people.suggestions(limit=limit)] if limit > 0 else []


def _name(library: Topics, person: str, *, face: int | None = None, album: int | None = None) -> int:
    return library.people.name(person, face=face, album=album).faces


def _decide_name(library: Topics, person: str, *, face: int | None = None, album: int | None = None) -> Decided:
    return library.people.name(person, face=face, album=album)


def _hide(library: Topics, *, album: int | None = None, face: int | None = None, person: str | None = None) -> Decided:
    if album is not None:
        return library.albums.hide(album)
    return library.people.hide(person) if person is not None else library.faces.hide(face or 0)


def _unhide(
    library: Topics, *, album: int | None = None, face: int | None = None, person: str | None = None
) -> Decided:
    if album is not None:
        return library.albums.unhide(album)
    return library.people.unhide(person) if person is not None else library.faces.unhide(face or 0)


class OldNames(Topics):
    """The old names, one a line."""

    album = changed("albums.faces(number, limit=None)", _album)
    answer = Renamed("people.answer()", lambda library: library.people.answer)
    backup = Renamed("care.backup()", lambda library: library.care.backup)
    build_index = Renamed("index.build()", lambda library: library.index.build)
    calibrate = Renamed("care.calibrate()", lambda library: library.care.calibrate)
    check = Renamed("care.check()", lambda library: library.care.check)
    compact = Renamed("care.compact()", lambda library: library.care.compact)
    decide_name = changed("people.name()", _decide_name)
    erase_photos = Renamed("photos.forget()", lambda library: library.photos.forget)
    export_albums = Renamed("albums.export()", lambda library: library.albums.export)
    face = Renamed("faces.get()", lambda library: library.faces.get)
    faces_with_vectors = Renamed("faces.with_vectors()", lambda library: library.faces.with_vectors)
    failed_photos = changed("photos.failed(limit=None)", _failed_photos)
    find_photos = Renamed("photos.find()", lambda library: library.photos.find)
    forget_all = Renamed("care.forget_all()", lambda library: library.care.forget_all)
    forget_calibration = Renamed("care.forget_calibration()", lambda library: library.care.forget_calibration)
    forget_person = Renamed("people.forget()", lambda library: library.people.forget)
    hide = changed("albums.hide(), faces.hide() or people.hide()", _hide)
    ingest_images = Renamed("photos.add()", lambda library: library.photos.add)
    is_open = Renamed("people.is_open()", lambda library: library.people.is_open)
    lift_tombstones = Renamed("photos.lift()", lambda library: library.photos.lift)
    lost_faces = changed("people.lost(limit=None)", _lost_faces)
    matches = Renamed("faces.matches()", lambda library: library.faces.matches)
    merge = Renamed("albums.merge()", lambda library: library.albums.merge)
    move = Renamed("albums.move()", lambda library: library.albums.move)
    name = changed("people.name().faces", _name)
    outside = Renamed("care.outside()", lambda library: library.care.outside)
    photo = Renamed("photos.get()", lambda library: library.photos.get)
    photo_faces = Renamed("photos.faces()", lambda library: library.photos.faces)
    probes = Renamed("faces.probes()", lambda library: library.faces.probes)
    reject = Renamed("albums.reject()", lambda library: library.albums.reject)
    remove_photos = Renamed("photos.remove()", lambda library: library.photos.remove)
    rename = Renamed("people.rename()", lambda library: library.people.rename)
    repair = Renamed("care.repair()", lambda library: library.care.repair)
    split = Renamed("albums.split()", lambda library: library.albums.split)
    suggestions = changed("people.suggestions()", _suggestions)
    undo = Renamed("history.undo()", lambda library: library.history.undo)
    unhide = changed("albums.unhide(), faces.unhide() or people.unhide()", _unhide)
    write_album_sheet = Renamed("sheets.write_albums()", lambda library: library.sheets.write_albums)
    write_identified_sheet = Renamed("sheets.write_identified()", lambda library: library.sheets.write_identified)
    write_match_sheet = Renamed("sheets.write_matches()", lambda library: library.sheets.write_matches)
    write_photo_sheet = Renamed("sheets.write_photo()", lambda library: library.sheets.write_photo)
    write_review_sheet = Renamed("sheets.write_review()", lambda library: library.sheets.write_review)
    write_sidecars = Renamed("photos.write_sidecars()", lambda library: library.photos.write_sidecars)
