"""Searches and albums with `--on`: Ray is started or connected to only when it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from faceindex.cluster.blocks import RayBlocks
    from faceindex.cluster.session import RaySession

Shards = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="With --on: shards of the index. Default: one a processor, of 25,000 faces at least."
    ),
]
Replicas = Annotated[
    int, typer.Option(min=1, metavar="N", help="With --on: processes that hold each shard, in case one is lost.")
]


@contextmanager
def session_on(on: str | None, cpus: int | None = None) -> Iterator[RaySession | None]:
    """Ray, for as long as the block lasts; None without the option. cpus: of a Ray that is started here.

    Raises: UsageError; MachineError.
    """
    if on is None:
        yield None
        return
    from faceindex.cluster.session import STARTED, RaySession

    with RaySession(on, cpus=cpus if on == STARTED else None) as session:
        yield session


@contextmanager
def blocks_on(on: str | None, threads: int) -> Iterator[RayBlocks | None]:
    """What computes blocks of the graph; None without the option. threads: processes of a Ray that is started here."""
    with session_on(on, threads if threads > 1 else None) as session:
        if session is None:
            yield None
            return
        from faceindex.cluster.blocks import RayBlocks

        with closing(RayBlocks(session)) as blocks:
            yield blocks
