"""The state of a run on the disk: written whole or not at all, so that a killed run goes on from the last one."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from faceindex.errors import UsageError
from faceindex.files.reading import read_regular
from faceindex.files.writing import write_file
from faceindex.training.encoder.settings import EncoderSettings

CHECKPOINT, SETTINGS, LOG = "checkpoint.pt", "run.json", "log.csv"

COLUMNS = ("step", "loss", "rate", "seconds", "validation_loss", "validation_tar")
"""Of the log. The last: true accept rate of the people for validation at a false accept rate of 1e-2."""

Weights = dict[str, torch.Tensor]
Row = tuple[int, float | None, float | None, float, float | None, float | None]


@dataclass(slots=True)
class RunState:
    """step: that was done last. rows: of the log. weights, adam: of the network and of the optimiser, none when the run
    is done. best: weights with the least loss for validation, from best_step."""

    step: int
    weights: Weights
    adam: dict[str, Any]
    best: Weights
    best_step: int
    best_loss: float
    rows: list[Row] = field(default_factory=list)
    done: bool = False

    @property
    def looks(self) -> tuple[tuple[int, float], ...]:
        """(step, loss of the people for validation)."""
        return tuple((row[0], row[4]) for row in self.rows if row[4] is not None)

    @property
    def losses(self) -> tuple[tuple[int, float], ...]:
        """(step, loss of its batch)."""
        return tuple((row[0], row[1]) for row in self.rows if row[1] is not None)


def save(folder: Path, state: RunState) -> None:
    """Write checkpoint and log. Raises: OSError."""
    file = io.BytesIO()
    torch.save({name: getattr(state, name) for name in RunState.__slots__}, file)
    write_file(folder / CHECKPOINT, file.getvalue())
    write_log(folder, state)


def write_log(folder: Path, state: RunState) -> None:
    """Write the log alone, with all steps. Raises: OSError."""
    lines = [",".join(COLUMNS)]
    lines += [",".join("" if value is None else f"{value:.8g}" for value in row) for row in state.rows]
    write_file(folder / LOG, ("\n".join(lines) + "\n").encode())


def load(folder: Path) -> RunState | None:
    """What `save` wrote last; None when there is nothing. Raises: UsageError."""
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        found = torch.load(io.BytesIO(read_regular(path)), map_location="cpu", weights_only=True)
        return RunState(**found)
    except Exception as error:  # torch has errors of several kinds for a damaged file
        reason = " ".join(str(error).split())[:100]
        raise UsageError(f"{path} cannot be read: {reason}; remove it to start the run again") from None


def keep_settings(folder: Path, settings: EncoderSettings) -> None:
    """Write the settings of a new run, or see that a run that goes on has the same. Raises: UsageError; OSError."""
    path = folder / SETTINGS
    given = asdict(settings)
    if not path.exists():
        write_file(path, json.dumps(given, indent=1).encode())
        return
    try:
        former = json.loads(read_regular(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    changed = [name for name in given if former.get(name) != given[name] and name != "threads"]
    if changed:
        name = changed[0]
        raise UsageError(
            f"the run in {folder} was started with {name} {former.get(name)}, not {given[name]}; choose another --run"
        )
