"""What was decided, and undoing it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from faceindex.web.api.parameters import LARGEST, Cursor, Decision, Limit, decided, page, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here
from faceindex.web.shapes import DecidedShape, Listing, PastActShape

routes = router("history")


class Undoing(Decision):
    """act: its id; by default the newest that counts."""

    act: Annotated[int, Field(ge=1, le=LARGEST)] | None = None


@routes.get("/history", **needs(Scope.READ, "history"))
def list_acts(
    here: Here,
    limit: Limit = 50,
    cursor: Cursor = None,
    newest_first: Annotated[bool, Query(description="The newest act first.")] = True,
) -> Listing[PastActShape]:
    """Every act of the journal."""
    return page(here.library.history.list(limit=limit, cursor=cursor, newest_first=newest_first), PastActShape)


@routes.get("/history/{act}", **needs(Scope.READ, "history"))
def get_act(here: Here, act: Annotated[int, Path(ge=1, le=LARGEST)]) -> PastActShape:
    """One act."""
    return PastActShape.model_validate(here.library.history.get(act))


@routes.post("/history/undo", **needs(Scope.DECIDE))
def undo_act(here: Here, body: Undoing) -> DecidedShape:
    """Undo an act; an undo is undone in the same way."""
    return decided(here.library.history.undo(body.act, dry_run=body.dry_run))
