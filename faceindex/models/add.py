"""Models that users add: checked, tried on sample chips, and stored with their cards in the user's folder."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from faceindex.errors import ModelError
from faceindex.files.reading import read_regular
from faceindex.files.writing import make_folder, write_file
from faceindex.models.cards import (
    ALIGNMENTS,
    DETECTORS,
    SCALINGS,
    ModelCard,
    PartCard,
    RecipeCard,
    card_from,
    forget_cards,
    model_cards,
    models_folder,
    read_table,
    recipe_cards,
)
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.graphs import convert
from faceindex.models.networks import onnx_session, session
from faceindex.models.projections import check_head, check_projection
from faceindex.models.torch7_stream import is_torch7
from faceindex.models.written_cards import NAME, card_toml
from faceindex.types import Pixels, Vectors

FORMATS = ("onnx", "tensorflow", "torch7")

LARGEST_DIFFERENCE = 1e-3
"""Largest difference between a chip's vector alone and in a batch, as a share of the largest number in it."""

CAUTIOUS_WIDTH = 0.07
"""Width of the logistic of a card that tells no calibration, as a share of its threshold: wider than any measured."""

_ONNX = b"\x08"  # its first field is its version

Trial = Callable[[str], None]
"""Called with the name of a recipe that has just been stored; if it raises, what was stored is removed again."""


def add_known_model(name: str, file: Path, trial: Trial | None = None) -> RecipeCard:
    """Add `file` as the weights of the model `name`: faceindex has its card, and users bring the weights.

    Raises: ModelError if there is no such card, or the file is not the one that the card describes; as `trial`.
    """
    card = model_cards().get(name)
    if card is None or card.package:
        names = ", ".join(card.name for card in model_cards().values() if not card.package)
        raise ModelError(f"no model {name} needs weights, only {names}; add another model with --card")
    return _add(file, card, recipe_cards()[name], {}, trial)


def add_model(file: Path, card_file: Path, trial: Trial | None = None) -> RecipeCard:
    """Add `file` with a card of the user, a TOML file with the tables [model] and [recipe].

    [model] may omit format (onnx or torch7, as the file begins), file, sha256 and package. [recipe] may omit name and
    encoder (then the model's name), and both calibration and confidence (then see CAUTIOUS_WIDTH). The files of
    [recipe.projection] and of [recipe.head] lie beside the card and are stored too. The encoder of [recipe.second] is
    the model or one that is there already. Raises: ModelError if the card or a file is wrong; as `trial`; then nothing
    is stored.
    """
    tables = read_table(card_file)
    if not all(isinstance(tables.get(name), dict) for name in ("model", "recipe")):
        raise ModelError(f"the card {card_file} needs the tables [model] and [recipe]")
    defaults = {"kind": "encoder", "format": "onnx", "sha256": "", "package": "", "file": file.name}
    card = card_from(defaults | tables["model"], ModelCard, f"[model] of {card_file}")
    own: dict[str, object] = {"name": card.name, "encoder": card.name}
    limit = tables["recipe"].get("match_threshold")
    if not {"calibration", "confidence"} & tables["recipe"].keys() and isinstance(limit, int | float):
        own["confidence"] = [float(limit), CAUTIOUS_WIDTH * limit]
    recipe = card_from(own | tables["recipe"], RecipeCard, f"[recipe] of {card_file}")
    _check_cards(card, recipe, card_file)
    return _add(file, card, recipe, _matrices(card, recipe, card_file), trial)


def sample_chips(size: int) -> Pixels:
    """Four chips that a network should tell apart: flat, noise, and two drawn faces. uint8 [4, size, size, 3]."""
    rows, columns = np.mgrid[:size, :size] / size
    flat = np.full((size, size, 3), 128)
    noise = np.random.default_rng(0).integers(0, 256, (size, size, 3))
    faces = [np.repeat(_drawn_face(rows, columns, width)[..., None], 3, axis=2) for width in (0.25, 0.35)]
    return np.stack([flat, noise, *faces]).astype(np.uint8)


def _drawn_face(rows: np.ndarray, columns: np.ndarray, width: float) -> np.ndarray:
    head = ((columns - 0.5) / width) ** 2 + ((rows - 0.5) / 0.4) ** 2 < 1
    eyes = (np.abs(np.abs(columns - 0.5) - width / 2) < 0.05) & (np.abs(rows - 0.4) < 0.03)
    mouth = (np.abs(columns - 0.5) < width / 2) & (np.abs(rows - 0.7) < 0.03)
    return np.where(eyes | mouth, 30, np.where(head, 190, 80))


def _check_cards(card: ModelCard, recipe: RecipeCard, where: Path) -> None:
    for name in (card.name, recipe.name):
        if not re.fullmatch(NAME, name):
            raise ModelError(f"{where}: a name may have only small letters, digits, dots and hyphens, not {name!r}")
    shipped = model_cards().get(card.name)
    if shipped is not None and shipped.package:
        raise ModelError(f"{where}: faceindex has its own model {card.name}; choose another name")
    if recipe.name in recipe_cards() and recipe_cards()[recipe.name].encoder != card.name:
        raise ModelError(f"{where}: there is already a recipe {recipe.name}; choose another name")
    if card.kind != "encoder" or card.format not in FORMATS:
        raise ModelError(f"{where}: the model must be an encoder in the format {' or '.join(FORMATS)}")
    if not card.size or not card.dimension or not 0 < card.size <= 1024 or not 0 < card.dimension <= 65536:
        raise ModelError(f"{where}: [model] needs size (side of chips, pixels) and dimension (length of vectors)")
    if card.scaling not in SCALINGS or card.colour not in ("RGB", "BGR"):
        raise ModelError(f"{where}: scaling must be one of {', '.join(SCALINGS)}, and colour RGB or BGR")
    if recipe.detector not in DETECTORS or recipe.alignment not in ALIGNMENTS or recipe.landmarks not in (5, 68):
        choices = f"detector must be one of {', '.join(DETECTORS)}, alignment one of {', '.join(ALIGNMENTS)}"
        raise ModelError(f"{where}: {choices}, and landmarks 5 or 68")
    if recipe.encoder != card.name:
        raise ModelError(f"{where}: [recipe] names the encoder {recipe.encoder}, but the model is {card.name}")
    if (recipe.second or recipe.follow_tilt is not None) and recipe.detector != "yunet":
        raise ModelError(f"{where}: [recipe.second] and follow_tilt need the points of the detector yunet")
    _check_size(recipe.alignment, card, where)
    if recipe.second:
        _check_second(recipe.second, card, where)


def _check_size(alignment: str, card: ModelCard, where: Path) -> None:
    side = ALIGNMENTS[alignment]
    if card.size != side:
        raise ModelError(
            f"{where}: the alignment {alignment} cuts chips with a side of {side}, but {card.name} wants a side of "
            f"{card.size}"
        )


def _check_second(second: PartCard, card: ModelCard, where: Path) -> None:
    encoders = {name: one for name, one in model_cards().items() if one.kind == "encoder"} | {card.name: card}
    if second.encoder not in encoders:
        raise ModelError(f"{where}: [recipe.second] has no encoder {second.encoder}; there are {', '.join(encoders)}")
    if second.alignment not in ALIGNMENTS or second.landmarks not in (5, 68):
        raise ModelError(f"{where}: [recipe.second] has an alignment of {', '.join(ALIGNMENTS)}, and landmarks 5 or 68")
    _check_size(second.alignment, encoders[second.encoder], where)
    if not 0 < second.weight < math.inf:
        raise ModelError(f"{where}: the weight of [recipe.second] is a positive number, not {second.weight:g}")


def _matrices(card: ModelCard, recipe: RecipeCard, where: Path) -> dict[str, bytes]:
    """The files of the recipe's projection and head, which lie beside the card `where`, checked. Raises: ModelError."""
    encoders = model_cards() | {card.name: card}
    parts = [card.name] if recipe.second is None else [card.name, recipe.second.encoder]
    dimension = sum(encoders[name].dimension or 0 for name in parts)
    found = {}
    if recipe.projection is not None:
        data = _matrix(recipe.projection.file, "projection", recipe, where)
        check_projection(data, recipe.projection, dimension, where.parent / recipe.projection.file)
        found[recipe.projection.file] = data
        dimension = recipe.projection.dimension
    if recipe.head is not None:
        data = _matrix(recipe.head.file, "head", recipe, where)
        check_head(data, recipe.head, dimension, where.parent / recipe.head.file)
        found[recipe.head.file] = data
    return found


def _matrix(file: str, kind: str, recipe: RecipeCard, where: Path) -> bytes:
    if Path(file).name != file or file.startswith("."):
        raise ModelError(f"{where}: the file of [recipe.{kind}] lies beside the card, without a folder in its name")
    source = where.parent / file
    try:
        return read_regular(source)
    except OSError as error:
        raise ModelError(f"{source}, the {kind} of {recipe.name}, cannot be read: {error.strerror}") from None


def _add(
    file: Path, card: ModelCard, recipe: RecipeCard, matrices: dict[str, bytes], trial: Trial | None
) -> RecipeCard:
    try:
        data = read_regular(file)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(data).hexdigest()
    if card.sha256 not in ("", digest):
        raise ModelError(f"{file} is not the file that the card of {card.name} describes (sha256 differs)")
    card = replace(card, sha256=digest, file=f"{card.name}{file.suffix}", format=_format(card, data))
    _try(card, convert(card, file))
    folder = models_folder()
    files = {folder / card.file: data, folder / f"{card.name}.toml": card_toml(card)}
    files |= {folder / "recipes" / name: matrix for name, matrix in matrices.items()}
    files[folder / "recipes" / f"{recipe.name}.toml"] = card_toml(recipe)
    with _all_or_none(folder, list(files)):
        for path, content in files.items():
            write_file(path, content)
        forget_cards()
        onnx_session.cache_clear()
        if trial is not None:
            trial(recipe.name)
    return recipe


def _format(card: ModelCard, data: bytes) -> str:
    """By the first bytes, so that a network may come in either format whatever the card says."""
    if card.format == "tensorflow":
        return card.format
    if is_torch7(data):
        return "torch7"
    return "onnx" if data.startswith(_ONNX) else card.format


@contextmanager
def _all_or_none(folder: Path, files: list[Path]) -> Iterator[None]:
    """If anything is raised inside, `files` are as they were before. Raises: ModelError for an error of writing."""
    former: dict[Path, bytes] = {}
    new = not folder.exists()
    try:
        for path in files:
            with suppress(FileNotFoundError):
                former[path] = read_regular(path)
        make_folder(folder / "recipes")
        yield
    except BaseException as error:
        for path in files:
            with suppress(OSError):
                write_file(path, former[path]) if path in former else path.unlink(missing_ok=True)
        if new:
            for empty in (folder / "recipes", folder):
                with suppress(OSError):
                    empty.rmdir()
        forget_cards()
        onnx_session.cache_clear()
        if isinstance(error, OSError):
            raise ModelError(f"cannot write to {folder}: {error.strerror}") from None
        raise


def _try(card: ModelCard, graph: bytes) -> None:
    """Raises: ModelError unless the network gives each chip a vector of finite numbers, and different ones."""
    chips = sample_chips(card.size or 0)
    try:
        network = session(graph)
        batched = network.run([VECTORS], {CHIPS: chips})[0]
        single = np.concatenate([network.run([VECTORS], {CHIPS: chip[None]})[0] for chip in chips])
    except Exception as error:  # onnxruntime has its own exceptions for errors in a model
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{card.name} cannot encode chips of side {card.size}: {reason}") from None
    _check_vectors(card, batched, single)


def _check_vectors(card: ModelCard, batched: Vectors, single: Vectors) -> None:
    if batched.shape != (len(single), card.dimension):
        raise ModelError(
            f"{card.name} gives vectors of length {batched.shape[-1]}, not {card.dimension} as in its card"
        )
    if not np.isfinite(batched).all():
        raise ModelError(f"{card.name} gives vectors that contain NaN or infinity")
    if np.abs(batched - single).max() > LARGEST_DIFFERENCE * np.abs(single).max():
        raise ModelError(f"{card.name} gives a chip different vectors alone and in a batch")
    if np.ptp(batched, axis=0).max() <= LARGEST_DIFFERENCE * np.abs(batched).max():
        raise ModelError(f"{card.name} gives the same vector for all chips")
