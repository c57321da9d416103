"""The journal as people read it."""

from __future__ import annotations

from faceindex.journal.acts import undone
from faceindex.store.acts import read_acts
from faceindex.store.catalog import Catalog
from faceindex.store.imports import imports
from faceindex.types import PastAct


def past_acts(catalog: Catalog) -> list[PastAct]:
    """Every act, by rising id."""
    journal = read_acts(catalog.connection)
    dead = undone(journal)
    imported = imports(catalog.connection)
    return [
        PastAct(
            *(act.act, act.made, act.kind, act.person),
            faces=tuple(map(len, act.sides)),
            undoes=act.undoes,
            undone=act.act in dead,
            imported=imported.get(act.act),
        )
        for act in journal
    ]
