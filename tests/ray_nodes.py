"""Ray with several nodes on this machine, on its loopback interface."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from faceindex.cluster.session import LOOPBACK, RaySession


@contextmanager
def another_raylet(session: RaySession, **options: Any) -> Iterator[Any]:
    """A second node of one core for a Ray that the session has started."""
    from ray._private.node import Node
    from ray._private.parameter import RayParams

    ray = session.module
    gcs = ray.get_runtime_context().gcs_address
    given = {"gcs_address": gcs, "redis_address": gcs, "node_ip_address": LOOPBACK, "num_cpus": 1, "num_gpus": 0}
    given |= {"object_store_memory": 100 << 20, "include_log_monitor": False, "node_manager_port": 0}
    given |= {"min_worker_port": 0, "max_worker_port": 0, "temp_dir": str(session.folder / "r")}
    parameters = RayParams(**(given | options))
    node = Node(parameters, head=False, shutdown_at_exit=False, spawn_reaper=False)
    try:
        yield node
    finally:
        if node.any_processes_alive():
            node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
        end = time.monotonic() + 60  # Ray places actors there until it has missed the node
        while any(each["NodeID"] == node.node_id and each["Alive"] for each in ray.nodes()) and time.monotonic() < end:
            time.sleep(0.1)


def kill_raylet(node: Any) -> None:
    """kill -9 of a raylet and of nothing else."""
    (raylet,) = node.all_processes["raylet"]
    os.kill(raylet.process.pid, signal.SIGKILL)
    raylet.process.wait()


def actor_processes() -> list[psutil.Process]:
    """The processes of actors that analyse photos, on all raylets of this program."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if child.cmdline()[:1] and child.cmdline()[0].startswith("ray::Node"):
                found.append(child)
        except psutil.Error:
            continue
    return found
