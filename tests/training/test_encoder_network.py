"""A network on torch gives what onnxruntime gives, before it learns and after; chips and networks survive a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from faceindex.errors import ModelError, UsageError
from faceindex.faces.align import face_chip, place_landmarks
from faceindex.models.add import sample_chips
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.graphs import ENCODER, onnx_graph
from faceindex.models.networks import session
from faceindex.training.encoder.chips_file import ChipSettings, ChipsFile, encoded, read_chips, reencoded, write_chips
from faceindex.training.encoder.network_file import read_network, write_network
from faceindex.training.encoder.small_network import small_network
from faceindex.types import Box, Pixels, Vectors

torch = pytest.importorskip("torch", exc_type=ImportError)
torch_network = pytest.importorskip("faceindex.training.encoder.torch_network")
augmentation = pytest.importorskip("faceindex.training.encoder.augmentation")
export = pytest.importorskip("faceindex.training.encoder.export")
prepare = pytest.importorskip("faceindex.training.encoder.prepare")


def relative(one: Vectors, other: Vectors) -> float:
    """The largest difference of a number, as a part of the length of its vector."""
    return float((np.abs(one - other).max(axis=1) / np.linalg.norm(other, axis=1)).max())


@pytest.fixture(scope="module")
def chips() -> Pixels:
    """A real face by three margins, and drawn ones: uint8 [7, 150, 150, 3]."""
    pixels = np.ascontiguousarray(data.astronaut())
    landmarks = place_landmarks(pixels, Box(170, 60, 110, 110))
    real = [face_chip(pixels, landmarks, padding) for padding in (0.15, 0.25, 0.3)]
    return np.concatenate([np.stack(real), sample_chips(150)])


def test_dlibs_network_on_torch_is_our_onnx_file_and_back(chips: Pixels) -> None:
    network = torch_network.TorchNetwork(prepare.dlib_network())
    wanted = session(onnx_graph(ENCODER)).run([VECTORS], {CHIPS: chips})[0]
    with torch.no_grad():
        given = network.eval()(torch.from_numpy(chips)).numpy()
    assert relative(given, wanted) < 1e-6
    again = session(export.exported(network, chips)).run([VECTORS], {CHIPS: chips})[0]
    assert relative(again, wanted) < 1e-6


def test_a_step_changes_every_weight_and_the_file_follows(chips: Pixels) -> None:
    network = torch_network.TorchNetwork(prepare.dlib_network())
    before = [weights.detach().clone() for weights in network.parameters()]
    network.train()(torch.from_numpy(chips)).square().sum().backward()
    torch.optim.SGD(network.parameters(), 1e-3).step()
    assert len(before) == 2 * 29 + 1
    assert all((now != then).any() for now, then in zip(network.parameters(), before, strict=True))
    data = export.exported(network, chips)  # which sees that both are the same
    first = session(onnx_graph(ENCODER)).run([VECTORS], {CHIPS: chips})[0]
    assert relative(session(data).run([VECTORS], {CHIPS: chips})[0], first) > 1e-3


def test_batch_normalisations_are_folded_into_the_file_of_a_small_network(tmp_path: Path) -> None:
    chips, start = sample_chips(80), small_network(80, 3)
    network = torch_network.TorchNetwork(start, normalised=True)
    for _ in range(5):
        network.train()(torch.from_numpy(chips))
    vectors = session(export.exported(network, chips)).run([VECTORS], {CHIPS: chips})[0]
    write_network(tmp_path / "x.npz", network.network())
    read = torch_network.TorchNetwork(read_network(tmp_path / "x.npz"))
    with torch.no_grad():
        assert relative(read.eval()(torch.from_numpy(chips)).numpy(), vectors) < 1e-5
    (tmp_path / "x.npz").write_bytes((tmp_path / "x.npz").read_bytes()[:2000])
    with pytest.raises(ModelError, match="cannot be read as a network"):
        read_network(tmp_path / "x.npz")


def test_a_file_that_gives_other_vectors_is_refused(chips: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    network = torch_network.TorchNetwork(small_network(150, 0))
    other = torch_network.TorchNetwork(small_network(150, 1)).network()
    monkeypatch.setattr(network, "network", lambda: other)
    with pytest.raises(ModelError, match="the ONNX file gives other vectors than torch"):
        export.exported(network, chips)


def test_chips_come_back_from_their_file(tmp_path: Path, chips: Pixels) -> None:
    settings = ChipSettings("dlib", 150, True, 1.48)
    images = [[encoded(chip), encoded(chip[:, ::-1])] for chip in chips]
    file = ChipsFile(settings, images, np.arange(7), np.array([0, 0, 0, 0, 1, 2, 2], dtype=np.uint8))
    write_chips(tmp_path, file)
    read = read_chips(tmp_path)
    assert read.settings == settings
    assert read.wanted is None
    assert read.places(2).tolist() == [5, 6]
    np.testing.assert_array_equal(read.views(0), np.stack([chips[0], chips[0, :, ::-1]]))
    assert (tmp_path / "chips.h5").stat().st_mode & 0o077 == 0
    smaller = replace(reencoded(file, "JPEG"), wanted=np.ones((7, 3), dtype=np.float32))
    write_chips(tmp_path, smaller)
    read = read_chips(tmp_path)
    assert np.abs(read.views(0)[0].astype(int) - chips[0]).mean() < 3
    assert read.wanted is not None
    (tmp_path / "chips.h5").write_bytes(b"no chips")
    with pytest.raises(UsageError, match="holds no chips to learn from"):
        read_chips(tmp_path)


def test_disturbed_chips_are_the_same_faces_seen_a_little_otherwise(chips: Pixels) -> None:
    many = torch.from_numpy(np.repeat(chips[1:2], 64, axis=0))

    def drawn(seed: int) -> Vectors:
        return np.asarray(augmentation.disturbed(many, torch.Generator().manual_seed(seed)).numpy())

    found = drawn(0)
    assert found.shape == many.shape
    assert 0 <= found.min() <= found.max() <= 255
    np.testing.assert_array_equal(found, drawn(0))
    assert not np.array_equal(found, drawn(1))
    inside, whole = found[:, 20:-20, 20:-20].mean(axis=3), chips[1, 20:-20, 20:-20].astype(float).mean(axis=2)
    upright = [np.corrcoef(each.ravel(), whole.ravel())[0, 1] for each in inside]
    mirrored = [np.corrcoef(each.ravel(), whole[:, ::-1].ravel())[0, 1] for each in inside]
    assert min(map(max, upright, mirrored)) > 0.7
    assert 16 < int(np.sum(np.array(mirrored) > np.array(upright))) < 48
    assert 0.05 < np.std(inside.mean(axis=(1, 2)) / whole.mean()) < 0.4
