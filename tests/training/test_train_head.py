"""A head is measured on people it was not learnt from; wrong input is one line; what does not help is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from faceindex.errors import RecipeMismatch, UsageError
from faceindex.evaluation.group_file import GroupFile
from faceindex.faces.recipe import recipe
from faceindex.faces.vectors_only import vectors_only
from faceindex.models.cards import HeadCard
from faceindex.running.meter import Meter
from faceindex.training.head import Descent, relearn
from faceindex.training.labelled import TrainingFaces, check_number, joined
from faceindex.training.near_pairs import jackknife_error, near_pairs
from faceindex.training.relatives import NO_RELATIVES, Relatives
from faceindex.training.split import Split, numbered, split
from faceindex.training.train_head import HeadReport, train_head

NUISANCE = slice(0, 8)
"""Directions in which faces of a person differ most."""


def drawn(people: int = 240, faces: int = 4, seed: int = 0, lone: int = 100) -> TrainingFaces:
    """People with so many faces each, and others with one; as far apart as those of recipe `dlib`, in 24 directions."""
    random = np.random.default_rng(seed)
    who = np.concatenate([np.repeat(np.arange(people), faces), np.arange(people, people + lone)])
    spread = np.full(24, 0.05)
    spread[NUISANCE] = 0.2
    centres = random.normal(size=(people + lone, 24)) * 0.12
    vectors = (centres[who] + random.normal(size=(len(who), 24)) * spread).astype(np.float32)
    names = tuple(f"person {seed}-{number}" for number in range(people + lone))
    photos = ("x.jpg",) * len(who)
    return TrainingFaces(recipe("dlib"), names, who, vectors, np.full(len(who), np.nan), photos)


def trained(faces: TrainingFaces, loss: str = "hinge", relatives: Relatives = NO_RELATIVES) -> HeadReport:
    settings = Descent(loss, steps=40, decay=0.001, rate=0.1)
    return train_head(faces, "drawn-head", settings, relatives, None, Meter())


@pytest.mark.parametrize("loss", ["hinge", "triplet", "plda"])
def test_a_head_that_can_help_gains_more_than_its_error_on_people_held_out(loss: str) -> None:
    report = trained(drawn(), loss)
    gain = report.gains[1e-3]
    assert report.refusal is None
    assert gain.low > 0
    assert 0.0001 not in report.gains  # which would allow nine false pairs, and is not shown
    head, card = report.card.head, report.card
    assert head is not None
    assert head.learnt is not None
    assert (head.base, head.learnt.people, head.learnt.lone_people, head.learnt.faces) == ("dlib", 340, 100, 1060)
    assert head.learnt.loss == loss
    assert head.learnt.gain == pytest.approx(gain.gain, abs=1e-5)
    assert card.match_threshold != recipe("dlib").card.match_threshold
    assert "person" not in repr(card.head)


def test_learning_twice_gives_the_same_head() -> None:
    faces = drawn(120, 2, lone=0)
    assert trained(faces).data == trained(faces).data


def test_names_given_by_chance_teach_nothing() -> None:
    faces = drawn()
    shuffled = replace(faces, people=np.random.default_rng(0).permutation(faces.people))
    gain = trained(shuffled).gains[1e-3]
    assert gain.low <= 0 <= gain.high


def test_a_head_with_which_people_held_out_get_worse_is_refused() -> None:
    """What differs between faces of those who are learnt from is what tells the others apart."""
    faces = drawn(400, lone=0)
    held_out = np.isin(faces.people, split(faces, NO_RELATIVES.family).test.people)
    vectors = faces.vectors.copy()
    vectors[held_out] = vectors[held_out][:, ::-1]
    report = trained(replace(faces, vectors=vectors), "plda")
    assert report.gains[1e-3].high < 0
    assert report.refusal is not None
    assert "people held out get worse" in report.refusal


def test_relatives_are_learnt_from_or_measured_but_never_both_and_are_told_apart() -> None:
    faces = drawn(200, lone=0)
    families = Relatives({name: f"family {place // 2}" for place, name in enumerate(faces.names)})
    vectors = faces.vectors.copy()
    for place in range(0, 200, 2):
        here, there = faces.people == place, faces.people == place + 1
        vectors[here, :20] += (vectors[there].mean(axis=0) - vectors[here].mean(axis=0))[:20]
    alike = replace(faces, vectors=vectors)
    parts = split(alike, families.family)
    for part in (parts.learning, parts.validation, parts.test):
        assert {place ^ 1 for place in set(part.people.tolist())} == set(part.people.tolist())
    ((before, after),) = trained(alike, "plda", families).groups
    assert before.relatives.pairs == after.relatives.pairs > 0
    related = families.of_people(alike.names)
    assert told_apart(parts, related) > told_apart(parts, {})


def told_apart(parts: Split, related: dict[int, tuple[int, ...]]) -> float:
    """Share of pairs of relatives held out that are further apart than a pair of one person, behind a head that was
    learnt with `related` in its batches, or without."""
    settings = Descent(steps=60, rate=0.1, decay=0.001)
    names = np.unique(parts.learning.people)
    places = {name: place for place, name in enumerate(names.tolist())}
    own = {places[one]: tuple(places[each] for each in others) for one, others in related.items() if one in places}
    vectors = parts.learning.vectors.astype(np.float64)
    head = relearn(vectors, numbered(parts.learning.people), own, 0.6, settings, 60, Meter())
    test = parts.test.vectors @ head
    away = np.linalg.norm(test[:, None] - test, axis=2)
    people = parts.test.people
    same = (people[:, None] == people) & ~np.eye(len(people), dtype=bool)
    relatives = people[:, None] == people ^ 1
    return float((np.sort(away[same])[:, None] < away[relatives]).mean())


def test_groups_are_compared_before_and_after() -> None:
    faces = drawn()
    groups = GroupFile("x", {name: "even" if place % 2 else "odd" for place, name in enumerate(faces.names)}, {})
    report = train_head(faces, "x", Descent("plda"), NO_RELATIVES, groups, Meter())
    assert [(before.group, after.group) for before, after in report.groups] == [("even", "even"), ("odd", "odd")]
    assert all(before.true_matches.pairs == after.true_matches.pairs for before, after in report.groups)


def test_rates_are_those_of_brute_force_also_without_some_people() -> None:
    faces = drawn(40, 3, 5, lone=0)
    vectors, people = faces.vectors, faces.people
    pairs = near_pairs(vectors, people, 0.02)
    without = np.isin(np.arange(40), [3, 7])
    kept = ~without[people]
    for mask, chosen in ((None, np.ones(len(people), dtype=bool)), (without, kept)):
        own = people[chosen]
        distances = np.linalg.norm(vectors[chosen][:, None].astype(float) - vectors[chosen], axis=2)
        same = own[:, None] == own
        strangers = np.sort(distances[np.triu(~same)])
        threshold = strangers[int(0.02 * len(strangers)) - 1]
        np.fill_diagonal(same, val=False)
        each = ((distances <= threshold + 1e-6) & same).sum(axis=1) / same.sum(axis=1)
        assert pairs.threshold(0.02, mask) == pytest.approx(threshold, abs=1e-5)
        assert pairs.rate(0.02, mask) == pytest.approx(each.mean(), abs=1e-9)
    means = np.random.default_rng(0).standard_normal(50)
    without_each = [(means.sum() - one) / 49 for one in means]
    assert jackknife_error(without_each) == pytest.approx(means.std(ddof=1) / np.sqrt(50))


@pytest.mark.parametrize(
    ("people", "faces", "lone", "few", "reason"),
    [
        (1, 4, 0, True, "many people, and there is 1 person"),
        (0, 4, 30, True, "30 people with one face each"),
        (5, 4, 30, True, "only 5 people with two faces or more; at least 10"),
        (30, 4, 0, False, "only 30 people with two faces or more: .* --few"),
        (99, 2, 500, False, "only 99 people"),
    ],
)
def test_too_few_people_are_one_line(people: int, faces: int, lone: int, few: bool, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as error:
        check_number(drawn(people, faces, lone=lone), few=few)
    assert "\n" not in str(error.value)
    check_number(drawn(100, 2), few=False)
    check_number(drawn(30, 2), few=True)


def test_faces_of_several_sources_are_joined_by_name_each_once() -> None:
    first, second = drawn(5, 2, seed=1), drawn(5, 2, seed=1)
    other = drawn(5, 2, seed=2)
    both = joined([first, second, other])
    assert len(both.people) == len(first.people) + len(other.people)
    assert sorted(both.names) == sorted({*first.names, *other.names})


def test_sources_that_cannot_be_learnt_from_together_are_one_line() -> None:
    faces = drawn(5, 2)
    bad = faces.vectors.copy()
    bad[3, 3] = np.nan
    head = replace(recipe("dlib"), card=replace(recipe("dlib").card, head=HeadCard("x", "0", "dlib")))
    renamed = replace(faces, people=np.roll(faces.people, 2))
    for wrong, reason, kind in (
        (
            replace(faces, recipe=recipe("sface")),
            "recipes dlib and sface cannot be learnt from together",
            RecipeMismatch,
        ),
        (replace(faces, vectors=bad), "contains NaN or infinity", UsageError),
        (renamed, "one face is called both", UsageError),
        (replace(faces, recipe=head), "has a head already; learn from vectors of recipe dlib", UsageError),
        (replace(faces, recipe=vectors_only(None, 128)), "came from another program", UsageError),
    ):
        with pytest.raises(kind, match=reason) as error:
            joined([faces, wrong])
        assert "\n" not in str(error.value)
