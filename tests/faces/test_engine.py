"""Both engines give the same vectors and the same boxes; the ONNX one is the default."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import faceindex
from faceindex.errors import Note, UsageError
from faceindex.evaluation.engines import TOLERANCE, compare_boxes, compare_vectors
from faceindex.faces import engine as engines
from faceindex.faces.detect import detect
from faceindex.faces.engine import BATCH, DEFAULT_ENGINE, BatchSize, Engine
from faceindex.faces.recipe import recipe
from faceindex.models import devices
from faceindex.models.devices import usable_device
from faceindex.models.graph_interface import CHIPS
from faceindex.models.graphs import ENCODER
from faceindex.models.networks import onnx_session
from faceindex.types import Pixels


@pytest.fixture(scope="module")
def chips() -> list[Pixels]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (150, 150, 3), dtype=np.uint8) for _ in range(BATCH.most + 3)]


def test_onnx_is_the_default() -> None:
    assert Engine("onnx", "cpu") == DEFAULT_ENGINE


def test_vectors_of_real_faces_are_dlibs(shared_data: Path) -> None:
    photos = sorted((shared_data / "album").rglob("*.*"))[::12]
    compared = compare_vectors(photos)
    assert compared.faces >= 5
    assert compared.largest_difference <= TOLERANCE


def test_cnn_boxes_and_scores_are_dlibs(shared_data: Path) -> None:
    compared = compare_boxes(sorted((shared_data / "groups" / "photos").glob("2008_0013*")), "cnn")
    assert compared.faces >= 2
    assert (compared.missing, compared.extra) == (0, 0)


def test_hog_boxes_and_scores_are_dlibs(shared_data: Path) -> None:
    compared = compare_boxes(sorted((shared_data / "album").rglob("*.*"))[::3], "hog")
    assert compared.faces >= 15
    assert (compared.missing, compared.extra) == (0, 0)
    assert compared.least_overlap > 0.99


def test_comparison_notices_a_difference(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Engine.vectors
    monkeypatch.setattr(Engine, "vectors", lambda self, chips: real(self, chips) + 1e-3 * (self.name == "onnx"))
    photos = sorted((shared_data / "album" / "elon").iterdir())
    assert compare_vectors(photos).largest_difference > 5e-4


def test_vectors_do_not_depend_on_the_batch(chips: list[Pixels]) -> None:
    together = DEFAULT_ENGINE.vectors(chips)
    for place in (0, BATCH.most - 1, BATCH.most, len(chips) - 1):
        (alone,) = DEFAULT_ENGINE.vectors([chips[place]])
        assert np.abs(alone - together[place]).max() <= 1e-6


def test_batches_of_a_device_are_all_of_one_size(chips: list[Pixels], monkeypatch: pytest.MonkeyPatch) -> None:
    session, sizes = onnx_session(ENCODER, "cpu"), []

    class Device:
        def run(self, names: list[str], given: dict[str, Pixels]) -> Sequence[Any]:
            sizes.append(len(given[CHIPS]))
            answers: Sequence[Any] = session.run(names, given)
            return answers

    expected = DEFAULT_ENGINE.vectors(chips[:11])
    monkeypatch.setattr(engines, "onnx_session", lambda *_: Device())
    monkeypatch.setattr(engines, "CPU_BATCH", BatchSize(2, 8, fixed=True))
    np.testing.assert_allclose(DEFAULT_ENGINE.vectors(chips[:11]), expected, atol=1e-6)
    assert sizes == [8, 8]


def test_cnn_finds_the_astronaut_at_any_scale(astronaut: Pixels) -> None:
    for scale in (1.0, 1.5):
        (found,) = detect(astronaut, scale, detector="cnn")
        assert found.left < 224 < found.right
        assert found.top < 120 < found.bottom


def test_engines_share_a_fingerprint_and_detectors_do_not() -> None:
    assert recipe("dlib", detector="cnn").fingerprint != recipe("dlib", detector="hog").fingerprint
    assert recipe("dlib", detector="cnn").title == "dlib detector=cnn"


def test_library_made_by_one_engine_is_searched_by_the_other(
    small_library: faceindex.Library, many_photos: Path
) -> None:
    with faceindex.Library(small_library.path, engine=Engine("dlib")) as library:
        (probe,) = library.search(many_photos / "04.jpg", k=1)
    assert probe.matches[0].distance < 1e-5


def test_cnn_library_remembers_its_detector(many_photos: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib", detector="cnn")) as library:
        library.ingest([many_photos / "00.jpg"])
    with faceindex.Library(tmp_path / "x.faces") as library:
        assert library.recipe.detector == "cnn"
        assert library.search(many_photos / "00.jpg")[0].matches[0].distance < 1e-5


def test_unknown_engines_and_devices_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="onnx, openvino, dlib"):
        Engine("tensorflow").check()
    with pytest.raises(UsageError, match="no device abacus here"):
        Engine("onnx", "abacus").check()


def test_a_device_that_is_not_here_is_noted_and_the_cpu_used(chips: list[Pixels]) -> None:
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    usable_device.cache_clear()
    engine = Engine("onnx", "cuda")
    with pytest.warns(Note, match=r"no device cuda here, only .*cpu, so that networks run on the CPU; `pip uninstall"):
        engine.check()
    assert (engine.used_device, engine.batch) == ("cpu", DEFAULT_ENGINE.batch)
    np.testing.assert_array_equal(engine.vectors(chips[:2]), DEFAULT_ENGINE.vectors(chips[:2]))


def test_two_packages_in_one_folder_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_installed", lambda package: True)
    usable_device.cache_clear()
    with pytest.warns(Note) as noted:
        usable_device("cuda")
    assert "both installed and share one folder" in str(noted[0].message)
    usable_device.cache_clear()


def test_what_cuda_misses_is_not_printed_into_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loads = []

    def preload_dlls() -> None:
        loads.append("cuda")
        print("Failed to load libcudnn.so.9")

    monkeypatch.setattr(devices, "usable_device", lambda device: device)
    monkeypatch.setattr(onnxruntime, "preload_dlls", preload_dlls, raising=False)
    devices.load_libraries("cuda")
    devices.load_libraries("cpu")
    assert (loads, capsys.readouterr().out) == (["cuda"], "")
