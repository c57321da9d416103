"""Results: frozen, slotted, with units. Nothing here knows a file, a network or a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""uint8 [height, width, 3], upright RGB."""

Vectors = npt.NDArray[np.float32]
"""float32 [n, d], one face a row."""

FaceIds = npt.NDArray[np.int64]
"""int64 [n], ids of faces in one library."""

Qualities = npt.NDArray[np.float64]
"""float64 [n], in [0, 1] and higher for better faces; NaN is unknown."""

Labels = npt.NDArray[np.int64]
"""int64 [n], the cluster of each row; -1 is none."""


@dataclass(frozen=True, slots=True)
class Box:
    """A face's square in pixels of the upright photo; may reach over the photo's edge."""

    x: int
    y: int
    width: int
    height: int

    def as_list(self) -> list[int]:
        """[x, y, width, height], as every JSON answer gives it."""
        return [self.x, self.y, self.width, self.height]

    @property
    def area(self) -> int:
        """Square pixels."""
        return self.width * self.height

    def overlap(self, other: Box) -> float:
        """Intersection over union with another box, in [0, 1]."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        shared = max(0, width) * max(0, height)
        return shared / (self.area + other.area - shared)


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in a photo, not yet in a library.

    box: pixels of the upright photo. score: the detector's, higher is surer (dlib's HOG: 0 is the
    usual limit, 1 and more a clear frontal face). landmarks: float32 [5 or 68, 2], x and y in pixels
    of the upright photo. vector: float32 [d]. quality: in [0, 1], see `faceindex.faces.quality`; NaN if not measured.
    """

    box: Box
    score: float
    landmarks: npt.NDArray[np.float32]
    vector: npt.NDArray[np.float32]
    quality: float


@dataclass(frozen=True, slots=True)
class AnalysedPhoto:
    """What the analyser says of one photo.

    width, height: pixels, upright. warning: what is wrong with a photo that was read all the same, in one line. taken:
    when, the camera's local time in ISO 8601; None when the photo does not say.
    """

    width: int
    height: int
    faces: tuple[Face, ...]
    warning: str | None = None
    taken: str | None = None


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face in a library.

    album: None when the face is in no album; person: None when unnamed; quality: in [0, 1], None when the face was
    stored before there was such a number. confirmed: somebody said that it is this person's; else it only is in the
    person's album.
    """

    face: int
    photo: str
    box: Box
    score: float
    landmarks: npt.NDArray[np.float32]
    album: int | None = None
    person: str | None = None
    quality: float | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A face of the library that resembles the probe.

    distance: Euclidean, not squared. confidence: probability in [0, 1] that it is the probe's person, among as many
    faces as the library has, when one of them is expected to be.
    """

    face: int
    photo: str
    box: Box
    distance: float
    confidence: float
    person: str | None = None


@dataclass(frozen=True, slots=True)
class ProbeFace:
    """One face of a searched image, and its matches, nearest first. threshold: Euclidean, that they are within."""

    box: Box
    score: float
    matches: tuple[Match, ...]
    threshold: float


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """One of many probes, and its matches, nearest first.

    source: path of the photo, or of the file of vectors, of which row says which one. box, score: of a photo's face.
    threshold: Euclidean. error: why there is no probe; None otherwise.
    """

    source: str
    row: int | None
    box: Box | None
    score: float | None
    matches: tuple[Match, ...]
    threshold: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A face with a name that helped to decide who somebody is. distance: Euclidean, to the face asked about."""

    face: int
    photo: str
    box: Box
    distance: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom a face may show.

    score: by which candidates are ranked, of a unit of the method's own. confidence: probability in [0, 1], for a face
    that is as likely of somebody unknown as of somebody known. distance: to the nearest of `exemplars`, the person's
    faces that decided, nearest first.
    """

    person: str
    score: float
    confidence: float
    distance: float
    exemplars: tuple[Exemplar, ...]


@dataclass(frozen=True, slots=True)
class IdentifiedFace:
    """Who a face shows.

    score: the detector's. person: None when nobody known is within `threshold`, Euclidean. confidence: probability in
    [0, 1] of that answer, see Candidate. margin: by how much the first candidate's exceeds the second's. candidates:
    the likeliest people, whether within the threshold or not.
    """

    box: Box
    score: float
    person: str | None
    confidence: float
    margin: float
    threshold: float
    method: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether two photos show the same person.

    distance: Euclidean. confidence: probability in [0, 1] that the answer `same` is right, for a pair
    that is as likely to be the same person as not. faces: the box compared in each photo.
    """

    same: bool
    distance: float
    threshold: float
    confidence: float
    faces: tuple[Box, Box]


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """One path of a photo in a library; photos with several paths have a record for each.

    photo: its id. width, height: pixels, upright. faces: their number. warning: what is wrong with the file, which was
    read all the same. taken: when, the camera's local time in ISO 8601; None when the photo does not say.
    """

    path: str
    photo: int
    width: int
    height: int
    faces: int
    warning: str | None = None
    taken: str | None = None


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """A photo that could not be read, or only with a warning, and why."""

    path: str
    error: str


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out of a library: numbers of paths, of photos that had no other path, and of their faces."""

    paths: int
    photos: int
    faces: int


@dataclass(frozen=True, slots=True)
class Erased:
    """The receipt of forgetting: what is no longer on the disk.

    photos; their paths; faces with their vectors and rows; decisions: things said about them; segments: files of
    vectors that were written anew without them. tombstones: what was left behind so that they do not come back. notes:
    what is left elsewhere, in one line each.
    """

    photos: int
    paths: int
    faces: int
    decisions: int
    segments: int
    tombstones: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a name. faces and photos are counts; cover: id of the face of best quality, None without faces.

    confirmed: how many of the faces somebody said are this person's; the others are in the person's album.
    """

    person: str
    faces: int
    photos: int
    cover: int | None
    confirmed: int = 0
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """A step of a user that was written into the journal.

    act: its id. faces: number of those it is about. albums: where these are now. undoes: the act that it takes back.
    """

    act: int
    kind: str
    person: str | None
    faces: int
    albums: tuple[int, ...]
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class PastAct:
    """An act of the journal. made: time in UTC. faces: number of them on each side. undone: it does not count now."""

    act: int
    made: str
    kind: str
    person: str | None
    faces: tuple[int, ...]
    undoes: int | None
    undone: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two albums, or a face that is in none and an album, which are probably one person's.

    album: with the more faces, or with a name. other: the other album, or None; face: the single face, or None.
    probability: that it is so, in [0, 1], for pairs of which half are. distance: Euclidean, root mean square over all
    pairs of their faces. settles: faces that one answer gives a place.
    """

    album: int
    other: int | None
    face: int | None
    probability: float
    distance: float
    settles: int


@dataclass(frozen=True, slots=True)
class Reencoded:
    """A library that was made of another one's photos by another recipe. library: its path.

    photos: paths that were there; away: that were not. faces: in the new library. acts: taken over. decided: faces that
    people decided about; found: how many of these the new library has. interrupted: stopped, and nothing taken over.
    """

    library: str
    recipe: str
    photos: int
    away: int
    faces: int
    acts: int
    decided: int
    found: int
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Pruned:
    """What `ingest --prune` did. away: paths that were kept, because the disk they are on may just not be there."""

    removed: Removed
    away: int


@dataclass(frozen=True, slots=True)
class NamesRead:
    """Names of faces that `ingest --xmp` found in photos and sidecars.

    photos: that have any. names: regions with a name. named: faces that got theirs. decided: faces that were left as
    people had decided before. without_face: regions where the library has no face. warnings: files with broken XMP.
    """

    photos: int
    names: int
    named: int
    decided: int
    without_face: int
    warnings: tuple[FailedPhoto, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. Every photo seen is counted once among new ... failed.

    new: analysed and stored. unchanged: same path, size and time as before. moved: known content whose
    old path is gone. duplicate: known content that is still elsewhere too. failed: listed in `failures`.
    ignored: files that are no photos. forgotten: photos that were erased and stay so. stages: seconds of find, write
    and compact (in the main process) and of decode, detect, align and encode (summed over workers). interrupted:
    stopped by the user; what was analysed is stored. warnings: new photos that were read though something is wrong with
    their files. pruned: None unless pruning was asked for. xmp: None unless it was asked for.
    """

    seen: int
    new: int
    unchanged: int
    moved: int
    duplicate: int
    failed: int
    ignored: int
    new_faces: int
    total_faces: int
    failures: tuple[FailedPhoto, ...]
    seconds: float
    recipe: str
    stages: Mapping[str, float] = field(default_factory=dict)
    interrupted: bool = False
    forgotten: int = 0
    warnings: tuple[FailedPhoto, ...] = ()
    pruned: Pruned | None = None
    xmp: NamesRead | None = None

    @property
    def photos_per_second(self) -> float:
        """Photos seen, by the time of the whole run."""
        return self.seen / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class PersonChange:
    """How a person's album changed. faces: that are in it now. gained, lost: faces, of its own before."""

    person: str
    faces: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class AlbumChange:
    """What became of albums. kept, new, gone: numbers of albums. joined: faces that were in none and are in one now.

    moved: faces that were in an album and are not in it any more. people: whose albums are not what they were.
    """

    kept: int
    new: int
    gone: int
    joined: int
    moved: int
    people: tuple[PersonChange, ...]


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """albums: groups of two faces and more; clustered: faces in them; singletons: faces alone.

    change: compared with the albums before. merges: pairs of albums that seem to be one person's, now that new faces
    stand between them. dry_run: none of this was made so. extended: there were albums, which stayed as they were; only
    new faces were placed, by linkage.
    """

    method: str
    threshold: float
    albums: int
    clustered: int
    singletons: int
    seconds: float
    change: AlbumChange
    merges: tuple[tuple[int, int], ...] = ()
    dry_run: bool = False
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Album:
    """A group of faces taken for one person. faces and photos are counts; cover is a face id."""

    album: int
    faces: int
    photos: int
    cover: int
    person: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class AlbumsExport:
    """What `albums export` did. Counts are of photos in albums: one in three albums counts three times.

    folder: absolute; manifest: the file in it that lists everything. made, kept, removed: links, copies and sidecars.
    sidecars: how many there are. missing: photos of which no file is there now; what was exported of them stays. left:
    files that were not made, changed or removed, and why. notes: what else is worth knowing.
    """

    folder: str
    manifest: str
    albums: int
    photos: int
    made: int
    kept: int
    removed: int
    sidecars: int = 0
    missing: tuple[str, ...] = ()
    left: tuple[FailedPhoto, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SidecarReport:
    """What `photos sidecars` did. written, unchanged: sidecars; nothing_to_say: photos without a name, and a sidecar.

    failed: photos and sidecars that could not be read or written, and why.
    """

    written: int
    unchanged: int
    nothing_to_say: int
    failed: tuple[FailedPhoto, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """The library in figures. bytes: on disk, everything.

    index: "current" when it is searched as it is, with a few faces beside it that are new, `index_beside`; "stale" when
    so much has changed that the next ingest, or `faceindex index build`, makes it anew; or "absent". index_kind:
    "flat", "pruned" or "ivf". index_recall: measured, 1.0 when exact. calibration: "own", or "default", the recipe's.
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


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The index of a library.

    state: as in Status. chosen: kind, "auto" unless one was asked for. wanted: recall, of an approximate kind. The rest
    is 0 or empty when there is none. faces: those in it. beside: that are searched beside it. gone: of its own, that
    are not in the library any more. kind: what it is. recall: measured when it was built, 1.0 when exact. milliseconds:
    median of a query then. lists: of all_lists, that a query looks at. seconds: that building took. bytes: on disk.
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


@dataclass(frozen=True, slots=True)
class Damage:
    """file: what is damaged. problem: how. remedy: what to do about it."""

    file: str
    problem: str
    remedy: str = "faceindex repair"


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A part of a library that was checked. found: what there is of it. notes: what is worth knowing and no damage."""

    part: str
    found: str
    damage: tuple[Damage, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What is whole in a library and what is not. deep: every byte was read."""

    library: str
    deep: bool
    parts: tuple[CheckedPart, ...]
    seconds: float

    @property
    def damage(self) -> tuple[Damage, ...]:
        """All damage that was found."""
        return tuple(damage for part in self.parts for damage in part.damage)


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a library. path: absolute. bytes: on disk, everything."""

    path: str
    photos: int
    faces: int
    segments: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What was damaged, what was done about it, and what is left.

    found: what a deep check found before; left: and after. saved: vectors read out of damaged segments. analysed:
    photos whose faces got new vectors. waiting: faces that still have none, because their photos are away. failed:
    photos that are there and gave no vectors again.
    """

    library: str
    found: tuple[Damage, ...]
    left: tuple[Damage, ...]
    saved: int
    analysed: int
    waiting: int
    failed: tuple[FailedPhoto, ...]
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged any more and no face waits."""
        return not self.left and not self.waiting
