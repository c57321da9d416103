"""The status of a library, and its version tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faceindex.library.opened import Opened
from faceindex.running.lazily import functions, module
from faceindex.types import Status, Version

if TYPE_CHECKING:
    from faceindex.judgement import library_calibration as calibrated
    from faceindex.search import index as face_index
    from faceindex.search.files import stamp_token
else:
    face_index = module("faceindex.search.index")
    calibrated = module("faceindex.judgement.library_calibration")
    stamp_token = functions("faceindex.search.files", "stamp_token")


def version(opened: Opened) -> Version:
    """The token of each topic. Raises: UsageError when there is no library yet."""
    tokens = opened.catalog.version()
    settings = tokens.pop("settings")
    return Version(**tokens, index=f"{settings}.{stamp_token(opened.folder.index)}")


def status(opened: Opened) -> Status:
    """The library in figures."""
    counts, index = opened.catalog.counts(), face_index.report(opened.folder)
    return Status(
        library=str(opened.folder.path),
        recipe=opened.recipe.title,
        photos=counts["photos"],
        failed=counts["failures"],
        faces=counts["faces"],
        people=counts["people"],
        albums=counts["albums"],
        segments=counts["segments"],
        index=index.state,
        bytes=opened.folder.bytes_on_disk(),
        index_kind=index.kind,
        index_recall=index.recall,
        index_beside=index.beside,
        calibration=calibrated.source(opened.folder),
        out_of_reach=opened.catalog.out_of_reach(),
    )
