"""Networks are optimised once for a machine, and give the same bytes as those that are optimised in every process."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from faceindex.files.user_folders import CACHE_ENVIRONMENT
from faceindex.models import optimised
from faceindex.models.cache import cache_folder
from faceindex.models.graphs import ENCODER, YUNET, onnx_graph
from faceindex.models.networks import session


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    return cache_folder()


@pytest.mark.parametrize(
    ("model", "shape"), [(YUNET, (1, 96, 128, 3)), ("sface", (3, 112, 112, 3)), (ENCODER, (3, 150, 150, 3))]
)
def test_results_are_the_same_to_the_byte(model: str, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    loaded, plain = optimised.optimised_session(model), session(onnx_graph(model))
    gc.collect()  # the session needs the file's bytes no more
    (name,) = (one.name for one in plain.get_inputs())
    results = [one.name for one in plain.get_outputs()]
    for found, expected in zip(loaded.run(results, {name: pixels}), plain.run(results, {name: pixels}), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_it_is_made_once_for_each_kind_of_processor(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    optimised.optimised_session(YUNET)
    (file,) = cache.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(optimised, "_optimised", None)
        optimised.optimised_session(YUNET)
    monkeypatch.setattr(optimised, "_processor", lambda: "another one")
    optimised.optimised_session(YUNET)
    assert file in cache.iterdir()
    assert len(list(cache.iterdir())) == 2


def test_where_nothing_can_be_written_it_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path / "file"))
    assert optimised.optimised_session(YUNET).get_outputs()
