"""dlib's files read without dlib; whatever is done to them, the reader succeeds or raises ModelError."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from faceindex.errors import ModelError
from faceindex.models.cards import model_cards
from faceindex.models.dlib_networks import Network, read_detector, read_encoder
from faceindex.models.dlib_stream import DlibStream
from faceindex.models.onnx_graphs import detector_model
from faceindex.models.weights import weights

ENCODER = "dlib_face_recognition_resnet_model_v1"
DETECTOR = "mmod_human_face_detector"
Reader = Callable[[DlibStream], Network]
READERS: list[tuple[str, Reader]] = [(ENCODER, read_encoder), (DETECTOR, read_detector)]


def stream(*values: int) -> DlibStream:
    return DlibStream(bytes(values), "test.dat")


def whole(name: str) -> DlibStream:
    return DlibStream.open(weights(name))


def test_the_encoder_has_29_convolutions_and_14_shortcuts() -> None:
    network = read_encoder(whole(ENCODER))
    kinds = [layer.kind for layer in network.layers]
    assert (kinds.count("con"), kinds.count("add_prev"), kinds[-1]) == (29, 14, "fc")
    assert network.layers[-1].weights.shape == (256, 128)
    assert sum(layer.weights.size for layer in network.layers if layer.kind in ("con", "fc")) == 5_603_936
    assert network.size == 150
    assert network.loss.threshold == pytest.approx(0.6)


def test_the_detector_looks_through_a_window_of_80_pixels() -> None:
    network = read_detector(whole(DETECTOR))
    assert (network.loss.width, network.loss.height) == (80, 80)
    assert network.loss.overlap == pytest.approx(0.3383, abs=1e-4)
    assert network.loss.covered == 1
    assert network.mean == pytest.approx((122.782, 117.001, 104.298))
    assert [layer.channels for layer in network.layers if layer.kind == "con"] == [16, 32, 32, 45, 45, 45, 1]


@pytest.mark.parametrize(
    ("values", "number"),
    [((1, 5), 5), ((0x81, 5), -5), ((2, 1, 2), 0x201), ((8, 255, 255, 255, 255, 255, 255, 255, 127), 2**63 - 1)],
)
def test_an_integer_is_a_control_byte_and_its_bytes_lowest_first(values: tuple[int, ...], number: int) -> None:
    assert stream(*values).integer() == number


@pytest.mark.parametrize("values", [(), (0,), (9,), (0x11, 1), (2, 1)])
def test_no_integer_is_an_error(values: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"test\.dat is not the dlib network expected"):
        stream(*values).integer()


def test_a_number_is_a_mantissa_and_a_binary_exponent() -> None:
    assert stream(1, 3, 0x81, 2).number() == math.ldexp(3, -2)


@pytest.mark.parametrize("code", [32000, 32001, 32002])
def test_infinities_and_nan_are_refused(code: int) -> None:
    with pytest.raises(ModelError):
        stream(1, 0, 2, code & 0xFF, code >> 8).number()


def test_a_tensor_larger_than_the_file_is_refused_before_it_is_allocated() -> None:
    huge = (8, 255, 255, 255, 255, 255, 255, 255, 127)
    with pytest.raises(ModelError, match="a tensor of"):
        stream(1, 2, *huge, *huge, 1, 1, 1, 1, 0, 0, 0, 0).tensor()


def test_a_file_that_cannot_be_read_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        DlibStream.open(tmp_path / "none.dat")


@pytest.mark.parametrize(("name", "read"), READERS)
def test_the_other_network_is_refused(name: str, read: Reader) -> None:
    other = next(card for card in model_cards() if card in (ENCODER, DETECTOR) and card != name)
    with pytest.raises(ModelError):
        read(whole(other))


@pytest.mark.parametrize(("name", "read"), READERS)
def test_every_truncation_is_refused(name: str, read: Reader) -> None:
    data = weights(name).read_bytes()
    lengths = {*range(0, 2000, 7), *np.random.default_rng(0).integers(0, len(data), 20).tolist(), len(data) - 1}
    for length in lengths:
        with pytest.raises(ModelError):
            read(DlibStream(data[:length], "cut.dat"))
    with pytest.raises(ModelError, match="1 byte too many"):
        read(DlibStream(data + b"0", "long.dat"))


@pytest.mark.parametrize(("name", "read"), READERS)
def test_altered_bytes_give_a_network_or_a_model_error(
    name: str, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0
    for data in altered(name, read, 500, monkeypatch):
        try:
            read(DlibStream(data, "altered.dat"))
        except ModelError:
            refused += 1
    assert 250 < refused < 500


def test_a_detector_of_altered_bytes_makes_a_graph_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in altered(DETECTOR, read_detector, 500, monkeypatch):
        try:
            network = read_detector(DlibStream(data, "altered.dat"))
        except ModelError:
            continue
        assert detector_model(network)


def altered(name: str, read: Reader, count: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytearray]:
    """The file with one byte changed at a time, mostly one that is no weight: only these can lead a reader astray."""
    positions = structural_bytes(name, read, monkeypatch)
    data, random = bytearray(weights(name).read_bytes()), np.random.default_rng(1)
    for _ in range(count):
        position = int(random.choice(positions) if random.random() < 0.9 else random.integers(len(data)))
        original, data[position] = data[position], int(random.integers(256))
        yield data
        data[position] = original


def structural_bytes(name: str, read: Reader, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions of the bytes that are read a few at a time."""
    positions: list[int] = []
    take = DlibStream._take

    def recorded(self: DlibStream, size: int) -> memoryview:
        positions.extend(range(self._position, self._position + size) if size < 64 else ())
        return take(self, size)

    with monkeypatch.context() as patch:
        patch.setattr(DlibStream, "_take", recorded)
        read(whole(name))
    return positions
