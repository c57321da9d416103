"""`library.sheets`: HTML pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.exchange.outputs import remove_output, text_output
from faceindex.library.albums import album_faces
from faceindex.library.opened import Opened, StrPath
from faceindex.library.photos import Photos
from faceindex.library.status import status
from faceindex.people.questions import questions
from faceindex.photos.decode import Photo
from faceindex.photos.finding.addresses import absolute, address_of
from faceindex.photos.finding.sources import source_of
from faceindex.photos.pictures import PictureLike, is_path, photo_of
from faceindex.plurals import plural
from faceindex.queries.probes import Probe
from faceindex.sheets.albums import GENERATOR, AlbumRow, PagePlan, album_sheet, page_file, page_plans
from faceindex.sheets.found import MOST, FoundPhoto, found_sheet
from faceindex.sheets.marks import identified_marks, stored_marks
from faceindex.sheets.matches import match_sheet
from faceindex.sheets.photos import photo_sheet
from faceindex.sheets.review import review_sheet
from faceindex.store.albums import faces_alone
from faceindex.store.selection import Selection
from faceindex.types import FaceRecord, IdentifiedFace, ProbeFace, Suggestion

MOST_PAGES = 50
"""Most pages of an album sheet, by default: each has some 20 MB of crops."""


class Sheets:
    """Self-contained HTML pages: of albums, matches, questions, and of a photo."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def write_albums(self, out: StrPath, *, faces: int = 16, albums: int = 100, pages: int = MOST_PAGES) -> list[Path]:
        """Write the albums, largest first, a row of at most `faces` crops each, and then the faces in no album.

        albums: number on a page; more go to further pages, at most `pages` in all, each a file beside `out`:
        albums.html, albums-2.html, ... Further pages of an earlier sheet are removed. Returns: the files. Raises:
        UsageError when `out` lies in the library itself, or cannot be written; so do the other pages.
        """
        out = self._opened.output(out)
        chosen, alone = self._opened.catalog.albums(), faces_alone(self._opened.catalog.connection)
        plans = list(page_plans(len(chosen), len(alone), albums_on_a_page=albums))
        left_out = _left_out(plans[pages:])
        files = [page_file(out, number) for number in range(1, len(plans[:pages]) + 1)]
        figures = status(self._opened)
        for number, (file, plan) in enumerate(zip(files, plans, strict=False), start=1):
            page = album_sheet(
                [AlbumRow(album, self._best(album.album, faces)) for album in chosen[slice(*plan.albums)]],
                self._faces(alone[slice(*plan.alone)]),
                library=self._opened.folder.path,
                status=figures,
                plan=plan,
                counts=(len(chosen), len(alone)),
                left_out=left_out,
                pages=files,
                page=number,
                turn_of=self._opened.catalog.turned,
            )
            _write_page(file, page)
        _remove_older(out, len(files))
        return files

    def write_matches(self, out: StrPath, probes: Sequence[Probe], found: Sequence[ProbeFace]) -> None:
        """Write one self-contained HTML page: every probe and its matches, as `faces.matches` gave them."""
        _write_page(self._opened.output(out), match_sheet(probes, found, self._opened.catalog.turned))

    def write_review(self, out: StrPath, suggestions: Sequence[Suggestion]) -> None:
        """Write one self-contained HTML page: crops of both sides of every suggestion."""
        _write_page(
            self._opened.output(out),
            review_sheet(
                questions(self._opened.catalog, suggestions),
                library=self._opened.folder.path,
                turn_of=self._opened.catalog.turned,
            ),
        )

    def write_found(self, out: StrPath, among: Selection) -> None:
        """Write the selected photos with the names of the people in them: the first 1,000.

        Raises: UsageError when nobody has a name in the selection, `out` lies in the library itself, or cannot be
        written.
        """
        out, photos = self._opened.output(out), Photos(self._opened)
        found = list(photos.find(among))
        shown = [
            FoundPhoto(
                photo.path, sorted({face.person for face in photos.faces(photo.path) if face.person}), photo.taken
            )
            for photo in found[:MOST]
        ]
        _write_page(out, found_sheet(shown, total=len(found)))

    def write_photo(self, out: StrPath, path: StrPath) -> None:
        """Write one page: a photo of the library with a box, an id and a name for each face.

        Raises: UsageError when the library knows no such photo.
        """
        photos = Photos(self._opened)
        record, faces = photos.get(path), photos.faces(path)
        marks = stored_marks(faces)
        about = [f"taken {record.taken}"] if record.taken else []
        turn = self._opened.catalog.turned(record.path)
        size = (record.width, record.height)
        page = photo_sheet(record.path, _photo(record.path), size, marks, about=about, turn=turn)
        _write_page(self._opened.output(out), page)

    def write_identified(self, out: StrPath, image: PictureLike, found: Sequence[IdentifiedFace]) -> None:
        """Write one page: a photo with a box for each face, and who it is, as `identify` found.

        Raises: UnreadablePhoto.
        """
        photo = photo_of(image)
        stored = self._opened.catalog.faces_at(absolute(image)) if is_path(image) else []
        marks = identified_marks(found, stored)
        turn = self._opened.catalog.turned(absolute(image)) if is_path(image) else 0
        page = photo_sheet(photo.path, photo, (photo.width, photo.height), marks, about=[], turn=turn)
        _write_page(self._opened.output(out), page)

    def _best(self, album: int, most: int) -> list[FaceRecord]:
        """The album's faces of best quality."""
        best_first = sorted(
            album_faces(self._opened, album), key=lambda face: (-(face.quality or 0.0), -face.score, face.face)
        )
        return best_first[:most]

    def _faces(self, ids: Sequence[int]) -> list[FaceRecord]:
        records = self._opened.catalog.faces_with(ids)
        return [records[face] for face in ids if face in records]


def _photo(path: str) -> Photo | None:
    try:
        return photo_of(path)
    except UnreadablePhoto:  # it is gone, or no file
        return None


def _left_out(plans: Sequence[PagePlan]) -> str:
    """What no page shows, in words."""
    albums = sum(plan.albums[1] - plan.albums[0] for plan in plans)
    alone = sum(plan.alone[1] - plan.alone[0] for plan in plans)
    if not albums and not alone:
        return ""
    said = [plural(albums, "smaller album")] * bool(albums) + [f"{plural(alone, 'face')} in no album"] * bool(alone)
    return f"Not shown: {' and '.join(said)}; more --pages show them."


def _remove_older(out: Path, last: int) -> None:
    """Remove pages of an earlier, longer sheet: people who were erased since must not be left on them."""
    while True:
        last += 1
        page = page_file(out, last)
        path = absolute(page)
        try:
            with source_of(path).opened(path) as opened:
                if f'content="{GENERATOR}"'.encode() not in opened.file.read(1000):
                    return
            remove_output(path)
        except OSError:
            return


def _write_page(out: StrPath, page: str) -> None:
    path = Path(out)
    if not address_of(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    with text_output(path, errors="surrogateescape") as file:
        file.write(page)
