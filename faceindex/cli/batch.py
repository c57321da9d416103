"""`faceindex search-many`: one line of JSON for each face, as soon as it is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options, selections
from faceindex.cli.outcome import refuse_nothing
from faceindex.cli.output import company_object, errors, finite, match_object
from faceindex.errors import MachineError, UsageError
from faceindex.faces.engine import Engine
from faceindex.photos.finding.whereabouts import out_of_reach
from faceindex.plurals import plural
from faceindex.types import BatchAnswer


def search_many(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|VECTORS", readable=False, help="A folder of photos, or a .npy or .h5 file of vectors."
        ),
    ],
    library: options.Library = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Number of matches for each face.")] = 10,
    threshold: options.SearchThreshold = None,
    fpir: options.Fpir = None,
    unnamed: selections.Unnamed = False,
    group_by: selections.GroupBy = None,
    first: selections.First = None,
    last: selections.Last = None,
    under: selections.Under = None,
    min_face: options.MinFace = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    workers: options.Workers = None,
    on: options.On = None,
    shards: options.Shards = None,
    replicas: options.Replicas = 1,
) -> None:
    """Search with every face of many photos, or with vectors: a line of JSON for each, as soon as it is known.

    Exit code 2: nothing could be read at all; 3: nothing could be reached, or a shard of the index did not answer.
    """
    read = failed = unreachable = incomplete = 0
    among = selections.selection(first=first, last=last, under=under)
    with faceindex.Library(library, engine=Engine(engine, device), create=False) as opened:
        if on is not None:
            opened.index.search_on(on, shards=shards, replicas=replicas)
        found = opened.search_many(
            source,
            k=k,
            threshold=threshold,
            fpir=fpir,
            min_face=min_face,
            among=among,
            unnamed=unnamed,
            group_by=group_by,
            workers=workers,
        )
        for answer in found:
            print(json.dumps(_as_object(answer)), flush=True)
            read += answer.error is None
            incomplete += answer.unsearched > 0
            if answer.error:
                failed += 1
                unreachable += not read and out_of_reach(answer.source)
                row = "" if answer.row is None else f", row {answer.row}"
                errors.print(f"faceindex: {answer.source}{row}: {answer.error}", markup=False)
    nothing = f"no face to search with in {source}"
    if not read and not failed:
        raise UsageError(nothing)
    refuse_nothing(nothing, done=read, failed=failed, out_of_reach=unreachable)
    if incomplete:
        raise MachineError(
            f'{plural(incomplete, "answer")} lack faces of shards that did not answer, as "unsearched" says; '
            "search again with these"
        )


def _as_object(answer: BatchAnswer) -> dict[str, object]:
    where: dict[str, object] = {"image": answer.source} if answer.row is None else {"vectors": answer.source}
    if answer.row is not None:
        where["row"] = answer.row
    if answer.error is not None:
        return where | {"error": answer.error}
    if answer.unsearched:
        where["unsearched"] = answer.unsearched
    if answer.box is not None:
        where |= {"box": answer.box.as_list(), "score": answer.score}
    judged = {"threshold": finite(answer.threshold), "company": company_object(answer.company)}
    return where | judged | {"matches": [match_object(match) for match in answer.matches]}
