"""`library.people`: people with a name, suggestions, and lost faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from faceindex.library.deprecation import renamed
from faceindex.library.job import Job, blocking
from faceindex.library.opened import Opened
from faceindex.library.paging import PAGE
from faceindex.running.lazily import functions, module
from faceindex.store.pages import people_page
from faceindex.types import Decided, Erased, LostFace, Page, Person, Progress, Stale, Suggestion

if TYPE_CHECKING:
    from faceindex.library.erasing import erased
    from faceindex.people import acting
    from faceindex.people.acting import Target
    from faceindex.people.review import answer, is_open, prepare_suggestions, stale, suggestion_page
    from faceindex.store.journal.acts import was_named
    from faceindex.store.people.known_people import unknown_person
    from faceindex.store.people.person_ids import name_meant
    from faceindex.store.photos.lost import lost_page
else:
    erased = functions("faceindex.library.erasing", "erased")
    acting = module("faceindex.people.acting")
    Target = functions("faceindex.people.acting", "Target")
    answer, is_open, prepare_suggestions, stale, suggestion_page = functions(
        "faceindex.people.review", "answer", "is_open", "prepare_suggestions", "stale", "suggestion_page"
    )
    was_named = functions("faceindex.store.journal.acts", "was_named")
    unknown_person = functions("faceindex.store.people.known_people", "unknown_person")
    name_meant = functions("faceindex.store.people.person_ids", "name_meant")
    lost_page = functions("faceindex.store.photos.lost", "lost_page")


PersonList = list[Person]  # `list` is a method here


class People:
    """The people with a name in a library; iterating gives all who are not hidden, by name.

    Wherever a person is asked for by name, "id:" and the person's `id` will do, too.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[Person]:
        return iter(self._opened.catalog.people())

    def __call__(self, *, hidden: bool = False) -> PersonList:
        """Everybody. Deprecated: iterate over `library.people`, or `library.people.list(limit=None)`."""
        renamed("people()", "people.list(hidden=True, limit=None)" if hidden else "people")
        return self._opened.catalog.people(hidden=hidden)

    def list(self, *, limit: int | None = PAGE, cursor: str | None = None, hidden: bool = False) -> Page[Person]:
        """People by name. limit: None for all. hidden: those who are hidden, too.

        Raises: UsageError for a cursor that no page gave.
        """
        return people_page(self._opened.catalog, limit=limit, cursor=cursor, hidden=hidden)

    def get(self, person: str) -> Person:
        """The person with this name, or with the id of "id:...", also when hidden. Raises: UsageError when there is
        none."""
        found = self._opened.catalog.person(person)
        if found is None:
            raise unknown_person(self._opened.catalog, person)
        return found

    def name(self, name: str, *, face: int | None = None, album: int | None = None) -> Decided:
        """Say that a face, or every face of an album, is the person called `name`.

        Names outlast clusterings and edits of photos; a face that has another name gets this one. Raises: UsageError
        when there is no such face or album, or no name.
        """
        return acting.name(self._opened.folder, Target(album=album, face=face), name)

    def rename(self, person: str, new: str, *, merge: bool = False) -> Decided:
        """Call a person `new` from now on. merge: also when somebody is called that, and both become one person.

        Raises: UsageError when nobody is called so, or somebody is called `new` already.
        """
        return acting.rename(self._opened.folder, person, new, merge=merge)

    def hide(self, person: str) -> Decided:
        """Hide a person. Raises: UsageError when nobody has this name."""
        return acting.hide(self._opened.folder, Target(person=person), hidden=True)

    def unhide(self, person: str) -> Decided:
        """Show a hidden person again. Raises: UsageError when nobody has this name."""
        return acting.hide(self._opened.folder, Target(person=person), hidden=False)

    def forget(self, person: str, *, dry_run: bool = False) -> Erased:
        """Erase a person's faces from the disk, with the name; photos that show nobody else are erased with them.

        Tombstones keep a later ingest of the same photos from bringing the faces back. A name that was undone is erased
        from the journal. dry_run: only say what would be erased. Raises: UsageError when nobody ever had this name;
        LibraryLocked.
        """
        catalog = self._opened.catalog
        name = name_meant(catalog.connection, person)
        faces = catalog.faces_of_person(name)
        if faces is None and was_named(catalog.connection, name):
            faces = []
        if faces is None:
            raise unknown_person(catalog, person)
        return erased(self._opened, faces=faces, people=[name], dry_run=dry_run)

    def lost(self, *, limit: int | None = PAGE, cursor: str | None = None) -> Page[LostFace]:
        """Faces with a name that their photo no longer shows, since it was edited or replaced; by path.

        limit: None for all. Raises: UsageError for a cursor that no page gave.
        """
        return lost_page(self._opened.catalog, limit=limit, cursor=cursor)

    def suggestions(
        self, *, limit: int | None = 20, cursor: str | None = None, wait: bool | None = None
    ) -> Page[Suggestion]:
        """Albums and single faces that are probably one person's, the most useful answers first.

        limit: None for all. wait: until they are prepared, where `stale` says that they are not: in a large library the
        first time, and after many changes; default as the library was opened.
        Raises: StaleError when it would wait; UsageError for a cursor that no page gave.
        """
        waits = self._opened.wait if wait is None else wait
        return suggestion_page(self._opened.folder, limit=limit, cursor=cursor, wait=waits)

    def stale(self) -> Stale | None:
        """What must be prepared before `suggestions`; None when nothing must. `start_prepare` prepares it."""
        return stale(self._opened.folder)

    def start_prepare(self, *, progress: Callable[[Progress], None] | None = None) -> Job[int]:
        """Compare all albums and faces, and store which are near each other, for `suggestions`; the result is their
        number.

        Raises: LibraryUnwritable.
        """
        return self._opened.start("suggestions", lambda _: prepare_suggestions(self._opened.folder), progress)

    prepare = blocking(start_prepare)

    def is_open(self, suggestion: Suggestion) -> bool:
        """Whether a suggestion can still be answered: other answers may have settled it."""
        return is_open(self._opened.catalog, suggestion)

    def answer(self, suggestion: Suggestion, *, same: bool) -> Decided:
        """Settle a suggestion. same: it is one person; else it is not, and is never suggested again. Raises:
        UsageError."""
        return answer(self._opened.folder, suggestion, same=same)
