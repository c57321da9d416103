"""What a library holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """One path of a photo in a library; photos with several paths have a record for each.

    photo: its id. width, height: pixels, upright. faces: their number. warning: what is wrong with the file, which was
    read all the same. taken: when, the camera's local time in ISO 8601; None when the photo does not say. taken_from:
    where that is written, as "EXIF DateTimeOriginal" or "sidecar xmp:CreateDate".
    """

    path: str
    photo: int
    width: int
    height: int
    faces: int
    warning: str | None = None
    taken: str | None = None
    taken_from: str | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder. photos: paths of photos in it and in the folders below."""

    path: str
    photos: int


@dataclass(frozen=True, slots=True)
class PhotosAround:
    """Photos around a photo. before, after: by path, None at an end. others: of the same moment, by time, if `by_date`;
    else in the same folder, by path."""

    before: PhotoRecord | None
    after: PhotoRecord | None
    others: tuple[PhotoRecord, ...]
    by_date: bool


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """A photo that could not be read, or only with a warning, and why.

    out_of_reach: it, or a folder, could not even be accessed (permissions, a disk that fails), which says nothing about
    the photo.
    """

    path: str
    error: str
    out_of_reach: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a name. faces and photos are counts; cover: id of the face of best quality, None without faces.

    confirmed: how many of the faces somebody said are this person's; the others are in the person's album. id: text
    that stays with the person over renames, undos, `reencode`, and export and import of the library; where a person is
    asked for, `id:` and this text does as well as the name.
    """

    person: str
    faces: int
    photos: int
    cover: int | None
    confirmed: int = 0
    hidden: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Album:
    """A group of faces taken for one person. faces and photos are counts; cover is a face id.

    unknown: it is left alone: nobody wants to name it.
    """

    album: int
    faces: int
    photos: int
    cover: int
    person: str | None = None
    hidden: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """The library in figures. bytes: on disk, everything.

    failed: photos that could not be read. out_of_reach: files and folders that the last ingest could not access.

    index: "current" when it is searched as it is, together with `index_beside` faces that are new; "stale" when so much
    has changed that the next ingest, or `faceindex index build`, builds it anew; or "absent". index_kind:
    "flat" or "ivf". index_recall: measured, 1.0 when exact. calibration: "own", "default", the recipe's, or "none".
    """

    library: str
    recipe: str
    photos: int
    failed: int
    faces: int
    people: int
    albums: int
    segments: int
    index: str
    bytes: int
    index_kind: str = ""
    index_recall: float = 0.0
    index_beside: int = 0
    calibration: str = "default"
    out_of_reach: int = 0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The index of a library.

    state: as in Status. chosen: the kind that was asked for, "auto" by default. wanted: recall of an approximate kind.
    The rest is 0 or empty when there is no index. faces: in the index. beside: faces that were added or edited since,
    which are searched as well. gone: faces of the index that the library has no more, or that were edited. kind: "flat"
    or "ivf". recall: measured when it was built, 1.0 when exact. milliseconds: median of a query then. lists: of
    all_lists, that a query reads, the median. candidates: faces that it ranks to find ten. nprobe,
    k_factor: FAISS's settings in index/faces.faiss, with which FAISS alone finds as much. seconds: how long it took to
    build. bytes: on disk.
    """

    state: str
    chosen: str
    wanted: float
    faces: int = 0
    beside: int = 0
    gone: int = 0
    kind: str = ""
    recall: float = 0.0
    milliseconds: float = 0.0
    lists: int = 0
    all_lists: int = 0
    seconds: float = 0.0
    bytes: int = 0
    candidates: int = 0
    nprobe: int = 0
    k_factor: float = 0.0
