"""A run of learning: it goes on to the same weights after a kill, and notices a rate that destroys."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from faceindex.errors import FaceindexError, JobCancelled, UsageError
from faceindex.running.meter import Meter
from faceindex.running.stop import Stop
from faceindex.training.encoder.chips_file import START, ChipSettings, ChipsFile, encoded, read_chips, write_chips
from faceindex.training.encoder.network_file import write_network
from faceindex.training.encoder.settings import EncoderSettings
from faceindex.training.encoder.small_network import small_network
from faceindex.training.encoder.worth import held_out_worth
from faceindex.training.losses import pair_hinge
from faceindex.types.jobs import Progress

if TYPE_CHECKING:
    from faceindex.training.encoder.checkpoint import RunState

torch = pytest.importorskip("torch", exc_type=ImportError)
descent = pytest.importorskip("faceindex.training.encoder.descent")
checkpoint = pytest.importorskip("faceindex.training.encoder.checkpoint")
finish = pytest.importorskip("faceindex.training.encoder.finish")

SIDE, PEOPLE, FACES = 80, 60, 3


def settings(rate: float = 2e-3, steps: int = 40, loss: str = "hinge") -> EncoderSettings:
    return EncoderSettings(loss, rate, steps, people=8, faces=2, others=2)


SETTINGS = settings()

ELSEWHERE = """
import sys
for name in ("dlib", "faiss", "jinja2", "pathspec", "platformdirs", "psutil", "rich", "tomli_w", "typer"):
    sys.modules[name] = None
from faceindex.training.encoder.__main__ import main
sys.exit(main())
"""
"""On a machine that has not what else faceindex needs."""


def drawn_people() -> ChipsFile:
    """People are blots of four colours; a face of theirs has another tint, is shifted, and noisy."""
    random = np.random.default_rng(0)
    images, rows = [], np.mgrid[:SIDE, :SIDE].transpose(1, 2, 0)
    for _ in range(PEOPLE):
        middles, colours = random.uniform(16, 64, (4, 2)), random.uniform(-90, 90, (4, 3))
        for _ in range(FACES):
            places = rows[:, :, None] - middles - 2 * random.normal(size=2)
            blots = np.exp(-np.square(places).sum(axis=3) / 240) @ colours
            chip = 128 + blots + 15 * random.normal(size=3) + 12 * random.normal(size=(SIDE, SIDE, 1))
            images.append([encoded(np.clip(chip, 0, 255).astype(np.uint8))])
    parts = np.repeat(np.array([0] * 36 + [1] * 9 + [2] * 15, dtype=np.uint8), FACES)
    nothing_known = ChipSettings("dlib-raw", SIDE, mirror=False, length=None, scratch=True)
    return ChipsFile(nothing_known, images, np.repeat(np.arange(PEOPLE), FACES), parts)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    write_chips(folder, drawn_people())
    write_network(folder / START, small_network(SIDE, 0))
    return folder


def learn(folder: Path, chosen: EncoderSettings = SETTINGS) -> RunState:
    state: RunState = descent.learn_encoder(folder, read_chips(folder), chosen, "cpu", Meter())
    return state


def test_people_not_learnt_from_are_told_apart_better_and_the_log_says_how(run: Path) -> None:
    large = EncoderSettings(rate=2e-3, steps=60, people=16, faces=3, others=0)
    state = learn(run, large)
    assert state.best_loss < state.looks[0][1] / 2
    with (run / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(state.step + 1))
    assert [float(row["validation_loss"]) for row in rows if row["validation_loss"]] == pytest.approx(
        [loss for _, loss in state.looks]
    )
    report = finish.finish(run, read_chips(run), state, large, "small", "cpu")
    gain = next(iter(report.gains.values()))
    assert report.refusal is None
    assert gain.low > 0
    assert report.model.learnt is not None
    assert (report.model.learnt.people, report.model.learnt.held_out_people) == (36, 15)
    assert report.model.learnt.steps == state.best_step > 0
    private = [path.stat().st_mode & 0o077 for path in (run, *run.iterdir())]
    assert private == [0] * len(private)


def test_a_killed_run_goes_on_to_the_same_weights(run: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    for name in ("chips.h5", START):
        (whole / name).write_bytes((run / name).read_bytes())
    wanted = learn(whole)
    options = [
        f"--{name}={value}"
        for name, value in (("rate", 2e-3), ("steps", 40), ("people", 8), ("faces", 2), ("others", 2))
    ]
    program = [sys.executable, "-c", ELSEWHERE, str(run), *options]
    process = subprocess.Popen(program, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    while not (run / "log.csv").exists() or "\n20," not in (run / "log.csv").read_text():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    killed_at = checkpoint.load(run)
    assert killed_at is not None
    assert killed_at.step == 20
    found = learn(run)
    assert (found.step, found.best_step, found.looks) == (wanted.step, wanted.best_step, wanted.looks)
    assert wanted.best.keys() == found.best.keys()
    assert all(torch.equal(found.best[name], weights) for name, weights in wanted.best.items())
    assert learn(run).rows == found.rows  # it is done, and nothing is done again


def test_stopped_by_the_user_it_goes_on_from_its_last_step(run: Path) -> None:
    stop = Stop()

    def watch(progress: Progress) -> None:
        if progress.done >= 3:
            stop.set()

    with pytest.raises(JobCancelled):
        descent.learn_encoder(run, read_chips(run), SETTINGS, "cpu", Meter(watch, stop))
    kept = checkpoint.load(run)
    assert kept is not None
    assert kept.step >= 3
    assert not kept.done
    assert learn(run).done


@pytest.mark.parametrize("rate", [0.3, 1e30])
def test_a_rate_that_destroys_is_noticed_and_the_last_good_state_is_kept(run: Path, rate: float) -> None:
    good = learn(run)
    write_network(run / START, descent.best_network(run, good, scratch=True).network())
    file = read_chips(run)
    known = ChipSettings("dlib-raw", SIDE, mirror=False, length=None)
    write_chips(run, ChipsFile(known, file.images, file.people, file.parts))
    for name in ("checkpoint.pt", "run.json", "log.csv"):
        (run / name).unlink()
    with pytest.raises(FaceindexError, match=r"destroys what the network knows: after \d+ steps") as error:
        learn(run, settings(rate, 200))
    assert error.value.exit_code == 1
    assert "\n" not in str(error.value)
    assert int(str(error.value).split(" steps")[0].rpartition(" ")[2]) <= descent.WATCHED
    kept = checkpoint.load(run)
    assert kept is not None
    assert all(weights.isfinite().all() for weights in kept.best.values())
    assert len((run / "log.csv").read_text().splitlines()) > 2


def test_triplets_teach_and_a_teacher_is_imitated(run: Path) -> None:
    triplets = settings(loss="triplet")
    assert learn(run, triplets).best_step > 0
    (run / "checkpoint.pt").unlink()
    (run / "run.json").unlink()
    file = read_chips(run)
    wanted = np.eye(128, dtype=np.float32)[file.people]
    write_chips(run, ChipsFile(file.settings, file.images, file.people, file.parts, wanted))
    state = learn(run)
    first, *_, last = state.losses
    assert last[1] < first[1] / 2


def test_wrong_input_is_one_line(run: Path) -> None:
    few = settings(2e-3, 1)
    learn(run, few)
    cases = [
        (settings(1e-3, 1), "was started with rate 0.002, not 0.001"),
        (few, "checkpoint.pt cannot be read: .* remove it"),
    ]
    for chosen, reason in cases:
        with pytest.raises(UsageError, match=reason) as error:
            learn(run, chosen)
        assert "\n" not in str(error.value)
        (run / "checkpoint.pt").write_bytes((run / "checkpoint.pt").read_bytes()[:5000])
    file = read_chips(run)
    kept = np.flatnonzero((file.parts > 0) | (file.people == 0) | (np.arange(len(file.people)) % FACES == 0))
    images = [file.images[place] for place in kept.tolist()]
    write_chips(run, ChipsFile(file.settings, images, file.people[kept], file.parts[kept]))
    for name in ("checkpoint.pt", "run.json"):
        (run / name).unlink()
    with pytest.raises(UsageError, match="one person with two faces or more is learnt from: a batch needs --others"):
        learn(run, EncoderSettings(rate=2e-3, steps=1, people=8, faces=2, others=0))
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="has no device cuda here"):
            descent.usable("cuda")


def test_a_look_does_not_depend_on_the_scale_of_vectors_and_sees_those_that_say_nothing() -> None:
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(30), 3)
    vectors = random.normal(size=(30, 16))[people] * 0.1 + random.normal(size=(90, 16)) * 0.06
    loss, rate = held_out_worth(vectors, people)
    assert held_out_worth(7 * vectors, people) == pytest.approx((loss, rate))
    scales = np.geomspace(0.1, 10, 2000)
    least = min(pair_hinge(scale * vectors, people).value for scale in scales)
    assert loss == pytest.approx(least, rel=0.02)
    worse, lower = held_out_worth(vectors + random.normal(size=vectors.shape) * 0.06, people)
    assert worse > loss
    assert lower < rate
    assert held_out_worth(np.ones((90, 16)), people) == (np.inf, 0)
    assert np.isnan(held_out_worth(np.where(vectors > 0, np.nan, vectors), people)[0])
