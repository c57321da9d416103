"""What begins each kind of long work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from faceindex.library import Library
from faceindex.library.job import Job
from faceindex.web.problems import Refused
from faceindex.web.settings import Settings

JobKind = Literal["ingest", "retry", "cluster", "index", "suggestions", "export", "backup"]
Form = Literal["jsonl", "csv", "hdf5", "npz"]

KINDS: tuple[JobKind, ...] = get_args(JobKind)
_SUFFIXES: dict[Form, str] = {"jsonl": ".jsonl", "csv": ".csv", "hdf5": ".h5", "npz": ".npz"}


@dataclass(frozen=True, slots=True)
class Work:
    """begin: begins the job. written: name of the file or folder that it writes, in the folder for such; or none."""

    begin: Callable[[], Job[Any]]
    written: str = ""


def work(
    library: Library,
    settings: Settings,
    kind: JobKind,
    *,
    folder: int | None = None,
    form: Form = "jsonl",
    vectors: bool = False,
) -> Work:
    """The work of this kind. folder: number of one of the folders to ingest, default all. form, vectors: of an export.

    Raises: Refused.
    """
    if kind == "ingest":
        chosen = _folders(settings, folder)
        return Work(lambda: library.start_ingest(chosen, wait=True))
    if kind == "export":
        place = _place(settings, f"faceindex-{_now()}{_SUFFIXES[form]}")
        return Work(lambda: library.start_export(place, form=form, vectors=vectors), place.name)
    if kind == "backup":
        place = _place(settings, f"faceindex-{_now()}.faces")
        return Work(lambda: library.care.start_backup(place), place.name)
    begin: dict[str, Callable[[], Job[Any]]] = {
        "retry": library.photos.start_retry,
        "cluster": library.start_cluster,
        "index": library.index.start_build,
        "suggestions": library.people.start_prepare,
    }
    return Work(begin[kind])


def _folders(settings: Settings, folder: int | None) -> tuple[str, ...]:
    folders = settings.folders
    if not folders:
        named = "`faceindex serve --photos DIR` names one"
        raise Refused(409, "No folder of photos was named", named, kind="no-folder")
    if folder is not None and folder >= len(folders):
        raise Refused(404, "There is no such folder")
    return folders if folder is None else (folders[folder],)


def _place(settings: Settings, name: str) -> Path:
    if settings.backups is None:
        named = "`faceindex serve --backups DIR` names one"
        raise Refused(409, "No folder for backups and exports was named", named, kind="no-folder")
    return settings.backups / name


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
