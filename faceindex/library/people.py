"""`library.people`: people with a name, suggestions, and lost faces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from faceindex.errors import UsageError
from faceindex.journal.person_names import look_alikes
from faceindex.library.deprecation import renamed
from faceindex.library.job import Job, blocking
from faceindex.library.opened import Opened, StrPath
from faceindex.library.paging import PAGE
from faceindex.running.lazily import functions, module
from faceindex.running.meter import Meter
from faceindex.store.pages import dated_face_page, people_page
from faceindex.types import (
    Audit,
    Decided,
    Erased,
    FaceRecord,
    Finding,
    LostFace,
    NameQuestion,
    NamesImported,
    NeverSuggested,
    Page,
    Person,
    Progress,
    Question,
    Stale,
    Suggestion,
    Target,
)

if TYPE_CHECKING:
    from faceindex.library.erasing import erased
    from faceindex.library.names import names_imported
    from faceindex.people import acting
    from faceindex.people.audit import audit, open_findings
    from faceindex.people.excluding import never_suggest
    from faceindex.people.questions import is_open, questions
    from faceindex.people.queue import next_questions
    from faceindex.people.review import (
        answer,
        do_not_ask,
        prepare_suggestions,
        stale,
        suggestion_page,
    )
    from faceindex.people.uniting import unite
    from faceindex.store.journal.acts import was_named
    from faceindex.store.people.known_people import names_of_people, unknown_person
    from faceindex.store.people.left_alone import names_not_suggested, never_suggested_pairs
    from faceindex.store.people.person_ids import name_meant
    from faceindex.store.photos.lost import lost_page
else:
    erased = functions("faceindex.library.erasing", "erased")
    names_imported = functions("faceindex.library.names", "names_imported")
    acting = module("faceindex.people.acting")
    audit, open_findings = functions("faceindex.people.audit", "audit", "open_findings")
    never_suggest = functions("faceindex.people.excluding", "never_suggest")
    is_open, questions = functions("faceindex.people.questions", "is_open", "questions")
    answer, do_not_ask, prepare_suggestions, stale, suggestion_page = functions(
        "faceindex.people.review", "answer", "do_not_ask", "prepare_suggestions", "stale", "suggestion_page"
    )
    next_questions = functions("faceindex.people.queue", "next_questions")
    unite = functions("faceindex.people.uniting", "unite")
    was_named = functions("faceindex.store.journal.acts", "was_named")
    names_of_people, unknown_person = functions(
        "faceindex.store.people.known_people", "names_of_people", "unknown_person"
    )
    names_not_suggested, never_suggested_pairs = functions(
        "faceindex.store.people.left_alone", "names_not_suggested", "never_suggested_pairs"
    )
    name_meant = functions("faceindex.store.people.person_ids", "name_meant")
    lost_page = functions("faceindex.store.photos.lost", "lost_page")


ListOf = list  # `list` is a method here
PersonList = list[Person]  # `list` is a method here
NeverSuggestedPairs = list[NeverSuggested]
NamePairs = list[tuple[str, str]]


class People:
    """The people with a name in a library; iterating gives all who are not hidden, by name.

    Wherever a person is asked for by name, "id:" and the person's `id` will do, too. With `dry_run`, a decision changes
    nothing and says what it would change: `Decided.price`.
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

    def faces(
        self, person: str, *, limit: int | None = PAGE, cursor: str | None = None, hidden: bool = False
    ) -> Page[FaceRecord]:
        """A person's faces, confirmed and not, by the dates of their photos; those without a date come last.

        limit: None for all. hidden: hidden faces, too. Raises: NotInLibrary; UsageError for a cursor that no page gave.
        """
        return dated_face_page(self._opened.catalog, person, limit=limit, cursor=cursor, hidden=hidden)

    def name(
        self,
        name: str,
        *,
        face: int | None = None,
        album: int | None = None,
        faces: Sequence[int] = (),
        only: bool | None = None,
        merge: bool = True,
        dry_run: bool = False,
    ) -> Decided:
        """Say that a face, several, or every face of an album, is the person called `name`.

        Names outlast clusterings and edits of photos; a face that has another name gets this one. only: the other faces
        of the albums that these are in are somebody else's; by default so when `faces` has several, while the name of a
        single face, where nobody else has one, is that of its album. merge: also when somebody has this name already;
        `price.joins` of a dry run says who. Raises: NameInUse, when not `merge`; UsageError when there is no such face
        or album, or no name.
        """
        folder = self._opened.folder
        chosen = list(faces) if faces or face is None else [face]
        target = Target(album=album) if album is not None and not chosen else chosen
        return acting.name(folder, target, name, only=only, merge=merge, dry_run=dry_run)

    def rename(self, person: str, new: str, *, merge: bool = False, dry_run: bool = False) -> Decided:
        """Call a person `new` from now on. merge: also when somebody is called that, and both become one person.

        Raises: UsageError when nobody is called so, or somebody is called `new` already.
        """
        return acting.rename(self._opened.folder, person, new, merge=merge, dry_run=dry_run)

    def merge(self, targets: Sequence[Target], *, dry_run: bool = False) -> Decided:
        """Say that people, and albums without a name, are one: the first person given, who keeps the name.

        One undo takes all of it back. Raises: UsageError when they are fewer than two, nobody among them has a name, or
        one does not exist.
        """
        return unite(self._opened.folder, targets, dry_run=dry_run)

    def never_suggest(self, one: Target, other: Target, *, dry_run: bool = False) -> Decided:
        """Do not ask again whether these two are one person. It says nothing about whether they are.

        Raises: UsageError when one does not exist, or both are the same.
        """
        return never_suggest(self._opened.folder, one, other, dry_run=dry_run)

    def never_suggested(self) -> NeverSuggestedPairs:
        """The questions that are not asked again, by rising act; undo the act, and they are asked again."""
        return never_suggested_pairs(self._opened.catalog.connection)

    def look_alikes(self) -> NamePairs:
        """Pairs of names that differ in nothing but case, width or accents, without those that are never suggested."""
        connection = self._opened.catalog.connection
        settled = names_not_suggested(connection)
        return [pair for pair in look_alikes(names_of_people(connection)) if frozenset(pair) not in settled]

    def confirm(self, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
        """Say that `faces` were looked at and are the person's whose they are said to be: no audit asks about them
        again. Raises: UsageError when they are nobody's, or several people's."""
        return acting.confirm(self._opened.folder, faces, dry_run=dry_run)

    def start_audit(
        self,
        person: str | None = None,
        *,
        least: float = 0.2,
        again: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[Audit]:
        """Look for wrong names: faces that do not fit their person, people who look like two, two names that look like
        one person, and faces of low quality that nobody can tell. Each finding has the commands that answer it.

        person: all faces of this one instead, the least likely first. least: probability from which on a finding is
        reported. again: also what users answered before: faces that they confirmed, sides that they merged, people that
        they said are two, and what is never to be suggested. Hidden people and faces are left out.
        Raises: UsageError when nobody is called so, or `least` is not between 0 and 1; LibraryDamaged.
        """
        if not 0 < least < 1:
            raise UsageError(f"a probability lies between 0 and 1, not at {least:g}")
        chosen = None if person is None else self.get(person).person
        return self._opened.start(
            "audit",
            lambda meter: audit(self._opened.folder, person=chosen, least=least, again=again, meter=meter),
            progress,
        )

    audit = blocking(start_audit)

    def open_findings(self, findings: Sequence[Finding]) -> ListOf[Finding]:
        """Those of `findings`, of an earlier audit, that nobody answered since and whose faces have the same person
        still; for a library in which another audit takes long."""
        return open_findings(self._opened.catalog, findings)

    def hide(self, person: str, *, dry_run: bool = False) -> Decided:
        """Hide a person. Raises: UsageError when nobody has this name."""
        return acting.hide(self._opened.folder, Target(person=person), hidden=True, dry_run=dry_run)

    def unhide(self, person: str, *, dry_run: bool = False) -> Decided:
        """Show a hidden person again. Raises: UsageError when nobody has this name."""
        return acting.hide(self._opened.folder, Target(person=person), hidden=False, dry_run=dry_run)

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

    def review(
        self, *, limit: int = 20, person: str | None = None, names: bool = False
    ) -> ListOf[Suggestion | NameQuestion]:
        """What to ask next, the most useful answers first; it ends where nothing is likely.

        person: only what may be this person's. names: also who the albums without a name are, and the faces alone that
        probably belong with others, by the faces that an answer is expected to name.
        Raises: UsageError when nobody is called so, or both are given; StaleError, in a library that does not wait.
        """
        return next_questions(self._opened.folder, limit=limit, person=person, names=names, wait=self._opened.wait)

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

    def start_import_names(
        self,
        program: str,
        path: StrPath,
        *,
        roots: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        dry_run: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[NamesImported]:
        """Give the faces of the library the names that another program gave them, as one step of the history.

        program: "digikam", "immich", "takeout", "picasa", "nextcloud", "photoprism", "osxphotos", "xmp" or "faceindex";
        path: its database, file or folder. roots: its folders and what they are called here; other folders are found by
        the photos in both. Each name goes to the face in its box, unless the faces that the name has elsewhere say that
        it is another one; what is not sure is left open. What users decided here stays. dry_run: only count.

        Raises: UsageError for another program, and if what is at `path` is damaged; JobCancelled. Nothing is changed
        then. LibraryUnwritable.
        """
        pairs = list(roots.items() if isinstance(roots, Mapping) else roots)

        def work(meter: Meter) -> NamesImported:
            return names_imported(self._opened, program, path, roots=pairs, dry_run=dry_run, meter=meter)

        return self._opened.start("import names", work, progress)

    import_names = blocking(start_import_names)

    def questions(self, suggestions: Iterable[Suggestion]) -> ListOf[Question]:
        """The suggestions with the faces that stand for their sides; those that are settled already are left out."""
        return questions(self._opened.catalog, [one for one in suggestions if self.is_open(one)])

    def is_open(self, suggestion: Suggestion) -> bool:
        """Whether a suggestion can still be answered: other answers may have settled it."""
        return is_open(self._opened.catalog, suggestion)

    def answer(self, suggestion: Suggestion, *, same: bool, dry_run: bool = False) -> Decided:
        """Settle a suggestion. same: it is one person; else it is not, and is never suggested again. Raises:
        UsageError."""
        return answer(self._opened.folder, suggestion, same=same, dry_run=dry_run)

    def do_not_ask(self, suggestion: Suggestion, *, dry_run: bool = False) -> Decided:
        """Never suggest this again, without saying whether it is one person. Raises: UsageError when it is settled."""
        return do_not_ask(self._opened.folder, suggestion, dry_run=dry_run)
