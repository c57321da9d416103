"""Prepares the folder of a run: chips, the parts that people are in, the network at the start, and the teacher's
vectors, turned so that the network can come near them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from faceindex.errors import ModelError, UsageError
from faceindex.faces.recipe import Recipe
from faceindex.files.writing import own_folder
from faceindex.models.cards import model_cards
from faceindex.models.dlib_networks import Encoder, read_encoder
from faceindex.models.dlib_stream import DlibStream
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.graphs import ENCODER
from faceindex.models.networks import onnx_session
from faceindex.models.weights import weights
from faceindex.running.meter import Meter
from faceindex.training.encoder.chips_file import START, ChipSettings, ChipsFile, Kind, decoded, reencoded, write_chips
from faceindex.training.encoder.collect import Collected, NamedFace, collect
from faceindex.training.encoder.network_file import write_network
from faceindex.training.encoder.small_network import DIMENSION, small_network
from faceindex.training.labelled import TrainingFaces, check_people
from faceindex.training.losses import Floats, People
from faceindex.training.relatives import NO_RELATIVES
from faceindex.training.split import split
from faceindex.types import Vectors

NO_PART = 255


def check_recipe(recipe: Recipe, teacher: Recipe | None, *, scratch: bool) -> None:
    """Raises: UsageError when no network can be learnt for this recipe, or from this teacher."""
    card = recipe.card
    if card.second or card.projection or card.head or (card.encoder != ENCODER and not scratch):
        raise UsageError(
            f"the recipe {recipe.name} is not one of dlib's network alone; choose --recipe dlib or dlib-raw"
            + (" or sface" if scratch else "; --scratch learns a small network for others, too")
        )
    dimension = DIMENSION if scratch else recipe.dimension
    if teacher and teacher.dimension != dimension:
        raise UsageError(
            f"the teacher {teacher.name} gives vectors of {teacher.dimension} numbers, the network to learn {dimension}"
        )


def prepare(
    folder: Path,
    faces: Sequence[NamedFace],
    recipe: Recipe,
    teacher: Recipe | None,
    meter: Meter,
    *,
    scratch: bool = False,
    few: bool = False,
    seed: int = 0,
    kind: Kind = "PNG",
) -> tuple[ChipsFile, int]:
    """Write chips and the network at the start into `folder`, for its owner only.

    kind: of the chips' files; JPEG is smaller, and the chips are not quite the same. Returns also how many faces were
    not found again. Raises: UsageError; ModelError; JobCancelled.
    """
    found = collect(faces, recipe, teacher, meter)
    people = np.array(found.people, dtype=np.int64)
    check_people(people, "an encoder", few=few)
    parts = _parts(found, people, recipe)
    card = recipe.card
    size = model_cards()[card.encoder].size or 0
    settings = ChipSettings(recipe.name, size, card.mirror, card.length, scratch, teacher.name if teacher else None)
    network = small_network(size, seed) if scratch else dlib_network()
    chips = ChipsFile(settings, found.images, people, parts)
    if teacher:
        chips = replace(chips, wanted=_wanted(np.array(found.taught), chips))
    if kind != "PNG":
        chips = reencoded(chips, kind)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        own_folder(folder)
        write_network(folder / START, network)
        write_chips(folder, chips)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from error
    return chips, found.missing


def dlib_network() -> Encoder:
    """dlib's ResNet with its weights. Raises: ModelError."""
    return read_encoder(DlibStream.open(weights(ENCODER)))


def _parts(found: Collected, people: People, recipe: Recipe) -> np.ndarray:
    """The part of each face, uint8 [n]: as `split` parts people, NO_PART for what a large part leaves out."""
    count = len(people)
    places = np.arange(count, dtype=np.float32)[:, None]  # which `split` hands on as it would vectors
    faces = TrainingFaces(recipe, found.names, people, places, np.full(count, np.nan), ("",) * count)
    parted = split(faces, NO_RELATIVES.family)
    parts = np.full(count, NO_PART, dtype=np.uint8)
    for number, part in enumerate((parted.learning, parted.validation, parted.test)):
        parts[part.vectors[:, 0].astype(np.int64)] = number
    return parts


def _wanted(taught: Vectors, chips: ChipsFile) -> Vectors:
    """The teacher's vectors, float32 [n, d], moved, turned and scaled to where those of the network at the start lie
    (orthogonal Procrustes, Schoenemann 1966): distances among them stay in proportion.

    A network that learns from nothing may come near them as they are, at length 1.
    """
    units = taught / np.linalg.norm(taught, axis=1, keepdims=True)
    if chips.settings.scratch:
        return np.asarray(units, dtype=np.float32)
    session = onnx_session(ENCODER, "cpu")
    own: Floats = np.concatenate(
        [session.run([VECTORS], {CHIPS: decoded(images[0])[None]})[0] for images in chips.images]
    ).astype(np.float64)
    learning = chips.parts == 0
    middle, centre = units[learning].mean(axis=0), own[learning].mean(axis=0)
    first, second = units[learning] - middle, own[learning] - centre
    left, _, right = np.linalg.svd(first.T @ second)
    stretch = np.linalg.norm(second) / np.linalg.norm(first)
    wanted = (units - middle) @ (left @ right) * stretch + centre
    if not np.isfinite(wanted).all():
        raise ModelError("the teacher's vectors are all the same")
    return np.asarray(wanted, dtype=np.float32)
