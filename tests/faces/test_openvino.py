"""OpenVINO gives the vectors of onnxruntime in f32; bf16 is a recipe of its own, for processors that have it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import faceindex
from faceindex.errors import RecipeMismatch, UsageError
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import recipe
from faceindex.models import openvino_networks
from faceindex.models.graphs import ENCODER
from faceindex.types import Pixels

pytest.importorskip("openvino", reason="OpenVINO is not installed")

needs_bf16 = pytest.mark.skipif(not openvino_networks.has_bf16(), reason="this processor has no BF16")


@pytest.mark.parametrize(("model", "side"), [("sface", 112), (ENCODER, 150)])
def test_vectors_are_those_of_onnxruntime(model: str, side: int) -> None:
    chips = list(np.random.default_rng(0).integers(0, 256, (11, side, side, 3), dtype=np.uint8))
    assert np.abs(Engine("openvino").vectors(chips, model) - Engine().vectors(chips, model)).max() <= 1e-4


def test_a_library_of_one_engine_is_searched_by_the_other(astronaut: Pixels, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.photos.add({"astronaut": astronaut})
    with faceindex.Library(tmp_path / "x.faces", engine="openvino") as library:
        matches = [face.matches for face in library.search(astronaut)]
    assert [found[0].distance for found in matches if found] == pytest.approx([0.0] * len(matches), abs=1e-4)


def test_precision_is_part_of_the_fingerprint_and_of_the_title() -> None:
    plain, fast = recipe("sface"), recipe("sface", precision="bf16")
    assert plain.fingerprint == recipe("sface", precision="f32").fingerprint != fast.fingerprint
    assert fast.title == "sface precision=bf16"
    with pytest.raises(UsageError, match="no precision is called int8; there are f32, bf16"):
        recipe("sface", precision="int8")


@needs_bf16
def test_library_remembers_its_precision_and_reencode_moves_it(astronaut: Pixels, tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(astronaut).save(tmp_path / "a.png")
    with faceindex.Library(tmp_path / "plain.faces", recipe="sface") as library:
        library.ingest([tmp_path / "a.png"], workers=0)
        _, plain = library.faces.vectors()
        library.start_reencode(tmp_path / "fast.faces", recipe("sface", precision="bf16"), workers=1).result()
    with faceindex.Library(tmp_path / "fast.faces") as library:
        assert library.recipe.precision == "bf16"
        _, fast = library.faces.vectors()
        found = [face.matches for face in library.search(tmp_path / "a.png", k=1)]
    assert all(face[0].distance < 1e-5 for face in found)  # the probe is encoded as the library is
    assert 1e-4 < np.linalg.norm(plain - fast, axis=1).max() < 0.05
    with pytest.raises(RecipeMismatch, match="precision=bf16, not sface"):
        faceindex.Library(tmp_path / "fast.faces", recipe="sface").status()


def test_a_processor_without_bf16_refuses_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_networks, "has_bf16", lambda: False)
    with pytest.raises(UsageError, match="no BF16 instructions") as refused:
        Engine("openvino").check("bf16")
    assert "\n" not in str(refused.value)


def test_what_is_not_installed_or_not_there_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"OpenVINO has no device abacus here, only .*cpu"):
        Engine("openvino", "abacus").check()
    monkeypatch.setattr(openvino_networks, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'faceindex\[openvino\]'"):
        Engine("openvino").check()


def test_its_telemetry_cannot_be_imported(tmp_path: Path) -> None:
    program = (
        "import faceindex, openvino\n"
        "from openvino.tools.ovc import telemetry_utils\n"
        "try:\n    import openvino_telemetry\nexcept ImportError:\n    print('blocked')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "blocked\n"
    assert not list(tmp_path.iterdir())
