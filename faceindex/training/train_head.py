"""A head from start to end: learnt on some people, measured on others, and learnt again from all for the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from faceindex.evaluation.group_file import GroupFile
from faceindex.evaluation.groups import GroupRates, measure_groups
from faceindex.models.cards import LearntCard, RecipeCard
from faceindex.models.heads import headed_card
from faceindex.plurals import plural
from faceindex.running.meter import Meter
from faceindex.training.gains import (
    JUDGED,
    MORE_RATES,
    Curve,
    Gain,
    albums_f,
    compared,
    identification,
)
from faceindex.training.head import Descent, Learnt, learn, relearn
from faceindex.training.labelled import TrainingFaces
from faceindex.training.losses import Floats
from faceindex.training.relatives import Relatives
from faceindex.training.split import Split, numbered, split
from faceindex.training.thresholds import PairsOfBoth, pairs_of_both, refitted

Pair = tuple[float, float]

_MOST_MEASURED = 4000


@dataclass(frozen=True, slots=True)
class HeadReport:
    """A head and what it gains on people held out.

    card: of the new recipe; data: of its file, learnt from everybody. learnt: the head that was measured, from a part
    of them. gains: of the true accept rate, by false accept rate. albums: B-cubed F before and after, each at its
    threshold. named: identification. groups: rates of each group before and after. curves: (false, true accept rate)
    before and after. refusal: why the head is not to be kept; None when it is.
    """

    card: RecipeCard
    data: bytes
    learnt: Learnt
    split: Split
    gains: Mapping[float, Gain]
    albums: Pair
    named: Gain | None
    groups: tuple[tuple[GroupRates, GroupRates], ...]
    curves: tuple[Curve, Curve]
    refusal: str | None


def train_head(
    faces: TrainingFaces,
    name: str,
    settings: Descent,
    relatives: Relatives,
    groups: GroupFile | None,
    meter: Meter,
) -> HeadReport:
    """Learn the head `name` from labelled faces. Nothing is stored. Raises: UsageError; JobCancelled."""
    parts = split(faces, relatives.family)
    meter.stage("learning", 2 * settings.steps)
    threshold = faces.recipe.match_threshold
    validation = (parts.validation.vectors.astype(np.float64), parts.validation.people)
    learnt = learn(*_inputs(parts.learning, relatives), validation, threshold, settings, meter)
    meter.stage("measuring")
    final = relearn(*_inputs(faces, relatives), threshold, settings, learnt.steps, meter)
    return _report(faces, name, settings, relatives, groups, parts, learnt, final)


def _inputs(faces: TrainingFaces, relatives: Relatives) -> tuple[Floats, np.ndarray, dict[int, tuple[int, ...]]]:
    names = [faces.names[person] for person in np.unique(faces.people)]
    return faces.vectors.astype(np.float64), numbered(faces.people), relatives.of_people(names)


def _report(
    faces: TrainingFaces,
    name: str,
    settings: Descent,
    relatives: Relatives,
    groups: GroupFile | None,
    parts: Split,
    learnt: Learnt,
    final: Floats,
) -> HeadReport:
    test, head, card = parts.test, learnt.head, _base_card(faces)
    before = test.vectors.astype(np.float64)
    after = before @ head
    measured = compared(before, after, test.people)
    gains = measured.gains
    judged = next((rate for rate in (JUDGED, *MORE_RATES) if rate in gains), None)
    new = refitted(card, _pairs([parts.validation], head))

    def albums(vectors: Floats, threshold: float) -> float:
        return albums_f(vectors, test.people, test.qualities, threshold, modest_last=card.poor_last)

    kept, data = headed_card(
        refitted(card, _pairs([parts.validation, test], head)),
        name,
        f"{faces.recipe.name} with a head learnt from {plural(len(np.unique(faces.people)), 'person', 'people')}",
        final,
        _provenance(faces, settings, relatives, learnt, test, gains.get(JUDGED)),
    )
    return HeadReport(
        card=kept,
        data=data,
        learnt=learnt,
        split=parts,
        gains=gains,
        albums=(albums(before, card.cluster_threshold), albums(after, new.cluster_threshold)),
        named=identification(before, after, test.people),
        groups=_groups(test, after, relatives, groups, (card.match_threshold, new.match_threshold)),
        curves=measured.curves,
        refusal=_refusal(settings, learnt, None if judged is None else gains[judged], judged),
    )


def _refusal(settings: Descent, learnt: Learnt, gain: Gain | None, judged: float | None) -> str | None:
    if gain is None:
        return "too few people are held out to tell whether the head helps"
    if gain.high < 0:
        return (
            f"people held out get worse with it: at a false accept rate of {judged:g} the true accept rate changes by "
            f"{gain.gain:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
        )
    if settings.loss != "plda" and not learnt.steps:
        return "the first steps of the descent already raise the loss of people who are not learnt from"
    return None


def _base_card(faces: TrainingFaces) -> RecipeCard:
    """The card with the options that the vectors were made with."""
    made = faces.recipe
    return replace(made.card, detector=made.detector, landmarks=made.landmarks)


def _pairs(parts: list[TrainingFaces], head: Floats) -> PairsOfBoth:
    vectors = np.concatenate([part.vectors for part in parts])[:_MOST_MEASURED].astype(np.float64)
    people = np.concatenate([part.people for part in parts])[:_MOST_MEASURED]
    return pairs_of_both(vectors, vectors @ head, numbered(people))


def _provenance(
    faces: TrainingFaces,
    settings: Descent,
    relatives: Relatives,
    learnt: Learnt,
    test: TrainingFaces,
    gain: Gain | None,
) -> LearntCard:
    counts = np.bincount(faces.people)
    return LearntCard(
        date=datetime.now(UTC).date().isoformat(),
        loss=settings.loss,
        people=int(np.sum(counts > 0)),
        lone_people=int(np.sum(counts == 1)),
        faces=len(faces.people),
        relatives=len(relatives.of_people([faces.names[person] for person in np.unique(faces.people)])),
        steps=learnt.steps,
        rate=settings.rate,
        decay=settings.decay,
        seed=settings.seed,
        held_out_people=len(np.unique(test.people)),
        held_out_faces=len(test.people),
        gain=None if gain is None else round(gain.gain, 5),
        gain_low=None if gain is None else round(gain.low, 5),
        gain_high=None if gain is None else round(gain.high, 5),
    )


def _groups(
    test: TrainingFaces, after: Floats, relatives: Relatives, given: GroupFile | None, thresholds: Pair
) -> tuple[tuple[GroupRates, GroupRates], ...]:
    """Rates of each group before and after; of all together when only relatives are known."""
    if given is None and not relatives.family_of:
        return ()
    if given is None:
        given = GroupFile("", dict.fromkeys(test.names, "everybody"), {})
    given = replace(given, families={**given.families, **relatives.family_of})
    groups, families = given.places_of(test.names, test.people, test.photos), given.families_of(test.names)
    rows = [
        measure_groups(vectors, test.people, groups, given.names, families, threshold).within
        for vectors, threshold in zip((test.vectors, after.astype(np.float32)), thresholds, strict=True)
    ]
    return tuple(zip(*rows, strict=True))
