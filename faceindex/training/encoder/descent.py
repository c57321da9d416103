"""Learns the weights: Adam over batches of people, with looks at people who are not learnt from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from faceindex.errors import FaceindexError, JobCancelled, UsageError
from faceindex.running.meter import Meter
from faceindex.training.batches import BatchSizes, batches
from faceindex.training.encoder.augmentation import disturbed
from faceindex.training.encoder.checkpoint import RunState, keep_settings, load, save, write_log
from faceindex.training.encoder.chips_file import LEARNING, START, VALIDATION, ChipsFile
from faceindex.training.encoder.network_file import read_network
from faceindex.training.encoder.pixels import ChipPixels
from faceindex.training.encoder.settings import LOOK, PATIENCE, EncoderSettings
from faceindex.training.encoder.torch_losses import imitation_loss, pair_hinge, triplet_loss
from faceindex.training.encoder.torch_network import TorchNetwork
from faceindex.training.encoder.worth import held_out_worth
from faceindex.training.losses import Floats, People
from faceindex.types import Pixels

WATCHED = 100
"""First steps in which a rate of learning that destroys what the network knows is looked for."""

DESTROYED = 0.02
"""By how much the true accept rate of people who are not learnt from may fall, see `held_out_worth`. On lfw-dev that of
dlib's network falls by .031 in twenty steps of the rate 1e-4, and rises by .001 with 3e-6."""

_AT_ONCE = 64  # chips, where nothing is learnt


class Destroyed(FaceindexError):
    """The rate of learning is too high: the last good state is kept."""

    exit_code = 1


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """chips: uint8 [n, s, s, 3]. people: int64 [n]. wanted: float [n, d], what the teacher says; None without one."""

    chips: torch.Tensor
    people: torch.Tensor
    wanted: torch.Tensor | None


def learn_encoder(folder: Path, chips: ChipsFile, settings: EncoderSettings, device: str, meter: Meter) -> RunState:
    """Learn from the chips in `folder`, from the last checkpoint on if there is one, until nothing gets better.

    On a CPU with one thread the weights are the same, to the bit, however often it was killed in between. Raises:
    Destroyed; UsageError; JobCancelled.
    """
    torch.set_num_threads(settings.threads)
    usable(device)
    keep_settings(folder, settings)
    run = _Run(folder, chips, settings, device)
    meter.stage("learning", settings.steps)
    meter.advance(run.state.step)
    try:
        for _ in run.steps():
            meter.advance()
    except JobCancelled:
        run.keep()
        raise
    return run.state


def usable(device: str) -> None:
    """Raises: UsageError when torch has no such device here."""
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"torch {torch.__version__} has no device cuda here; leave out --device, or install its CUDA")


def vectors_by(network: nn.Module, chips: Callable[[People], Pixels], count: int, device: str) -> torch.Tensor:
    """float32 [count, d] on the device, computed in full. chips: the pixels of some places, uint8 [n, s, s, 3]."""
    found = []
    network.eval()
    with torch.no_grad(), torch.backends.cudnn.flags(allow_tf32=False):
        for first in range(0, count, _AT_ONCE):
            pixels = torch.from_numpy(chips(np.arange(first, min(first + _AT_ONCE, count))))
            found.append(network(pixels.to(device)))
    network.train()
    return torch.cat(found)


class _Run:
    """A run, from its first or its last step."""

    def __init__(self, folder: Path, chips: ChipsFile, settings: EncoderSettings, device: str) -> None:
        self.folder, self.chips, self.settings, self.device = folder, chips, settings, device
        self.pixels = ChipPixels(chips, settings.threads)
        start = read_network(folder / START)
        self.network = TorchNetwork(start, normalised=chips.settings.scratch).to(device).train()
        self.adam = torch.optim.Adam(self.network.parameters(), lr=settings.rate, foreach=device == "cuda")
        self.learning, self.validation = chips.places(LEARNING), chips.places(VALIDATION)
        self.people = np.unique(chips.people[self.learning], return_inverse=True)[1]
        if np.sum(np.bincount(self.people) > 1) + bool(settings.others) < 2:
            raise UsageError("one person with two faces or more is learnt from: a batch needs --others, too")
        self.unit = 1.0
        if settings.loss == "triplet" and not chips.settings.scratch:
            first = self._validation_vectors(self.network)
            self.unit = float(first.norm(dim=1).mean())
        self.began = time.monotonic()
        self.state = self._first_state()

    def _first_state(self) -> RunState:
        state = load(self.folder)
        if state is None:
            loss, rate = self._validated()
            weights = _copied(self.network.state_dict())
            state = RunState(0, weights, self.adam.state_dict(), weights, 0, loss, [(0, None, None, 0.0, loss, rate)])
            save(self.folder, state)
            return state
        if not state.done:
            self.network.load_state_dict(state.weights)
        if state.step and not state.done:
            self.adam.load_state_dict(state.adam)
        if state.rows:
            self.began -= state.rows[-1][3]
        return state

    def steps(self) -> Iterator[int]:
        """Steps that are done, one after the other. Raises: Destroyed."""
        state, last = self.state, self.settings.steps
        if state.done:
            return
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._batch, state.step + 1)
            for step in range(state.step + 1, last + 1):
                batch = coming.result()
                coming = ahead.submit(self._batch, min(step + 1, last))
                rate = self.settings.rate_at(step)
                loss = self._step(batch, step, rate)
                state.step = step
                look = not np.isfinite(loss) or step % LOOK == 0 or step == last
                seen, told = self._validated() if look else (None, None)
                state.rows.append((step, loss, rate, time.monotonic() - self.began, seen, told))
                if seen is not None and told is not None:
                    self._look(step, seen, told)
                yield step
                if state.done:
                    return

    def _look(self, step: int, seen: float, told: float) -> None:
        state = self.state
        first = state.rows[0][-1] or 0.0
        watched = step <= WATCHED and not self.chips.settings.scratch
        if not np.isfinite(seen) or (watched and told < first - DESTROYED):
            write_log(self.folder, state)
            raise Destroyed(
                f"the rate of learning {self.settings.rate:g} destroys what the network knows: after {step} steps it "
                f"accepts {told:.3f} of the true pairs of people who are not learnt from, at first {first:.3f}; the "
                f"weights of step {state.best_step} are kept in {self.folder}; choose a lower --rate and another --run"
            )
        if seen < state.best_loss:
            state.best, state.best_step, state.best_loss = _copied(self.network.state_dict()), step, seen
        since = sum(at > state.best_step for at, _ in state.looks)
        state.done = step == self.settings.steps or since >= PATIENCE
        self.keep()

    def keep(self) -> None:
        """Write a checkpoint of the last step; what is done needs no way to go on. Raises: OSError."""
        weights = {} if self.state.done else _copied(self.network.state_dict())
        self.state.weights, self.state.adam = weights, self.adam.state_dict() if weights else {}
        save(self.folder, self.state)

    def _step(self, batch: Batch, step: int, rate: float) -> float:
        for group in self.adam.param_groups:
            group["lr"] = rate
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + step)
        chips = disturbed(batch.chips.to(self.device, non_blocking=True), generator)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device == "cuda"):
            vectors = self.network(chips)
        loss = self._loss(vectors.float(), batch)
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.adam.step()
        return float(loss.detach())

    def _loss(self, vectors: torch.Tensor, batch: Batch) -> torch.Tensor:
        if batch.wanted is not None:
            return imitation_loss(vectors, batch.wanted.to(self.device))
        people = batch.people.to(self.device)
        if self.settings.loss == "triplet":
            return triplet_loss(vectors / self.unit, people)
        return pair_hinge(vectors, people)

    def _batch(self, step: int) -> Batch:
        """That of a step: the same in every run, whatever was done before."""
        settings = self.settings
        random = np.random.default_rng([settings.seed, step])
        sizes = BatchSizes(settings.people, settings.faces, settings.others)
        chosen = next(batches(self.people, {}, sizes, random))
        places = self.learning[chosen]
        views = random.integers(len(self.chips.images[0]), size=len(places))
        wanted = None if self.chips.wanted is None else torch.from_numpy(self.chips.wanted[places])
        return Batch(torch.from_numpy(self.pixels.of(places, views)), torch.from_numpy(self.people[chosen]), wanted)

    def _validated(self) -> tuple[float, float]:
        """Loss and true accept rate of the people for validation; with a teacher, the loss is that of imitation."""
        places = self.validation
        vectors = self._validation_vectors(self.network)
        loss, rate = held_out_worth(vectors.cpu().numpy().astype(np.float64), self.chips.people[places])
        if self.chips.wanted is not None:
            loss = float(imitation_loss(vectors.cpu(), torch.from_numpy(self.chips.wanted[places])))
        return loss, rate

    def _validation_vectors(self, network: nn.Module) -> torch.Tensor:
        places = self.validation
        return vectors_by(network, lambda some: self.pixels.of(places[some]), len(places), self.device)


def best_network(folder: Path, state: RunState, *, scratch: bool) -> TorchNetwork:
    """The network with the least loss for validation, on the CPU."""
    network = TorchNetwork(read_network(folder / START), normalised=scratch)
    network.load_state_dict(state.best)
    network.eval()
    return network


def recipe_vectors(network: nn.Module, chips: ChipsFile, places: People, device: str) -> Floats:
    """float64 [n, d], as the recipe makes vectors: the mean over views and mirror images, of its length."""
    pixels = ChipPixels(chips)
    made = []
    for view in range(len(chips.images[0])):
        for step in (1, -1) if chips.settings.mirror else (1,):

            def shown(some: People, view: int = view, step: int = step) -> Pixels:
                return np.ascontiguousarray(pixels.of(places[some], view)[:, :, ::step])

            made.append(vectors_by(network, shown, len(places), device).cpu().numpy().astype(np.float64))
    mean = np.mean(made, axis=0)
    if chips.settings.length is not None:
        mean *= chips.settings.length / np.linalg.norm(mean, axis=1, keepdims=True)
    return np.asarray(mean)


def _copied(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
