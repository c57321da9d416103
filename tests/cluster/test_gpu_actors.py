"""An actor that is to use a GPU goes where Ray has one, and holds it.

The GPU is a number that Ray is given here, and the device is one of onnxruntime's that computes on the CPU: this shows
where actors are placed and how they encode, and nothing of CUDA.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from contents import Contents, contents
from ray_nodes import actor_processes, another_raylet

import faceindex
from faceindex.cluster.actors import end, places, start
from faceindex.cluster.executor import RayExecutor
from faceindex.cluster.proof import own_version, parcel
from faceindex.cluster.session import RaySession
from faceindex.errors import MachineError
from faceindex.faces.analyse import Analyser
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import recipe
from faceindex.ingest.workers.limits import IDLE_LIMIT

pytest.importorskip("ray", reason="the extra `cluster` is not installed")

DEVICE = Engine("onnx", "azure")
needs_device = pytest.mark.skipif(sys.platform != "linux", reason="onnxruntime has its device azure on Linux")


@pytest.fixture(scope="module")
def session() -> Iterator[RaySession]:
    """Ray whose head has no GPU."""
    with RaySession("ray", cpus=1, object_store=100 << 20) as started:
        yield started


@pytest.fixture(scope="module")
def node(session: RaySession) -> Iterator[Any]:
    """A node with a GPU, and with more processors than one actor of other devices gets; from the first test that asks
    for it until the last one."""
    with another_raylet(session, num_cpus=6, num_gpus=1) as started:
        yield started


def encoding(actor: psutil.Process) -> list[psutil.Process]:
    """The processes of an actor that encode."""
    found = []
    with contextlib.suppress(psutil.Error):  # others may have ended
        found += [child for child in actor.children() if child.cmdline()[-1:] == ["encode"]]
    return found


def assert_same(stored: Contents, usual: Contents) -> None:
    """The same photos and boxes, and vectors that differ by no more than those of two devices."""
    assert [face[:3] for face in stored] == [face[:3] for face in usual]
    for (*_, mine), (*_, theirs) in zip(stored, usual, strict=True):
        if mine != theirs:
            difference = np.frombuffer(mine, np.float32) - np.frombuffer(theirs, np.float32)
            assert np.linalg.norm(difference) < 1e-5


def test_each_gpu_gets_an_actor_and_its_share_of_the_processors() -> None:
    nodes = [
        {"NodeID": name, "NodeManagerAddress": name, "Alive": True, "Resources": {"CPU": cpus, "GPU": gpus}}
        for name, cpus, gpus in (("none", 8, 0), ("one", 6, 1), ("two", 7, 2), ("four", 2, 4))
    ]
    found = [(place.node, place.cores) for place in places(nodes, None, gpu=True)]
    assert found == [("one", 6), ("two", 3), ("two", 4), ("four", 1), ("four", 1)]
    assert [place.cores for place in places(nodes, 4, gpu=True)] == [2, 1, 1]
    assert sum(place.share for place in places(nodes, None, gpu=True) if place.node == "two") == 1


@needs_device
def test_a_cluster_without_a_gpu_is_refused_in_words(session: RaySession, many_photos: Path, tmp_path: Path) -> None:
    with (
        faceindex.Library(tmp_path / "x.faces", recipe="sface", engine=DEVICE) as library,
        pytest.raises(MachineError, match=r"^Ray has no node with a GPU, for the device azure"),
    ):
        library.ingest([many_photos], executor=RayExecutor(session))


@needs_device
def test_a_node_whose_onnxruntime_lacks_the_device_is_refused(
    session: RaySession, many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = "import faceindex, onnxruntime\nonnxruntime.get_available_providers = lambda: ['CPUExecutionProvider']\n"
    (tmp_path / "sitecustomize.py").write_text(lacking)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        another_raylet(session, num_gpus=1),
        faceindex.Library(tmp_path / "x.faces", recipe="sface", engine=DEVICE) as library,
        pytest.raises(MachineError, match=r"^node 127\.0\.0\.1: its onnxruntime has no device azure"),
    ):
        library.ingest([many_photos], executor=RayExecutor(session))


def test_actors_for_a_gpu_are_placed_one_for_each_gpu(session: RaySession, node: Any) -> None:
    ray = session.module
    (place,) = places(ray.nodes(), None, gpu=True)
    assert (place.node, place.cores, place.share) == (node.node_id, 6, 1.0)
    assert len(places(ray.nodes(), None, gpu=False)) == 3
    given = ray.put(parcel(Analyser(recipe("sface"))))
    half = type(place)(place.node, place.name, 3, 0.5)  # there are processors for two such
    first, second = (
        start(ray, half, version=own_version(), parcel=given, idle_limit=IDLE_LIMIT, gpu=True) for _ in range(2)
    )
    (ready,), (waiting,) = ray.wait([first.proving, second.proving], num_returns=1, timeout=180)
    assert ray.get(ready)[0].error == ""
    assert ray.wait([waiting], timeout=3)[0] == []
    holder, other = (first, second) if ready == first.proving else (second, first)
    end(ray, holder)
    assert ray.wait([other.proving], timeout=180)[0] == [other.proving]
    end(ray, other)


@needs_device
@pytest.mark.parametrize("killed", ["actor", "encoding"])
def test_one_process_of_the_actor_encodes_and_the_end_of_either_loses_nothing(
    killed: str, session: RaySession, node: Any, many_photos: Path, usual: Contents, tmp_path: Path
) -> None:
    seen: list[psutil.Process] = []

    def kill(progress: faceindex.Progress) -> None:
        for actor in [] if seen else actor_processes():
            seen.extend(encoding(actor))
            if seen:
                os.kill(actor.pid if killed == "actor" else seen[0].pid, signal.SIGKILL)

    executor = RayExecutor(session, workers=2)
    with closing(executor), faceindex.Library(tmp_path / "x.faces", recipe="sface", engine=DEVICE) as library:
        report = library.ingest([many_photos], executor=executor, progress=kill)
    assert (report.new, report.failed, report.out_of_reach, report.workers) == (22, 1, 0, 2)
    assert len(seen) == 1
    psutil.wait_procs(seen, timeout=10)
    assert not seen[0].is_running()  # it would keep the GPU's memory
    assert_same(contents(tmp_path / "x.faces"), usual)
