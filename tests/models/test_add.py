"""Models that users bring are tried before anything is kept; each wrong one is refused in one clear line."""

from __future__ import annotations

import hashlib
import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from own_model import WEIGHTS, network, written
from PIL import Image

from faceindex.errors import ModelError, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.faces.trial import try_recipe
from faceindex.judgement.library_calibration import of_recipe
from faceindex.models.add import CAUTIOUS_WIDTH, add_known_model, add_model
from faceindex.models.cards import (
    ENVIRONMENT,
    CalibrationCard,
    LearntCard,
    forget_cards,
    model_cards,
    recipe_cards,
)
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.graphs import ENCODER, onnx_graph
from faceindex.models.heads import add_head, headed_card
from faceindex.models.networks import onnx_session
from faceindex.models.remove import remove_recipe
from faceindex.photos.decode import Photo
from faceindex.photos.pictures import photo_of
from faceindex.types import Pixels


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's folder, empty."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "models"))
    forget_cards()
    yield tmp_path / "models"
    forget_cards()


def test_an_added_model_is_a_recipe_like_any_other(folder: Path, tmp_path: Path, astronaut: Pixels) -> None:
    added = add_model(*written(tmp_path, network(WEIGHTS), recipe_lines="length = 2.0"))
    assert (added.name, added.encoder) == ("mine", "mine")
    assert (folder / "mine.onnx").is_file()
    chosen = recipe("mine")
    assert (chosen.dimension, chosen.chip_size) == (7, 112)
    buffer = io.BytesIO()
    Image.fromarray(astronaut).save(buffer, "PNG")
    (face,) = Analyser(chosen)(Photo(buffer.getvalue(), "astronaut")).faces
    assert face.vector.shape == (7,)
    assert np.linalg.norm(face.vector) == pytest.approx(2)


def test_a_card_is_kept_as_it_was_whatever_characters_and_numbers_are_in_it(folder: Path, tmp_path: Path) -> None:
    file, card = written(tmp_path, network(WEIGHTS), recipe_lines="length = 1e-7")
    text = card.read_text().replace("My own", r"\"My\" \\ own\u007f\t\u0001é")
    card.write_text(text.replace("threshold = 1.0", "threshold = inf"))
    added = add_model(file, card)
    assert (added.title, added.match_threshold, added.length) == ('"My" \\ own\x7f\t\x01é', float("inf"), 1e-7)
    forget_cards()
    assert recipe_cards()["mine"] == added


def test_an_added_model_may_bring_a_measured_calibration(folder: Path, tmp_path: Path) -> None:
    file, card = written(tmp_path, network(WEIGHTS))
    measured = {"same_shape": 8.0, "same_rate": 40.0, "different_shape": 20.0, "different_rate": 28.0}
    table = "\n".join(["[recipe.calibration]", *(f"{name} = {value}" for name, value in measured.items())])
    card.write_text(card.read_text().replace("confidence = [1.0, 0.1]", table))
    add_model(file, card)
    assert recipe_cards()["mine"].calibration == CalibrationCard(**measured)
    assert recipe_cards()["mine"].confidence is None
    card.write_text(card.read_text().replace("same_rate", "same_width"))
    with pytest.raises(ModelError, match="lacks `same_rate`"):
        add_model(file, card)


def test_a_card_without_a_calibration_gets_a_cautious_one(folder: Path, tmp_path: Path) -> None:
    file, card = written(tmp_path, network(WEIGHTS))
    card.write_text(card.read_text().replace("confidence = [1.0, 0.1]\n", ""))
    assert add_model(file, card).confidence == (1.0, CAUTIOUS_WIDTH)
    calibration = of_recipe(recipe("mine"))
    assert calibration.confidence(1.0) == pytest.approx(0.5)
    assert calibration.threshold(0.01, 1000) < 1.0


def second_and_projection(
    matrix: npt.NDArray[np.generic], tmp_path: Path, *, second: str = "", digest: str = ""
) -> str:
    """Tables of [recipe], and mine.npy beside the card."""
    buffer = io.BytesIO()
    np.save(buffer, matrix)
    (tmp_path / "mine.npy").write_bytes(buffer.getvalue())
    sha256 = digest or hashlib.sha256(buffer.getvalue()).hexdigest()
    return (
        f'[recipe.second]\nalignment = "dlib"\nencoder = "dlib_face_recognition_resnet_model_v1"\n{second}\n'
        f'[recipe.projection]\nfile = "mine.npy"\nsha256 = "{sha256}"\ndimension = 5\n'
    )


def test_an_added_model_brings_its_projection_along(folder: Path, tmp_path: Path, astronaut: Pixels) -> None:
    matrix = np.random.default_rng(1).standard_normal((1 + 7 + 128, 5)).astype(np.float32)
    tables = second_and_projection(matrix, tmp_path)
    add_model(*written(tmp_path, network(WEIGHTS), recipe_lines=tables))
    (tmp_path / "mine.npy").unlink()
    (face,) = Analyser(recipe("mine"))(photo_of(astronaut)).faces
    assert face.vector.shape == (5,)
    assert recipe_cards()["mine"].second is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"second": "padding = [0.2]"}, "unknown key `padding`"),
        ({"second": "weight = -1"}, "positive number"),
        ({"second": "landmarks = 7"}, "landmarks 5 or 68"),
        ({"digest": "0" * 64}, "sha256 differs"),
        ({"matrix": np.zeros((8, 5), np.float32)}, "136 x 5"),
        ({"encoder": "vgg"}, "no encoder vgg"),
        ({"file": "../mine.npy"}, "beside the card"),
        ({"file": "other.npy"}, "cannot be read"),
        ({"detector": "hog", "alignment": "dlib"}, "points of the detector yunet"),
    ],
)
def test_a_wrong_second_vector_or_projection_is_refused_and_nothing_kept(
    folder: Path, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    matrix = change.get("matrix", np.zeros((1 + 7 + 128, 5), np.float32))
    tables = second_and_projection(matrix, tmp_path, second=change.get("second", ""), digest=change.get("digest", ""))
    file, card = written(tmp_path, network(WEIGHTS), recipe_lines=tables)
    text = card.read_text()
    for key, before in (
        ("encoder", 'encoder = "dlib_face_recognition_resnet_model_v1"'),
        ("file", 'file = "mine.npy"'),
        ("detector", 'detector = "yunet"'),
        ("alignment", 'alignment = "five-point"'),
    ):
        text = text.replace(before, f'{key} = "{change[key]}"') if key in change else text
    card.write_text(text)
    with pytest.raises(ModelError, match=reason):
        add_model(file, card)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("scaling", "colour", "expected"),
    [
        ("none", "RGB", lambda x: x),
        ("unit", "BGR", lambda x: x[..., ::-1] / 255),
        ("symmetric", "RGB", lambda x: (x - 127.5) / 128),
        ("whiten", "RGB", lambda x: (x - x.mean()) / x.std()),
    ],
)
@pytest.mark.parametrize("opset", [13, 18])
def test_chips_are_scaled_as_the_card_says(
    folder: Path, tmp_path: Path, scaling: str, colour: str, expected: object, opset: int
) -> None:
    model = onnx.load_model_from_string(network(WEIGHTS))
    model.opset_import[0].version = opset
    lines = f'scaling = "{scaling}"\ncolour = "{colour}"'
    add_model(*written(tmp_path, model.SerializeToString(), model=lines))
    chip = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    planes = expected(chip.astype(np.float64)).transpose(2, 0, 1)  # type: ignore[operator]
    flat = planes.reshape(3, 4, 28, 4, 28).mean(axis=(2, 4)).ravel()
    (vector,) = onnx_session("mine", "cpu").run([VECTORS], {CHIPS: chip[None]})[0]
    assert vector == pytest.approx(flat @ WEIGHTS, rel=1e-3, abs=1e-3)
    onnx_session.cache_clear()


@pytest.mark.parametrize(
    ("data", "lines", "reason"),
    [
        (b"not a network", "", "not an ONNX model"),
        (b"", "", "not an ONNX model"),
        (network(WEIGHTS)[:-100], "", "not an ONNX model"),
        (network(WEIGHTS, [1, 3, 96, 96]), "", "not RGB images of side 112"),
        (network(WEIGHTS, [1, 4, 112, 112]), "", "not RGB images of side 112"),
        (network(WEIGHTS.astype(np.float64), kind=TensorProto.DOUBLE), "", "32-bit floats"),
        (network(np.full((48, 7), np.nan, dtype=np.float32)), "", "NaN or infinity"),
        (network(np.zeros((48, 7), dtype=np.float32)), "", "the same vector for all chips"),
        (network(WEIGHTS[:, :5]), "", "gives vectors of length 5, not 7"),
        (network(WEIGHTS[:40]), "", "cannot encode"),
        (network(WEIGHTS), f'sha256 = "{"0" * 64}"', "sha256 differs"),
    ],
)
def test_wrong_models_are_refused_and_nothing_is_kept(
    folder: Path, tmp_path: Path, data: bytes, lines: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason) as error:
        add_model(*written(tmp_path, data, model=lines))
    assert "\n" not in str(error.value)
    assert not folder.exists()
    with pytest.raises(UsageError, match="no recipe is called mine"):
        recipe("mine")


@pytest.mark.parametrize(
    ("model", "lines", "reason"),
    [
        ("colour = 3", "", "`colour` cannot be 3"),
        ('colour = "CMYK"', "", "colour RGB or BGR"),
        ('scaling = "magic"', "", "scaling must be one of"),
        ("wings = 2", "", "unknown key `wings`"),
        ('kind = "landmarks"', "", "must be an encoder"),
        ("", "landmarks = 7", "landmarks 5 or 68"),
        ("", 'encoder = "sface"', "names the encoder sface"),
        ("", 'name = "dlib"', "already a recipe dlib"),
        ("", 'name = "../up"', "a name may have only small letters"),
    ],
)
def test_wrong_cards_are_refused_by_their_key(
    folder: Path, tmp_path: Path, model: str, lines: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        add_model(*written(tmp_path, network(WEIGHTS), model=model, recipe_lines=lines))
    assert not folder.exists()


def test_a_models_name_may_not_hide_one_of_ours(folder: Path, tmp_path: Path) -> None:
    file, card = written(tmp_path, network(WEIGHTS))
    card.write_text(card.read_text().replace('"mine"', '"sface"', 1))
    with pytest.raises(ModelError, match="has its own model sface"):
        add_model(file, card)


def test_only_models_that_lack_weights_are_brought_by_name(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="only facenet, openface"):
        add_known_model("sface", tmp_path / "x")
    with pytest.raises(ModelError, match="sha256 differs"):
        add_known_model("facenet", written(tmp_path, network(WEIGHTS))[0])
    with pytest.raises(ModelError, match="cannot be read"):
        add_known_model("facenet", tmp_path / "absent")


def test_openfaces_own_geometry_becomes_recipe_openface(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "faces")
    model, _ = importlib.import_module("openface_like").openface_like_network()
    (tmp_path / "nn4.onnx").write_bytes(model)
    with pytest.raises(ModelError, match="faceindex models add openface"):
        Analyser(recipe("openface")).check_models()
    add_known_model("openface", tmp_path / "nn4.onnx")
    Analyser(recipe("openface")).check_models()
    assert recipe_cards()["openface"].alignment == "openface"
    assert len(model_cards()["openface"].sha256) == 64


@pytest.mark.parametrize(("ours", "theirs"), [('"yunet"', '"retina"'), ('"five-point"', '"circle"')])
def test_detectors_and_alignments_are_those_there_are(folder: Path, tmp_path: Path, ours: str, theirs: str) -> None:
    file, card = written(tmp_path, network(WEIGHTS))
    card.write_text(card.read_text().replace(ours, theirs))
    with pytest.raises(ModelError, match="hog, cnn, yunet"):
        add_model(file, card)


def legacy_export() -> bytes:
    """The graph that PyTorch's older exporter makes of `x.view(x.size(0), -1)`: an index that is a scalar constant."""
    nodes = [
        helper.make_node("AveragePool", ["data"], ["parts"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Shape", ["parts"], ["shape"]),
        helper.make_node("Constant", [], ["zero"], value=numpy_helper.from_array(np.array(0, dtype=np.int64))),
        helper.make_node("Gather", ["shape", "zero"], ["size"], axis=0),
        helper.make_node("Unsqueeze", ["size", "first"], ["batch"]),
        helper.make_node("Concat", ["batch", "rest"], ["flat shape"], axis=0),
        helper.make_node("Reshape", ["parts", "flat shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["out"]),
    ]
    constants = {"first": np.array([0]), "rest": np.array([-1]), "weights": WEIGHTS}
    graph = helper.make_graph(
        nodes,
        "legacy",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["batch", 3, 112, 112])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", 7])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def test_a_legacy_export_with_a_view_and_a_dynamic_batch_gives_the_same_vectors(folder: Path, tmp_path: Path) -> None:
    chips = np.random.default_rng(1).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    vectors = []
    for data in (legacy_export(), network(WEIGHTS)):
        add_model(*written(tmp_path, data))
        vectors.append(onnx_session("mine", "cpu").run([VECTORS], {CHIPS: chips})[0])
    assert vectors[0] == pytest.approx(vectors[1], rel=1e-6)


@pytest.mark.parametrize("ours", ["sface", ENCODER])
def test_our_own_graph_can_be_extended_and_added_again_and_again(folder: Path, tmp_path: Path, ours: str) -> None:
    size, alignment = (112, "five-point") if ours == "sface" else (150, "dlib")
    last = np.random.default_rng(2).standard_normal((128, 128)).astype(np.float32)
    chips = np.random.default_rng(3).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    expected = onnx_session(ours, "cpu").run([VECTORS], {CHIPS: chips})[0]
    data = onnx_graph(ours)
    for _ in range(2):
        model = onnx.load_model_from_string(data)
        model.graph.initializer.append(numpy_helper.from_array(last, "last"))
        model.graph.node.append(helper.make_node("MatMul", [model.graph.output[0].name, "last"], ["more"]))
        model.graph.output[0].name = "more"
        file, card = written(tmp_path, model.SerializeToString())
        text = card.read_text().replace("dimension = 7", "dimension = 128").replace("size = 112", f"size = {size}")
        card.write_text(text.replace("five-point", alignment))
        add_model(file, card, try_recipe)
        expected = expected @ last
        assert onnx_session("mine", "cpu").run([VECTORS], {CHIPS: chips})[0] == pytest.approx(
            expected, rel=2e-3, abs=0.1
        )
        data = onnx_graph("mine")


@pytest.mark.parametrize(("alignment", "side"), [("dlib", 150), ("openface", 96), ("facenet", 160)])
def test_a_network_must_want_chips_of_the_side_that_its_alignment_cuts(
    folder: Path, tmp_path: Path, alignment: str, side: int
) -> None:
    file, card = written(tmp_path, network(WEIGHTS))
    card.write_text(card.read_text().replace("five-point", alignment))
    with pytest.raises(ModelError, match=f"cuts chips with a side of {side}, but mine wants a side of 112"):
        add_model(file, card)
    assert not folder.exists()


def test_what_fails_on_aligned_chips_is_not_kept_and_what_was_there_stays(folder: Path, tmp_path: Path) -> None:
    add_model(*written(tmp_path, network(WEIGHTS), recipe_lines="length = 2.0"), try_recipe)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    matrix = np.zeros((1 + 7 + 128, 5), np.float32)  # whatever comes in, the same comes out
    with pytest.raises(ModelError, match="gives two different faces the same vector"):
        add_model(
            *written(tmp_path, network(WEIGHTS), recipe_lines=second_and_projection(matrix, tmp_path)), try_recipe
        )
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert recipe("mine").card.length == 2


def test_a_recipe_that_was_added_is_removed_with_its_files_and_no_other(folder: Path, tmp_path: Path) -> None:
    matrix = np.random.default_rng(1).standard_normal((1 + 7 + 128, 5)).astype(np.float32)
    add_model(*written(tmp_path, network(WEIGHTS), recipe_lines=second_and_projection(matrix, tmp_path)))
    learnt = LearntCard("2026-01-02", "hinge", 100, 0, 200, 0, 10, 0.03, 0.03, 0, 25, 50)
    add_head(*headed_card(recipe_cards()["mine"], "mine-head", "With a head", np.eye(5), learnt))
    assert [path.name for path in remove_recipe("mine")] == ["mine.toml"]
    assert recipe("mine-head").dimension == 5
    removed = {path.name for path in remove_recipe("mine-head")}
    assert removed == {"mine-head.toml", "mine-head.npy", "mine.npy", "mine.onnx", "mine.toml"}
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    for name, reason in (("sface", "comes with faceindex and stays"), ("mine", "is not a recipe; you added none")):
        with pytest.raises(UsageError, match=reason):
            remove_recipe(name)
