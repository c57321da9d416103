"""LFW's development photos by an ingest on Ray with two raylets, beside a local one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from contents import contents
from ray_nodes import another_raylet
from split_libraries import holdings

import faceindex
from faceindex.cluster.executor import RayExecutor
from faceindex.cluster.session import RaySession
from faceindex.ingest.workers.executor import Executor
from faceindex.ingest.workers.pool import ProcessPool
from faceindex.types import Box

pytest.importorskip("ray", reason="the extra `cluster` is not installed")

OPTIONS = {"sface": 1.0, "dlib": 0.25}
"""Recipes, and the share of the photos that each is tried with."""


def crops(library: Path) -> dict[tuple[str, Box], bytes]:
    """The crop of each face, by its photo and box."""
    with faceindex.Library(library, create=False) as opened:
        return {(face.photo, face.box): opened.crops.face(face.face) for face in opened.faces.list(limit=None)}


def ingested(path: Path, recipe: str, photos: list[Path], executor: Executor) -> faceindex.IngestReport:
    with faceindex.Library(path, recipe=recipe) as library:
        return library.ingest(photos, executor=executor)


@pytest.mark.long
@pytest.mark.parametrize("recipe", OPTIONS)
def test_two_raylets_store_what_a_local_ingest_does(
    recipe: str, shared_data: Path, sized: Callable[[int], int], tmp_path: Path
) -> None:
    every = sorted((shared_data / "lfw-dev" / "images").rglob("*.jpg"))
    number = sized(round(OPTIONS[recipe] * len(every)))
    photos = [every[place * len(every) // number] for place in range(number)]
    here, there = tmp_path / "here.faces", tmp_path / "ray.faces"
    with RaySession("ray", cpus=1) as session, another_raylet(session), closing(RayExecutor(session)) as executor:
        on_ray = ingested(there, recipe, photos, executor)
    local = ingested(here, recipe, photos, ProcessPool(2))
    for report in (on_ray, local):
        assert (report.new + report.duplicate, report.failed, report.out_of_reach, report.workers) == (number, 0, 0, 2)
    assert on_ray.new == local.new
    assert contents(there) == contents(here)
    assert holdings(there) == holdings(here)
    assert crops(there) == crops(here)
    assert len(crops(here)) >= number * 3 // 4
