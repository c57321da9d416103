"""`library.history`: what people decided, and undoing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from faceindex.errors import NotInLibrary
from faceindex.library.deprecation import renamed
from faceindex.library.opened import Opened
from faceindex.library.paging import PAGE
from faceindex.people.history import history_page, past_act, past_acts
from faceindex.people.steps import in_one_transaction
from faceindex.people.undoing import undo
from faceindex.types import Decided, Page, PastAct

Acts = list[PastAct]  # `list` is a method here


class History:
    """What people decided in a library; iterating gives every act, by rising id."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[PastAct]:
        return iter(past_acts(self._opened.catalog))

    def __call__(self) -> Acts:
        """Every act. Deprecated: iterate over `library.history`."""
        renamed("history()", "history")
        return past_acts(self._opened.catalog)

    def list(self, *, limit: int | None = PAGE, cursor: str | None = None, newest_first: bool = False) -> Page[PastAct]:
        """Acts by rising id, or the newest first. limit: None for all.

        Raises: UsageError for a cursor that no page gave.
        """
        return history_page(self._opened.catalog, limit=limit, cursor=cursor, newest_first=newest_first)

    def get(self, act: int) -> PastAct:
        """The act with this id. Raises: UsageError when there is none."""
        found = past_act(self._opened.catalog, act)
        if found is None:
            raise NotInLibrary(f"no act {act}; `faceindex people history` shows them")
        return found

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the acts made inside, by this thread, become true at once, or none of them when one fails.

        They wait for the disk once. Readers, this library's own lists too, see what they changed at the end.

            with library.history.together():
                for album in chosen:
                    library.people.name("Ann", album=album)

        Faces may be drawn inside, too. Anything else that writes is refused: it would wait for the end of this.
        Raises: UsageError when there is no library; LibraryUnwritable.
        """
        with in_one_transaction(self._opened.folder):
            yield

    def undo(self, act: int | None = None, *, dry_run: bool = False) -> Decided:
        """Undo any act, by default the newest that counts; an undo is undone in the same way. dry_run: only say what
        that would change.

        Raises: UsageError when there is no such act, or it does not count.
        """
        return undo(self._opened.folder, act, dry_run=dry_run)
