"""Torch7 files without Torch: networks with drawn weights against OpenCV's importer; damaged and hostile files."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch7_writer as torch7
from torch7_writer import Layer

from faceindex.errors import ModelError
from faceindex.faces.encode import encode
from faceindex.faces.recipe import recipe
from faceindex.faces.trial import try_recipe
from faceindex.models.add import add_known_model
from faceindex.models.cards import ENVIRONMENT, forget_cards, model_cards
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.networks import onnx_session
from faceindex.models.torch7_onnx import torch7_model

Floats = npt.NDArray[np.float32]
SIDE = 13
IMAGES: Floats = np.random.default_rng(3).random((2, 3, SIDE, SIDE), dtype=np.float32)
DRAWN = torch7.Drawn(7)


def vectors(data: bytes, images: Floats) -> Floats:
    model = torch7_model(data, "net.t7", images.shape[-1])
    onnx.checker.check_model(model, full_check=True)
    return np.asarray(onnxruntime.InferenceSession(model).run([VECTORS], {CHIPS: images})[0])


def by_opencv(data: bytes, images: Floats, folder: Path) -> Floats:
    (folder / "net.t7").write_bytes(data)
    network = cv2.dnn.readNetFromTorch(str(folder / "net.t7"))
    found = []
    for image in images:
        network.setInput(image[None])
        found.append(network.forward().reshape(-1).copy())
    return np.stack(found)


def ended(*layers: object, size: int) -> Layer:
    """A network that ends in a vector of all `size` numbers that the layers give."""
    return DRAWN.sequential(*layers, *DRAWN.vector(size, 9))


def test_openfaces_network_gives_the_vectors_that_opencv_gives(tmp_path: Path) -> None:
    data = torch7.torch7_file(torch7.Drawn().nn4_small2())
    images = np.random.default_rng(1).random((2, 3, 96, 96), dtype=np.float32)
    ours = vectors(data, images)
    assert ours.shape == (2, 128)
    assert np.abs(ours - by_opencv(data, images, tmp_path)).max() < 1e-5
    assert np.abs(ours[0] - ours[1]).max() > 1e-3


def joined(kind: str, *parts: Layer) -> Layer:
    return DRAWN.layer(kind, modules=list(parts), dimension=2)


def without(layer: Layer, *names: str) -> Layer:
    for name in names:
        del layer.fields[name]
    return layer


def with_fields(layer: Layer, **fields: object) -> Layer:
    layer.fields.update(fields)
    return layer


def in_doubles(layer: Layer) -> Layer:
    fields = layer.fields
    fields.update({name: fields[name].astype(np.float64) for name in ("weight", "bias")})
    return layer


def old_norm(planes: int) -> Layer:
    made = DRAWN.norm(planes)
    made.fields["running_std"] = 1 / np.sqrt(made.fields.pop("running_var") + np.float32(1e-5))
    made.version = 1
    return made


CONVOLVED = DRAWN.convolution(3, 4, 3)  # 11 x 11
NETWORKS: dict[str, tuple[list[Layer], int]] = {
    "a norm that follows no convolution": ([DRAWN.largest(3, 2), DRAWN.norm(3)], 108),
    "a norm of an old file": ([CONVOLVED, old_norm(4)], 484),
    "a norm without weights": ([CONVOLVED, without(DRAWN.norm(4), "weight", "bias")], 484),
    "a convolution without bias": ([without(DRAWN.convolution(3, 2, 5, 2), "bias"), DRAWN.norm(2)], 50),
    "weights as doubles": ([in_doubles(DRAWN.convolution(3, 2, 5, 2))], 50),
    "windows beyond the image": ([DRAWN.largest(4, 3, ceil=True)], 48),
    "padded windows beyond the image": ([DRAWN.largest(3, 2, 1, ceil=True)], 147),
    "steps larger than windows": ([DRAWN.largest(2, 3, 1)], 75),
    "means with the padding": ([DRAWN.mean(3, 2, padW=1, padH=1)], 147),
    "means without the padding": ([DRAWN.mean(3, 2, padW=1, padH=1, count_include_pad=False)], 147),
    "windows of two sides": ([with_fields(DRAWN.largest(3, 2), kH=2, dH=3, padW=1)], 84),
    "smaller planes in larger": (
        [joined("DepthConcat", DRAWN.largest(4, 3), DRAWN.largest(3, 1), DRAWN.largest(2, 2))],
        1089,
    ),
    "planes of one size": ([joined("Concat", CONVOLVED, DRAWN.mean(3, 1))], 847),
    "another power": ([DRAWN.layer("Power", pow=3)], 507),
    "a factor": ([DRAWN.layer("MulConstant", constant_scalar=5)], 507),
    "a response norm": ([CONVOLVED, DRAWN.relu(), DRAWN.response_norm()], 484),
    "nothing": ([DRAWN.layer("Identity")], 507),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_give_what_opencv_gives(tmp_path: Path, name: str) -> None:
    layers, size = NETWORKS[name]
    data = torch7.torch7_file(ended(*layers, size=size))
    theirs = by_opencv(data, IMAGES, tmp_path)
    assert np.abs(vectors(data, IMAGES) - theirs).max() < 1e-5


def same(data: bytes, other: bytes) -> bool:
    return torch7_model(data, "a.t7", SIDE) == torch7_model(other, "b.t7", SIDE)


def test_other_ways_to_write_a_network_give_the_same_one() -> None:
    network = small()
    plain = torch7.torch7_file(network)
    assert same(plain, torch7.torch7_file(network, text=True))
    first, last = network.fields["modules"][0], network.fields["modules"][-2]
    first.version = None
    assert same(plain, torch7.torch7_file(network))
    network.fields = {"forget": torch7.Code(b"\x1bLJ"), "old": torch7.Code(b"", 6)} | network.fields  # passed over
    assert same(plain, torch7.torch7_file(network))
    network.fields["hook"] = network  # an object within itself
    whole = np.concatenate([layer.fields["weight"].ravel() for layer in (first, last)])
    shared, place = torch7.Storage(whole), 0  # as getParameters leaves them
    for layer in (first, last):
        shape = layer.fields["weight"].shape
        layer.fields["weight"] = torch7.View(shared, place, shape)
        place += int(np.prod(shape))
    assert same(plain, torch7.torch7_file(network))
    first.fields["padding"] = first.fields.pop("padW")
    assert same(plain, torch7.torch7_file(network))


def test_what_torch_reads_and_opencv_does_not_is_read_as_torch_does() -> None:
    mean = ended(DRAWN.mean(3, 2), size=108)
    same_mean = torch7.torch7_file(mean)
    layer = mean.fields["modules"][0]
    del layer.fields["divide"]  # before nn divided by the size of the window
    mean.fields["modules"].insert(1, DRAWN.layer("MulConstant", constant_scalar=1 / 9))
    assert vectors(torch7.torch7_file(mean), IMAGES) == pytest.approx(vectors(same_mean, IMAGES), abs=1e-6)
    turned = small()
    plain = torch7.torch7_file(turned)
    linear = turned.fields["modules"][-2]
    rows, columns = linear.fields["weight"].shape
    linear.fields["weight"] = torch7.View(
        torch7.Storage(linear.fields["weight"].T.ravel()), 0, (rows, columns), (1, rows)
    )
    assert same(plain, torch7.torch7_file(turned))


def small() -> Layer:
    """A network with a layer of every kind that OpenFace's has."""
    drawn = torch7.Drawn(5)
    return drawn.sequential(
        *drawn.normed(3, 4, 3, 2, flat=True),  # 7 x 7
        drawn.response_norm(),
        drawn.inception(4, drawn.largest(3, 2), three=(2, 3), five=(1, 2), pooled=2, one=1),
        drawn.inception(8, drawn.euclidean_pooling(3, 2), three=(1, 2)),
        drawn.mean(7, 1),
        *drawn.vector(10, 5),
    )


def smallest() -> Layer:
    """A convolution and its norm, a vector, and no more fields than they need."""
    drawn = torch7.Drawn(5)
    network = drawn.sequential(drawn.convolution(3, 2, 13), drawn.norm(2), *drawn.vector(2, 2))
    for layer in (network, *network.fields["modules"]):
        for name in ("output", "gradInput", "gradWeight", "gradBias", "_type", "train", "momentum", "nDim"):
            layer.fields.pop(name, None)
    return network


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize(("network", "step"), [(smallest, 1), (small, 397)])
def test_a_file_cut_off_anywhere_is_refused_in_one_line(network: Callable[[], Layer], step: int, text: bool) -> None:
    whole = torch7.torch7_file(network(), text=text).rstrip(b"\n")
    assert torch7_model(whole, "net.t7", SIDE)
    last = len(whole.rsplit(b"\n", 1)[1]) if text else 0  # a number is still one without its last digit
    for length in range(0, len(whole) - last, step * (4 if text else 1)):
        with pytest.raises(ModelError, match=r"^net\.t7 is neither|^net\.t7 is not a Torch7 network") as error:
            torch7_model(whole[:length], "net.t7", SIDE)
        assert "\n" not in str(error.value)
    with pytest.raises(ModelError, match=r"\d bytes too many"):
        torch7_model(whole + b"\nmore", "net.t7", SIDE)


@pytest.mark.parametrize(
    ("network", "text", "times"), [(smallest, False, 400), (smallest, True, 100), (small, False, 50)]
)
def test_whatever_is_done_to_a_file_it_is_read_or_refused(network: Callable[[], Layer], text: bool, times: int) -> None:
    whole = torch7.torch7_file(network(), text=text)
    random = np.random.default_rng(1)
    tracemalloc.start()
    refused = 0
    for _ in range(times):
        data = bytearray(whole)
        for place in random.integers(0, len(data), random.integers(1, 6)):
            data[place] = random.integers(256) if random.random() < 0.5 else data[place] ^ 1 << int(random.integers(8))
        try:
            torch7_model(bytes(data), "net.t7", SIDE)
        except ModelError as error:
            assert "\n" not in str(error)
            refused += 1
    assert times / 4 < refused < times
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def changed(change: Callable[[Layer], None]) -> bytes:
    network = small()
    change(network)
    return torch7.torch7_file(network)


def nested(depth: int) -> Layer:
    layer = DRAWN.layer("Identity")
    for _ in range(depth):
        layer = DRAWN.sequential(layer, layer)
    return layer


def first(network: Layer) -> dict[str, object]:
    fields: dict[str, object] = network.fields["modules"][0].fields
    return fields


def within_itself() -> Layer:
    network = small()
    network.fields["modules"].insert(0, network)
    return network


HOSTILE: dict[str, tuple[object, str]] = {
    "a table": ({"weight": 1.0}, "neither a Torch7 network nor an ONNX file"),
    "layers that double": (nested(12), "2,000 layers"),
    "objects within each other": (nested(70), "60 objects within each other"),
    "a network within itself": (within_itself(), "30 within each other"),
    "an unknown layer": (DRAWN.sequential(DRAWN.layer("SpatialUpSampling")), "unknown layer nn.SpatialUpSampling"),
    "no layer": (DRAWN.sequential(torch7.Code(b"")), "parts that are no layers"),
    "an image as its result": (DRAWN.sequential(DRAWN.relu()), "not a vector"),
    "a tensor": (np.ones(3, np.float32), "no network"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_networks_are_refused_in_one_line(name: str) -> None:
    value, reason = HOSTILE[name]
    with pytest.raises(ModelError, match=reason) as error:
        torch7_model(torch7.torch7_file(value), "net.t7", SIDE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kW": 5}, "weight of shape"),
        ({"kW": 3.5}, "kW = 3.5"),
        ({"dW": 1e300}, "dW = 1e"),
        ({"padW": float("nan")}, "padW = nan"),
        ({"padH": -1}, "padH = -1"),
        ({"nInputPlane": 4}, "3 planes as its input"),
        ({"nOutputPlane": 1e7}, "nOutputPlane"),
        ({"weight": np.full((4, 27), np.nan, np.float32)}, "a weight out of range"),
        ({"weight": None}, "no weight"),
        ({"bias": np.ones(3, np.float32)}, "bias of shape"),
        ({"bias": torch7.View(torch7.Storage(np.ones(3, np.float32)), 0, (4,), (0,))}, "a tensor of shape"),
        ({"bias": torch7.View(torch7.Storage(np.ones(4, np.float32)), 1, (4,))}, "beyond its storage"),
        ({"bias": torch7.View(torch7.Storage(np.ones(4, np.float32)), -9, (4,))}, "a tensor of shape"),
        ({"bias": torch7.View(torch7.Storage(np.ones(4, np.float32)), 0, (1 << 40,))}, "a tensor of shape"),
    ],
)
def test_wrong_fields_are_refused_by_their_layer(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        torch7_model(changed(lambda network: first(network).update(fields)), "net.t7", SIDE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's folder of models, empty."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "models"))
    forget_cards()
    onnx_session.cache_clear()
    yield tmp_path / "models"
    forget_cards()
    onnx_session.cache_clear()


def test_openfaces_own_file_becomes_recipe_openface(folder: Path, tmp_path: Path) -> None:
    data = torch7.torch7_file(torch7.Drawn().nn4_small2())
    (tmp_path / "nn4.small2.v1.t7").write_bytes(data)
    assert add_known_model("openface", tmp_path / "nn4.small2.v1.t7", try_recipe).name == "openface"
    assert (folder / "openface.t7").read_bytes() == data
    assert (model_cards()["openface"].format, len(model_cards()["openface"].sha256)) == ("torch7", 64)
    chips = np.random.default_rng(2).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    planes = chips.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    assert encode([list(chips)[:1], list(chips)[1:]], recipe("openface")) == pytest.approx(
        by_opencv(data, planes, tmp_path), abs=1e-5
    )


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff\xe0 a JPEG", b"\x04\0\0\0", b"4\nfour\n", b"\x08\x07 an ONNX file"]
)
def test_what_is_no_network_is_refused_in_one_line_and_nothing_kept(folder: Path, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ModelError, match="file is n") as error:
        add_known_model("openface", tmp_path / "file", try_recipe)
    assert "\n" not in str(error.value)
    assert not folder.exists()
