"""The meter: what is told of how far work is."""

from __future__ import annotations

import time

import pytest

from faceindex.errors import JobCancelled
from faceindex.running.meter import Meter
from faceindex.types import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_it_tells_now_and_then_and_when_a_stage_begins(clock: list[float]) -> None:
    told: list[Progress] = []
    meter = Meter(told.append)
    meter.stage("reading", 100)
    for _ in range(50):
        clock[0] += 0.02
        meter.advance()
    meter.stage("writing")
    assert (told[0].stage, told[0].done, told[0].total) == ("reading", 0, 100)
    assert 8 <= len(told[1:-1]) <= 10
    assert (told[-1].stage, told[-1].done, told[-1].total) == ("writing", 50, 100)


def test_rate_and_seconds_left_are_those_of_lately(clock: list[float]) -> None:
    told: list[Progress] = []
    meter = Meter(told.append)
    meter.stage("looking", 10_000)
    meter.advance(4000)  # known, at once
    for _ in range(600):
        clock[0] += 0.2
        meter.advance(2)
    assert told[-1].rate == pytest.approx(10, rel=0.01)
    assert told[-1].seconds_left == pytest.approx((10_000 - 5200) / 10, rel=0.01)


def test_it_never_goes_back(clock: list[float]) -> None:
    told: list[Progress] = []
    meter = Meter(told.append)
    for done in (3, 5, 4, 6):
        clock[0] += 1
        meter.show(done, total=5, faces=0, failed=0)
    assert [(each.done, each.total) for each in told] == [(3, 5), (5, 5), (5, 5), (6, 6)]
    assert told[1].seconds_left == 0


def test_nothing_advances_once_it_is_stopped() -> None:
    meter = Meter()
    meter.stop.set()
    with pytest.raises(JobCancelled):
        meter.advance()
    with pytest.raises(JobCancelled):
        meter.stage("next")
    with pytest.raises(JobCancelled):
        list(meter.each([1, 2]))
    meter.announce("what ends by itself")
