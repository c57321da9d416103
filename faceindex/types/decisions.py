"""What people decide, and the albums that follow."""

from __future__ import annotations

from dataclasses import dataclass


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
    """An act of the journal. made: time in UTC. faces: number of them on each side. undone: it does not count now.

    imported: the first act of the import that it belongs to; None for what people decided.
    """

    act: int
    made: str
    kind: str
    person: str | None
    faces: tuple[int, ...]
    undoes: int | None
    undone: bool
    imported: int | None = None


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
