"""An actor that is to use a GPU goes where Ray has one, and holds it. The GPU is a number that Ray is given here: this
shows where actors are placed, and nothing of CUDA."""

from __future__ import annotations

import pytest
from ray_nodes import another_raylet

from faceindex.cluster.actors import end, places, start
from faceindex.cluster.proof import own_version, parcel
from faceindex.cluster.session import RaySession
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.ingest.workers.limits import IDLE_LIMIT

pytest.importorskip("ray", reason="the extra `cluster` is not installed")


def test_actors_for_a_gpu_are_placed_one_for_each_gpu() -> None:
    with RaySession("ray", cpus=1) as session, another_raylet(session, num_cpus=4, num_gpus=1) as node:
        ray = session.module
        (place,) = places(ray.nodes(), None, gpu=True)
        assert (place.node, place.cores, place.share) == (node.node_id, 4, 1.0)
        assert len(places(ray.nodes(), None, gpu=False)) == 2
        given = ray.put(parcel(Analyser(recipe("sface"))))
        half = type(place)(place.node, place.name, 2, 0.5)  # there are processors for two such
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
