"""What people decide."""

from __future__ import annotations

from collections.abc import Sequence

from faceindex.library.opened import Opened
from faceindex.people import acting
from faceindex.people.acting import Target
from faceindex.people.review import answer, is_open, suggest
from faceindex.types import Decided, Suggestion


class Deciding(Opened):
    """Names and other acts, and the questions whose answers help most."""

    def name(self, person: str, *, face: int | None = None, album: int | None = None) -> int:
        """Say that a face, or every face of an album, is `person`; returns the number of faces named.

        Names are kept over clusterings and edits of photos, and the face of another name takes this one.
        Raises: UsageError when there is no such face or album, or no name.
        """
        return acting.name(self._folder, Target(album=album, face=face), person).faces

    def rename(self, person: str, new: str, *, merge: bool = False) -> Decided:
        """Call a person `new` from now on. merge: also when somebody is called that, and both become one person.

        Raises: UsageError when nobody is called so, or somebody is called `new` already.
        """
        return acting.rename(self._folder, person, new, merge=merge)

    def decide_name(self, person: str, *, face: int | None = None, album: int | None = None) -> Decided:
        """As `name`, with all that is known of the step."""
        return acting.name(self._folder, Target(album=album, face=face), person)

    def merge(self, albums: Sequence[int]) -> Decided:
        """Say that all faces of these albums are one person's. Raises: UsageError when they are different people's."""
        return acting.merge(self._folder, albums)

    def split(self, album: int, faces: Sequence[int]) -> Decided:
        """Say that `faces` of the album are one other person's. Raises: UsageError."""
        return acting.split(self._folder, album, faces)

    def reject(self, faces: Sequence[int]) -> Decided:
        """Say that `faces`, of one album, are not of its person. Raises: UsageError."""
        return acting.reject(self._folder, faces)

    def move(self, faces: Sequence[int], album: int) -> Decided:
        """Say that `faces`, of one album or of none, belong into this one. Raises: UsageError."""
        return acting.move(self._folder, faces, album)

    def hide(self, *, album: int | None = None, face: int | None = None, person: str | None = None) -> Decided:
        """List an album, a face or a person no more. Raises: UsageError when there is none such."""
        return acting.hide(self._folder, Target(album, face, person), hidden=True)

    def unhide(self, *, album: int | None = None, face: int | None = None, person: str | None = None) -> Decided:
        """List them again. Raises: UsageError when there is none such."""
        return acting.hide(self._folder, Target(album, face, person), hidden=False)

    def undo(self, act: int | None = None) -> Decided:
        """Take back any act, by default the newest that counts; to take back an undo is to do it again.

        Raises: UsageError when there is no such act, or it does not count.
        """
        return acting.undo(self._folder, act)

    def suggestions(self, limit: int = 20) -> list[Suggestion]:
        """Albums and single faces that are probably one person's: at most `limit`, the most useful answers first."""
        return suggest(self._folder)[:limit]

    def is_open(self, suggestion: Suggestion) -> bool:
        """Whether a suggestion can still be answered: other answers may have settled it."""
        return is_open(self._folder.catalog, suggestion)

    def answer(self, suggestion: Suggestion, *, same: bool) -> Decided:
        """Settle a suggestion: it is one person, or it is not and is never suggested again. Raises: UsageError."""
        return answer(self._folder, suggestion, same=same)
