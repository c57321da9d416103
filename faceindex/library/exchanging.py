"""The part of `Library` that writes faces for other programs, and takes theirs in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from faceindex.library.job import Job, blocking, completed
from faceindex.library.opened import Opened, StrPath, one_or_more
from faceindex.library.topics import Topics
from faceindex.photos.finding.addresses import absolute, refuse_address
from faceindex.running.lazily import functions
from faceindex.running.meter import Meter

if TYPE_CHECKING:
    from faceindex.library.exporting import check_export, export_faces, export_to_database
    from faceindex.library.importing import import_files
    from faceindex.library.ingesting import ingest_files
    from faceindex.library.merging import merge_into, same_names_in
    from faceindex.library.rehearsing import rehearsal
    from faceindex.types import DatabaseReport, ImportReport, IngestReport, MergeReport, Progress, SameName
else:
    check_export, export_faces, export_to_database = functions(
        "faceindex.library.exporting", "check_export", "export_faces", "export_to_database"
    )
    import_files = functions("faceindex.library.importing", "import_files")
    ingest_files = functions("faceindex.library.ingesting", "ingest_files")
    rehearsal = functions("faceindex.library.rehearsing", "rehearsal")
    merge_into, same_names_in = functions("faceindex.library.merging", "merge_into", "same_names_in")


class Exchanging(Topics):
    """Export, import and merge."""

    def start_export(
        self,
        out: StrPath,
        *,
        form: str = "jsonl",
        vectors: bool = False,
        kind: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[int]:
        """Write every face to the file `out`; returns their number.

        form: "jsonl" or "csv", a line a face, with its vector if `vectors`; "-" is stdout. "hdf5": the whole library,
        to be imported into another one. "npz": arrays. "faiss": an index, of `kind` "flat", "ivf" or "auto", and
        `out`.csv, which says what its ids are. Raises: UsageError; LibraryDamaged; OSError for a full disk.
        """
        check_export(out, form, kind)
        path = self._opened.output(out)

        def work(meter: Meter) -> int:
            return export_faces(self._opened, path, form=form, vectors=vectors, kind=kind, meter=meter)

        return self._opened.start("export", work, progress)

    export = blocking(start_export)

    def start_export_to(
        self,
        address: str,
        *,
        schema: str = "faceindex",
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[DatabaseReport]:
        """Make the tables of `schema` in a PostgreSQL database with pgvector a copy of this library's faces, photos and
        people, for other programs to search in.

        address: "postgresql://USER@HOST:PORT/DATABASE"; a connection is opened there and nowhere else. The first time
        the tables are made; later only what changed is sent, and what was removed is deleted, in one transaction. The
        library stays what is right: changes of the tables do not come back. Raises: UsageError for a wrong address, or
        when the schema holds something else; MachineError for what the database says; LibraryDamaged.
        """
        return self._opened.start(
            "export", lambda meter: export_to_database(self._opened, address, schema=schema, meter=meter), progress
        )

    export_to = blocking(start_export_to)

    def start_import(
        self,
        files: StrPath | Iterable[StrPath],
        *,
        recipe: str | None = None,
        photos: StrPath | None = None,
        workers: int | None = None,
        min_face: int | None = None,
        wait: bool = False,
        dry_run: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[ImportReport]:
        """Take in what `files` have and the library has not; again, nothing is added.

        A library's own export (HDF5) brings everything, and makes an absent library what that one was. JSON lines and
        CSV (photo, box, person, vector) name faces, which are found by vector and box, in photos that are analysed if
        need be. Files of vectors (.npy, .npz, .h5, pickles) bring faces, with names, photos and boxes where they say
        them. Names become decisions; what was decided here before stays.

        recipe: what made the vectors: one of ours, or any other name; default what the file says, `dlib-raw` for
        encodings of face_recognition, else another program's. photos: the folder that relative paths are in; default
        that of the file, then the current one. dry_run: only say what would be imported: it is done to a copy of the
        library in a temporary folder. The rest: see `ingest`. What is wrong with a file or a row is listed.

        Raises: UsageError, RecipeMismatch and others when it is so of the only file; LibraryLocked; LibraryUnwritable.
        """
        for file in one_or_more(files):
            refuse_address(file, "a file to import")
        given, base = one_or_more(files), None if photos is None else absolute(photos)

        def imported(opened: Opened, meter: Meter) -> ImportReport:
            def analyse(paths: list[str]) -> IngestReport:
                return ingest_files(
                    opened,
                    paths,
                    analyser=opened.analyser(min_face),
                    workers=workers,
                    wait=wait,
                    meter=meter,
                )

            return completed(
                import_files(opened, given, recipe=recipe, base=base, analyse=analyse, wait=wait, meter=meter)
            )

        def work(meter: Meter) -> ImportReport:
            if not dry_run:
                return imported(self._opened, meter)
            with rehearsal(self._opened) as copy:
                return imported(copy, meter)

        return self._opened.start("import", work, progress)

    import_ = blocking(start_import)

    def same_names(self, libraries: StrPath | Iterable[StrPath]) -> list[SameName]:
        """Names that somebody has in one of `libraries`, and somebody here or in one named before it.

        They become one person when the libraries are merged, unless `merge_libraries` is told that they are others.
        Who was one person after an earlier merge is not asked about again. Raises: as `start_merge_libraries`.
        """
        return same_names_in(self._opened, one_or_more(libraries))

    def start_merge_libraries(
        self,
        libraries: StrPath | Iterable[StrPath],
        *,
        others: Iterable[SameName] = (),
        dry_run: bool = False,
        wait: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[MergeReport]:
        """Take in all that other libraries hold, as if it had been ingested and decided here; again, only what is new.

        Photos are the same by content, people by name. Decisions are in the order of their times, and the later ones
        hold; those that do not are listed. What was forgotten in one library is forgotten here. Albums are not taken:
        `cluster` makes them. The other libraries are only read.

        others: of `same_names`, those who are somebody else than the person of their name; they get another name here.
        dry_run: only count. wait: for another writer to finish. After a crash, or when it was cancelled, the same call
        goes on. Raises: UsageError when a library is missing, or is this one; RecipeMismatch; NewerSchema;
        LibraryDamaged; LibraryLocked; LibraryUnwritable.
        """
        given, chosen = one_or_more(libraries), list(others)
        return self._opened.start(
            "merge",
            lambda meter: merge_into(self._opened, given, others=chosen, dry_run=dry_run, wait=wait, meter=meter),
            progress,
        )

    merge_libraries = blocking(start_merge_libraries)
