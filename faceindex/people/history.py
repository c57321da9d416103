"""The journal as people read it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from faceindex.journal.acts import Act, undone
from faceindex.store.act_changes import changes
from faceindex.store.acts import LISTED, dead_acts, read_acts
from faceindex.store.catalog import Catalog
from faceindex.store.imports import imports
from faceindex.types import ActChange, PastAct


def past_acts(catalog: Catalog) -> list[PastAct]:
    """Every act, by rising id."""
    journal = read_acts(catalog.connection)
    return _as_read(catalog, journal, undone(journal), changes(catalog.connection))


def past_act(catalog: Catalog, number: int) -> PastAct:
    """One of them, which must be there."""
    journal = read_acts(catalog.connection, [number])
    (act,) = _as_read(catalog, journal, dead_acts(catalog.connection), changes(catalog.connection, number))
    return act


def _as_read(
    catalog: Catalog,
    journal: Sequence[Act],
    dead: Mapping[int, int],
    changed: Mapping[int, tuple[ActChange, ...]],
) -> list[PastAct]:
    """dead: acts that do not count. changed: by act, what it changed."""
    imported = imports(catalog.connection)
    firsts = {act.act: face for act in journal if (face := next((f for side in act.sides for f in side), None))}
    paths = _paths(catalog, list(firsts.values()))
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
        )
        for act in journal
    ]


def _paths(catalog: Catalog, faces: Sequence[int]) -> dict[int, str]:
    """The first path of the photo of each face that is in the library."""
    rows = catalog.connection.execute(
        f"SELECT faces.id, MIN(path) FROM faces JOIN paths USING (photo) WHERE faces.id IN {LISTED} GROUP BY faces.id",
        (json.dumps(sorted(set(faces))),),
    )
    return {face: os.fsdecode(path) for face, path in rows}
