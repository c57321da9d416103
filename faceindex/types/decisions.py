"""What people decide, and the albums that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceindex.types.faces import Box, FaceRecord

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class ActChange:
    """What an act changed for faces that went the same way.

    faces: their number; face: the id of the first. person_before, person_after: whose they were and are, None for
    nobody's. album_before, album_after: in which album, None for none.
    """

    faces: int
    face: int
    person_before: str | None
    album_before: int | None
    person_after: str | None
    album_after: int | None


@dataclass(frozen=True, slots=True)
class PastAct:
    """An act of the journal.

    made: time in UTC. faces: number of them on each side. undone: it does not count now. imported: the first act of the
    import that it belongs to, which is undone as a whole; None when it belongs to none. renamed: what the person is
    called since (rename). changes: whose and where its faces were before and after it, the most first; empty where that
    was not kept. photo: a path of the first face's photo, None when that is in no photo now. origin: the program, and
    its file, that the names of an import came from; None where that was not kept.
    """

    act: int
    made: str
    kind: str
    person: str | None
    faces: tuple[int, ...]
    undoes: int | None
    undone: bool
    imported: int | None = None
    renamed: str | None = None
    changes: tuple[ActChange, ...] = ()
    photo: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a decision is about: exactly one of an album, by number, a face, by id, and a person, by name."""

    album: int | None = None
    face: int | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """One part of what becomes one person or album. person, album: of these faces until now, None for none. faces,
    photos: numbers."""

    person: str | None
    album: int | None
    faces: int
    photos: int


@dataclass(frozen=True, slots=True)
class Price:
    """What a decision changes. faces: whose person, album or kind changes; photos: that they are in; people: with a
    name, who gain or lose faces or change their name. joins: the parts of what becomes one; empty when nothing is
    joined."""

    faces: int
    photos: int
    people: int
    joins: tuple[Joined, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """A step of a user that was written into the journal.

    act: its id. faces: number of those it is about. albums: where these are now. undoes: the act that it takes back;
    undone: this act itself. renamed: what the person is called now (rename). changes: whose and where the faces were
    before and are now, the most first. similar: names of others that differ from the person's in case or accents alone.
    price: what it would change, of a dry run, which is written nowhere and has the act 0.
    """

    act: int
    kind: str
    person: str | None
    faces: int
    albums: tuple[int, ...]
    undoes: int | None = None
    undone: PastAct | None = None
    renamed: str | None = None
    changes: tuple[ActChange, ...] = ()
    similar: tuple[str, ...] = ()
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class DrawnFace:
    """A face that was added in a box which somebody drew. face: its id, 0 of a dry run. box: pixels of the upright
    photo.

    score: the detector's, 0 when it found nothing there. quality: in [0, 1]. origin: DRAWN, or BY_BOX where no
    landmarks were found. decided: the act.
    """

    face: int
    photo: str
    box: Box
    score: float
    quality: float
    origin: str
    decided: Decided


@dataclass(frozen=True, slots=True)
class NotFace:
    """What was detected in a photo and is no face, as a user said by `act`. face: the id that it had and may get back.

    box: pixels of the upright photo. score: the detector's. landmarks: float32 [5 or 68, 2].
    """

    face: int
    photo: str
    box: Box
    score: float
    landmarks: npt.NDArray[np.float32]
    act: int


@dataclass(frozen=True, slots=True)
class NeverSuggested:
    """A question that is not asked again, since `act`: whether one of the faces `ones` is the same person as one of
    `others`, or `person`. made: time in UTC."""

    act: int
    made: str
    ones: tuple[int, ...]
    others: tuple[int, ...]
    person: str | None


@dataclass(frozen=True, slots=True)
class LostFace:
    """A face with a name that its photo does not show any more, since it was edited or replaced.

    face: its id, which waits for the face to come back. photo: path of what is there now. lost: time in UTC. candidate:
    a face of this photo that may be the same, and distance, Euclidean, to it; None when there is none.
    """

    face: int
    person: str
    photo: str
    lost: str
    candidate: int | None = None
    distance: float | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two albums, a face that is in none and an album, two such faces, or a face and a person, which are probably one
    person's.

    album: with the more faces, or with a name. other: the other album, or None; face: the single face, or None;
    with_face: another single face in place of the album, which is None then. probability: that it is so, in [0, 1].
    distance: Euclidean, root mean square over all pairs of their faces. settles: faces that one answer gives a place.
    person: whose the album or `with_face` is, None for nobody's.

    lost: a face with a name that the photo of `face` lost when it was edited, see LostFace; the question is whether
    `face` is the same, and album is None.

    origin: another program, and its file, that says that `person` is in the photo of `face`; the question is whether
    `face` is that person, and album is None.
    """

    album: int | None
    other: int | None
    face: int | None
    probability: float
    distance: float
    settles: int
    person: str | None = None
    lost: int | None = None
    with_face: int | None = None
    origin: str | None = None

    @property
    def asks_who(self) -> bool:
        """Whether it is about a face and a person, and not about two groups of faces."""
        return self.lost is not None or self.origin is not None


@dataclass(frozen=True, slots=True)
class NameQuestion:
    """Who is an album without a name, or a face that is in none? One of both is None.

    probability: that somebody can be named, in [0, 1]. settles: faces that one answer names.
    """

    album: int | None
    face: int | None
    probability: float
    settles: int


@dataclass(frozen=True, slots=True)
class Question:
    """A suggestion, with the faces that a page shows of both sides. person: of the album. yes: the command for yes."""

    suggestion: Suggestion
    album: tuple[FaceRecord, ...]
    other: tuple[FaceRecord, ...]
    person: str | None
    yes: str


@dataclass(frozen=True, slots=True)
class PersonChange:
    """How a person's album changed. faces: in it now. gained, lost: faces that came into it and that left it."""

    person: str
    faces: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class AlbumChange:
    """How albums changed. kept, new, gone: numbers of albums. joined: faces that were in none and are in one now.

    moved: faces that are no longer in the album that they were in. people: those whose albums changed.
    """

    kept: int
    new: int
    gone: int
    joined: int
    moved: int
    people: tuple[PersonChange, ...]


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """albums: groups of two faces and more; clustered: faces in them; singletons: faces alone; low_quality: those of
    them that may join an album but do not begin one, because they are blurred, small, dark or half hidden.

    change: compared with the albums before. merges: pairs of albums that new faces connect, and that seem to be one
    person's. dry_run: nothing was changed. extended: there were albums, which stayed as they were; only new faces were
    placed, by linkage.
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
    low_quality: int = 0
