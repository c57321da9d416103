"""What a merge of libraries did."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.types.contents import FailedPhoto


@dataclass(frozen=True, slots=True)
class Saying:
    """An act, as one of contradicting ones. library: the path of the library in which it was decided. act: its id in
    the merged library. made: time in UTC. person: whom it names."""

    library: str
    act: int
    made: str
    kind: str
    person: str | None


@dataclass(frozen=True, slots=True)
class ContradictingActs:
    """What was said in one library, and does not hold because something else was said later in another one.

    kind: of what does not hold: "name", "merge", "split", "reject", "move", "apart", "not-face", "hide", "unknown" or
    "cover". faces: ids in the merged library, rising. photo: a path of the first one's photo. person: who the faces
    were said to be, or not to be. holds: who they are now, None for nobody. said, by: the act that does not hold, and
    the one that holds; None where it cannot be told.
    """

    kind: str
    faces: tuple[int, ...]
    photo: str | None
    person: str | None
    holds: str | None
    said: Saying | None
    by: Saying | None


@dataclass(frozen=True, slots=True)
class SameName:
    """A name that people have in two libraries. faces: that somebody of this name has in the merged library, or in
    libraries before; in `library`, a path, `others`."""

    name: str
    faces: int
    library: str
    others: int


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge did.

    into: the merged library's path. libraries: paths of those that were merged into it. photos, faces, acts: new ones.
    known: photos that the merged library had already. tombstones: new ones. erased_photos, erased_faces: that were
    forgotten in one of the libraries. kept_out: photos of a library that were not stored, because they were forgotten
    in another one. joined: names that people of several libraries have, who are one person each; renamed_people: name,
    and name in the merged library, of people who are somebody else than those with their name. renamed_paths: path, and
    name in its place, of photos at whose path another library has another photo. left: photos that could not be
    stored, and why. total_photos, total_faces, total_people: in the merged library now. dry_run: nothing was changed.
    """

    into: str
    libraries: tuple[str, ...]
    recipe: str
    photos: int
    known: int
    faces: int
    acts: int
    tombstones: int
    erased_photos: int
    erased_faces: int
    kept_out: int
    joined: tuple[str, ...]
    renamed_people: tuple[tuple[str, str], ...]
    renamed_paths: tuple[tuple[str, str], ...]
    contradictions: tuple[ContradictingActs, ...]
    left: tuple[FailedPhoto, ...]
    total_photos: int
    total_faces: int
    total_people: int
    seconds: float
    dry_run: bool = False
