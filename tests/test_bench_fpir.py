"""The benchmark of false identifications, in galleries small enough for a test."""

from __future__ import annotations

from pathlib import Path

from benchmarks.fpir import calibrated, measured


def test_what_is_measured_is_near_what_was_asked_for(shared_data: Path) -> None:
    rows = list(measured(0, calibrated(3_000, seed=0), (2_000, 20_000), 0.2, 2_000))
    assert [row.faces for row in rows] == [2_000, 20_000]
    assert rows[1].threshold < rows[0].threshold < 0.6
    for row in rows:
        assert 1 / 3 < row.measured / 0.2 < 3  # drawn from fixed seeds
        assert 0 < row.queries <= row.measured
