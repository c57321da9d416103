"""The journal as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from faceindex.journal.acts import Act
from faceindex.store.catalog import Catalog
from faceindex.store.cursors import ALL, begin, cursor_of
from faceindex.store.journal.act_changes import changes
from faceindex.store.journal.acts import act_ids, dead_among, read_acts
from faceindex.store.journal.imports import imports, origins
from faceindex.store.photos.photo_paths import paths_of_faces
from faceindex.types import Page, PastAct


def past_acts(catalog: Catalog) -> list[PastAct]:
    """Every act, by rising id."""
    return _as_read(catalog, read_acts(catalog.connection))


def past_act(catalog: Catalog, number: int) -> PastAct | None:
    """The act with this id; None when there is none."""
    return next(iter(_as_read(catalog, read_acts(catalog.connection, [number]))), None)


def history_page(
    catalog: Catalog, *, limit: int | None, cursor: str | None = None, newest_first: bool = False
) -> Page[PastAct]:
    """Acts by rising id, or by falling id."""
    what = "history, newest first" if newest_first else "history"
    limit = ALL if limit is None else limit
    key = begin(what, cursor, limit)
    beyond = None if key is None else int(key[0] or 0)
    acts = read_acts(catalog.connection, act_ids(catalog.connection, beyond, limit + 1, newest_first=newest_first))
    shown = acts[-limit:][::-1] if newest_first else acts[:limit]
    found = _as_read(catalog, shown)
    return Page(tuple(found), cursor_of(what, (shown[-1].act,)) if len(acts) > limit else None)


def _as_read(catalog: Catalog, journal: Sequence[Act]) -> list[PastAct]:
    numbers = [act.act for act in journal]
    imported, changed = imports(catalog.connection, numbers), changes(catalog.connection, numbers)
    dead, came_from = dead_among(catalog.connection, numbers), origins(catalog.connection, numbers)
    firsts = {act.act: face for act in journal if (face := next((f for side in act.sides for f in side), None))}
    paths = paths_of_faces(catalog.connection, firsts.values())
    return [
        PastAct(
            *(act.act, act.made, act.kind, act.person),
            faces=tuple(map(len, act.sides)),
            undoes=act.undoes,
            undone=act.act in dead,
            imported=imported.get(act.act),
            renamed=act.renamed,
            changes=changed.get(act.act, ()),
            photo=paths.get(firsts.get(act.act, 0)),
            origin=came_from.get(act.act),
        )
        for act in journal
    ]
