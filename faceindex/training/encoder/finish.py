"""What a learnt network gains on people held out, and the files that make a recipe of it: an ONNX file and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import tomli_w

from faceindex.errors import UsageError
from faceindex.files.writing import write_file
from faceindex.models.cards import CalibrationCard, LearntCard, ModelCard, RecipeCard, model_cards, recipe_cards
from faceindex.models.written_cards import said
from faceindex.plurals import plural
from faceindex.training.encoder.checkpoint import RunState
from faceindex.training.encoder.chips_file import LEARNING, START, TEST, VALIDATION, ChipsFile
from faceindex.training.encoder.descent import best_network, recipe_vectors
from faceindex.training.encoder.export import exported
from faceindex.training.encoder.network_file import read_network
from faceindex.training.encoder.pixels import ChipPixels
from faceindex.training.encoder.settings import EncoderSettings
from faceindex.training.encoder.torch_network import TorchNetwork
from faceindex.training.gains import JUDGED, MORE_RATES, Gain, albums_f, compared, identification
from faceindex.training.losses import Floats, People
from faceindex.training.near_pairs import near_pairs, shown
from faceindex.training.split import numbered
from faceindex.training.thresholds import pairs_of_both, refitted

_TRIED = 16  # chips, that torch and onnxruntime must agree on
_CAUTIOUS_WIDTH, _ALBUMS = 0.07, 0.8  # parts of a threshold of which nothing else is known

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class EncoderReport:
    """model, recipe: the cards. data: the ONNX file. gains: by false accept rate, of people held out. albums: B-cubed F
    before and after, each at its threshold. named: identification. held_out: people and faces. curves: (false, true
    accept rate) before and after. refusal: why it is not to be kept; None if it is."""

    model: ModelCard
    recipe: RecipeCard
    data: bytes
    gains: Mapping[float, Gain]
    albums: Pair
    named: Gain | None
    held_out: tuple[int, int]
    curves: tuple[tuple[Pair, ...], tuple[Pair, ...]]
    refusal: str | None


def finish(
    folder: Path, chips: ChipsFile, state: RunState, settings: EncoderSettings, name: str, device: str
) -> EncoderReport:
    """Measure the run in `folder` and make cards of it. Nothing is stored. Raises: UsageError; ModelError."""
    base = recipe_cards().get(chips.settings.recipe)
    if base is None:
        raise UsageError(f"the chips in {folder} are of the recipe {chips.settings.recipe}, which does not exist here")
    scratch = chips.settings.scratch
    start = TorchNetwork(read_network(folder / START), normalised=scratch)
    learnt = best_network(folder, state, scratch=scratch)
    data = exported(learnt, ChipPixels(chips).of(chips.places(VALIDATION)[:_TRIED]))
    test, people = chips.places(TEST), chips.people[chips.places(TEST)]
    known = np.concatenate([chips.places(VALIDATION), test])
    both = [recipe_vectors(each.to(device), chips, known, device) for each in (start, learnt)]
    before, after = (vectors[len(known) - len(test) :] for vectors in both)
    measured = compared(before, after, people)
    gains = measured.gains
    model = _model_card(name, base, data, chips, state, settings, gains)
    recipe = _recipe_card(base, model, both, chips.people[known], scratch=scratch)
    unknown = np.full(len(people), np.nan)
    thresholds = (base.cluster_threshold, recipe.cluster_threshold)
    first, last = (
        albums_f(vectors, people, unknown, threshold, modest_last=base.poor_last)
        for vectors, threshold in zip((before, after), thresholds, strict=True)
    )
    return EncoderReport(
        model=model,
        recipe=recipe,
        data=data,
        gains=gains,
        albums=(first, last),
        named=identification(before, after, people),
        held_out=(len(np.unique(people)), len(people)),
        curves=measured.curves,
        refusal=_refusal(state, gains),
    )


def write_files(folder: Path, report: EncoderReport) -> tuple[Path, Path]:
    """The network and its card in `folder`, as `faceindex models add FILE --card CARD` takes them. Raises: OSError."""
    network, card = folder / report.model.file, folder / f"{report.model.name}.toml"
    write_file(network, report.data)
    tables = {"model": said(asdict(report.model)), "recipe": said(asdict(report.recipe))}
    write_file(card, tomli_w.dumps(tables).encode())
    return network, card


def _refusal(state: RunState, gains: Mapping[float, Gain]) -> str | None:
    judged = next((rate for rate in (JUDGED, *MORE_RATES) if rate in gains), None)
    if judged is None:
        return "too few people are held out to tell whether it helps"
    if not state.best_step:
        return "the first steps already raise the loss of people who are not learnt from"
    gain = gains[judged]
    if gain.high < 0:
        return (
            f"people held out get worse with it: at a false accept rate of {judged:g} the true accept rate changes by "
            f"{gain.gain:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
        )
    return None


def _model_card(
    name: str,
    base: RecipeCard,
    data: bytes,
    chips: ChipsFile,
    state: RunState,
    settings: EncoderSettings,
    gains: Mapping[float, Gain],
) -> ModelCard:
    former = model_cards()[base.encoder]
    learning = np.bincount(chips.people[chips.places(LEARNING)])
    test = chips.people[chips.places(TEST)]
    gain = gains.get(JUDGED)
    count = int(np.sum(learning > 0))
    what = "a small network" if chips.settings.scratch else former.name
    learnt = LearntCard(
        date=datetime.now(UTC).date().isoformat(),
        loss=settings.loss if chips.settings.teacher is None else f"teacher {chips.settings.teacher}",
        people=count,
        lone_people=int(np.sum(learning == 1)),
        faces=int(learning.sum()),
        relatives=0,
        steps=state.best_step,
        rate=settings.rate,
        decay=0.0,
        seed=settings.seed,
        held_out_people=len(np.unique(test)),
        held_out_faces=len(test),
        gain=None if gain is None else round(gain.gain, 5),
        gain_low=None if gain is None else round(gain.low, 5),
        gain_high=None if gain is None else round(gain.high, 5),
    )
    return ModelCard(
        name=name,
        title=f"{what}, learnt from {plural(count, 'person', 'people')}",
        kind="encoder",
        format="onnx",
        file=f"{name}.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        licence="yours; no photo is in it" if chips.settings.scratch else former.licence,
        source="faceindex train encoder",
        package="",
        input=f"RGB chips, {chips.settings.side} x {chips.settings.side}",
        size=chips.settings.side,
        dimension=read_dimension(data),
        metric="euclidean",
        learnt=learnt,
    )


def read_dimension(data: bytes) -> int:
    """Length of the vectors that a network of ours gives."""
    import onnx

    output = onnx.load_model_from_string(data).graph.output[0]
    return int(output.type.tensor_type.shape.dim[1].dim_value)


def _recipe_card(
    base: RecipeCard, model: ModelCard, both: list[Floats], people: People, *, scratch: bool
) -> RecipeCard:
    """That of `base` with the learnt network; thresholds are as strict as before on people who were not learnt from."""
    before, after = both
    own = replace(base, name=model.name, title=model.title, encoder=model.name, accuracy=None)
    if not scratch:
        return refitted(own, pairs_of_both(before, after, numbered(people)))
    pairs = near_pairs(after, people, 0.1)
    told = shown((JUDGED, *MORE_RATES), people)
    match = round(pairs.threshold(told[0] if told else 0.1), 4)
    own = replace(own, match_threshold=match, cluster_threshold=round(_ALBUMS * match, 4))
    try:
        from faceindex.evaluation.cross_fit import fitted
        from faceindex.evaluation.strangers import named_pairs

        calibration = fitted(named_pairs(after.astype(np.float32), numbered(people)))
        return replace(own, calibration=CalibrationCard(**asdict(calibration)), confidence=None)
    except ValueError:
        return replace(own, calibration=None, confidence=(match, _CAUTIOUS_WIDTH * match))
