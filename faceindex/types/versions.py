"""Whether anything has changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stale:
    """Something that a reading call needs is missing or outdated, and making it takes a while.

    what: "index" or "suggestions". message: that, and what makes it, in one line.
    """

    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Version:
    """Random tokens of what a library holds, each replaced by every commit that changes its topic.

    They are random, so no two libraries, nor a restored backup, share one by chance; equal tokens mean that nothing
    changed. As the ETag of a page take `str(version)`, or the tokens of the topics that the page shows.

    photos: photos, their paths, and files that failed. faces: also whose they are and in which album, and lost ones.
    albums, people: members, names, figures, and whether they are hidden. history: the journal. index: what a search
    depends on beside the faces: the index on disk, calibration and other settings.
    """

    photos: str
    faces: str
    albums: str
    people: str
    history: str
    index: str

    def __str__(self) -> str:
        return "-".join((self.photos, self.faces, self.albums, self.people, self.history, self.index))
