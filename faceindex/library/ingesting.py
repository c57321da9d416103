"""Photos come into a library, and leave it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceindex.errors import UsageError
from faceindex.exchange.named_regions import read_names
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import Recipe, as_recipe
from faceindex.ingest.lifting import lift
from faceindex.ingest.pictures import ingest_pictures
from faceindex.ingest.run import ingest
from faceindex.ingest.tally import Progress
from faceindex.journal.person_names import spelled
from faceindex.library.opened import Opened, StrPath, one_or_more
from faceindex.people.albums import follow
from faceindex.people.reencoding import reencode
from faceindex.photos.decode import DEFAULT_MAX_MEGAPIXELS
from faceindex.photos.find import absolute
from faceindex.photos.pictures import PhotoSource
from faceindex.search import index as face_index
from faceindex.store.acts import was_named
from faceindex.store.erasing import erase, erase_all
from faceindex.store.known_people import unknown_person
from faceindex.types import Erased, IngestReport, Lifted, Reencoded, Removed

_ELSEWHERE = (
    "what was written outside of the library stays there: folders of `faceindex albums export` until the next export "
    "into them, sidecars, pages and backups until you remove them"
)


class Ingesting(Opened):
    """What changes the photos of a library."""

    def ingest(
        self,
        paths: StrPath | Iterable[StrPath],
        *,
        workers: int | None = None,
        min_face: int | None = None,
        max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
        exclude: Iterable[str] = (),
        retry_failed: bool = False,
        force: bool = False,
        prune: bool = False,
        xmp: bool = False,
        wait: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Find, analyse and store every photo under `paths`, then bring the index up to date.

        Unchanged photos are not even opened; after a crash or Ctrl-C the same call resumes.
        workers: processes, default as the machine allows. min_face: thousandths of a photo's longer side,
        default what this library was last ingested with. max_megapixels: larger photos are refused.
        exclude: patterns as in .gitignore, relative to each of `paths`, of what is left out this time; files named
        .faceindexignore leave out always. retry_failed: open photos again that could not be read. force: open all of
        them again, whatever their size and times say; only new content is analysed. prune: remove photos from the
        library that are no longer under `paths` or are left out now, but none that may be on a disk that is not there.
        xmp: also read the names that sidecars and photos give to faces, for faces about which nobody decided anything
        here; names that were read earlier change and go with their files.
        wait: for another writer to finish.

        Raises: UsageError when a path is missing or holds no photo; LibraryLocked; LibraryUnwritable;
        ModelError; MachineError. Photos that cannot be read are listed in the report.
        """
        analyser = self._analyser(min_face, max_megapixels)
        paths = one_or_more(paths)
        report = ingest(
            self._folder,
            paths,
            analyser=analyser,
            workers=workers,
            exclude=[exclude] if isinstance(exclude, str) else list(exclude),
            retry_failed=retry_failed,
            force=force,
            prune=prune,
            wait=wait,
            progress=progress,
        )
        self._index = None
        if xmp and not report.interrupted:
            report = replace(report, xmp=read_names(self._folder, list(map(absolute, paths))))
        follow(self._folder)
        if not report.interrupted:
            face_index.fold(self._folder)
        return report

    def ingest_images(
        self,
        images: Mapping[str, PhotoSource] | Iterable[tuple[str, PhotoSource]],
        *,
        min_face: int | None = None,
        max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
        wait: bool = False,
    ) -> IngestReport:
        """Analyse and store photos that are no files, one after the other, in this process.

        images: each under a name of your own: RGB pixels, uint8 [h, w, 3], a PIL image, or the bytes of a file. The
        photo's path is `picture:/` and that name. What a photo is says its content, the hash of the bytes or pixels:
        the same one again is unchanged, another one under the same name takes its place. The pixels themselves are not
        kept: pages show no crop of them, and `reencode` and `repair` cannot analyse them again.
        min_face, max_megapixels, wait: as of `ingest`. Raises: as `ingest`.
        """
        pairs = images.items() if isinstance(images, Mapping) else images
        analyser = self._analyser(min_face, max_megapixels)
        report = ingest_pictures(self._folder, pairs, analyser=analyser, wait=wait)
        self._index = None
        follow(self._folder)
        face_index.fold(self._folder)
        return report

    def reencode(
        self,
        target: StrPath,
        recipe: Recipe | str,
        *,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Reencoded:
        """Make a library at `target` of the same photos by another recipe; names, albums and decisions come along.

        This one stays as it is. After a crash or Ctrl-C the same call goes on. Raises: UsageError; RecipeMismatch;
        ModelError; LibraryUnwritable.
        """
        analyser = Analyser(as_recipe(recipe), self._folder.min_face, engine=self._engine)
        path = Path(absolute(self.outside(target)))
        return reencode(self._folder, path, analyser=analyser, workers=workers, progress=progress)

    def remove_photos(self, paths: StrPath | Iterable[StrPath]) -> Removed:
        """Take photos at or under `paths` out of the library; the files stay, and a later ingest brings them back.

        Names of their faces are kept for that case. Raises: UsageError when the library knows nothing under one.
        """
        chosen = [path for under in one_or_more(paths) for path in self._known_paths(under)]
        with self._folder.writer() as writer:
            self._index = None
            removed = writer.remove_paths(chosen)
        follow(self._folder)
        return removed

    def erase_photos(self, paths: StrPath | Iterable[StrPath], *, dry_run: bool = False) -> Erased:
        """Erase photos at or under `paths` from the disk, under all their paths, for good: tombstones keep them out.

        The photo files stay. dry_run: only say what would be erased. Raises: UsageError when the library knows nothing
        under one; LibraryLocked.
        """
        chosen = [absolute(path) for path in one_or_more(paths)]
        known = [path for under in chosen for path in self._known_paths(under)]
        photos = {photo for under in chosen for photo in self._folder.catalog.photos_under(under)}
        return self._erase(photos=photos, failures=known, dry_run=dry_run)

    def forget_person(self, person: str, *, dry_run: bool = False) -> Erased:
        """Erase a person's faces from the disk, with the name; photos that show nobody else go with them.

        Tombstones keep a later ingest of the same photos from bringing the faces back. Of a name that was taken back
        the journal is freed. dry_run: only say what would be erased. Raises: UsageError when nobody ever had this name;
        LibraryLocked.
        """
        name = spelled(person)
        faces = self._folder.catalog.faces_of_person(name)
        if faces is None and was_named(self._folder.catalog.connection, name):
            faces = []
        if faces is None:
            raise unknown_person(self._folder.catalog, person)
        return self._erase(faces=faces, people=[name], dry_run=dry_run)

    def forget_all(self, *, dry_run: bool = False) -> Erased:
        """Empty the library: every photo, face, vector, name and tombstone. dry_run: only say what would be erased.

        Raises: LibraryLocked.
        """
        with self._folder.writer() as writer:
            self._index = None
            return replace(erase_all(writer, self._folder.index, dry_run=dry_run), notes=(_ELSEWHERE,))

    def lift_tombstones(self, paths: StrPath | Iterable[StrPath]) -> Lifted:
        """Let what was erased of the photos at or under `paths` come back: take their tombstones away.

        Faces of photos that are in the library are found again at once; photos that are not wait for the next ingest.
        Names do not come back: they were erased. Raises: UsageError when a path is missing; LibraryLocked; ModelError.
        """
        chosen = [absolute(path) for path in one_or_more(paths)]
        lifted = lift(self._folder, chosen, analyser=self._analyser(None))
        self._index = None
        follow(self._folder)
        face_index.fold(self._folder)
        return lifted

    def _erase(self, *, dry_run: bool, **what: Iterable[Any]) -> Erased:
        with self._folder.writer() as writer:
            self._index = None
            receipt = erase(writer, self._folder.index, dry_run=dry_run, **what)
        if not dry_run:
            follow(self._folder)
        return replace(receipt, notes=(_ELSEWHERE,))

    def _known_paths(self, under: StrPath) -> list[str]:
        found = list(self._folder.catalog.paths(absolute(under)))
        if not found:
            raise UsageError(f"the library knows no photo at or under {absolute(under)}")
        return found
