"""Learn from a prepared folder of chips, on a machine without the rest of faceindex: `python -m
faceindex.training.encoder FOLDER --device cuda`. `faceindex train encoder --run FOLDER` then makes the recipe."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from faceindex.errors import FaceindexError
from faceindex.files.writing import write_file
from faceindex.plurals import plural
from faceindex.running.meter import Meter
from faceindex.training.encoder.chips_file import START, TEST, read_chips
from faceindex.training.encoder.descent import best_network, learn_encoder, recipe_vectors
from faceindex.training.encoder.export import exported
from faceindex.training.encoder.network_file import read_network
from faceindex.training.encoder.pixels import ChipPixels
from faceindex.training.encoder.settings import DEVICES, EncoderSettings
from faceindex.training.encoder.torch_network import TorchNetwork
from faceindex.training.near_pairs import near_pairs, shown
from faceindex.types.jobs import Progress

NETWORK = "network.onnx"
RATES = (1e-2, 1e-3, 1e-4, 1e-5)


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or that of the error."""
    parser = argparse.ArgumentParser(prog="python -m faceindex.training.encoder", description=__doc__)
    parser.add_argument("folder", type=Path, help="with chips.h5 and start.npz, of `train encoder --prepare`")
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    defaults = EncoderSettings()
    for field in fields(EncoderSettings):
        value = getattr(defaults, field.name)
        parser.add_argument(f"--{field.name}", type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    folder, device = given.pop("folder"), given.pop("device")
    try:
        _learn(folder, EncoderSettings(**given), device)
    except FaceindexError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _learn(folder: Path, settings: EncoderSettings, device: str) -> None:
    chips = read_chips(folder)
    state = learn_encoder(folder, chips, settings, device, Meter(_tell))
    for step, *_, loss, rate in state.rows:
        if loss is not None:
            print(f"step {step}: people not learnt from have a loss of {loss:.5f}, TAR {rate:.4f} at FAR 0.01")
    print(f"best: step {state.best_step} of {state.step}, {state.rows[-1][3]:.1f} s")
    places = chips.places(TEST)
    start = TorchNetwork(read_network(folder / START), normalised=chips.settings.scratch)
    learnt = best_network(folder, state, scratch=chips.settings.scratch)
    write_file(folder / NETWORK, exported(learnt, ChipPixels(chips).of(places[:16])))
    people = chips.people[places]
    told = shown(RATES, people)
    both = []
    for network in (start, learnt):
        vectors = recipe_vectors(network.to(device), chips, places, device)
        pairs = near_pairs(vectors, people, max(told, default=0.1))
        both.append([pairs.rate(far) for far in told])
    held_out = plural(len(set(people.tolist())), "person", "people")
    for far, before, after in zip(told, *both, strict=True):
        print(f"TAR at FAR {far:g}, {held_out} held out: {before:.4f} -> {after:.4f}")


def _tell(progress: Progress) -> None:
    if progress.done % 20 == 0:
        print(f"step {progress.done} of {progress.total}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
