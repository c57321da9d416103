"""A network in a file: the plan of its layers and their weights, as plain arrays (.npz)."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from faceindex.errors import ModelError
from faceindex.files.reading import read_regular
from faceindex.files.writing import write_file
from faceindex.models.dlib_networks import Encoder, Layer, Metric, Window

_PLAN = "plan"


def write_network(path: Path, network: Encoder) -> None:
    """Write `network`; the same network gives the same arrays. Raises: OSError."""
    plan = {
        "mean": network.mean,
        "size": network.size,
        "loss": asdict(network.loss),
        "layers": [[layer.kind, layer.channels, *asdict(layer.window).values(), layer.tag] for layer in network.layers],
    }
    arrays = {f"weights {place}": layer.weights for place, layer in enumerate(network.layers)}
    arrays |= {f"bias {place}": layer.bias for place, layer in enumerate(network.layers)}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{_PLAN: np.array(json.dumps(plan))}, **arrays)
    write_file(path, file.getvalue())


def read_network(path: Path) -> Encoder:
    """What `write_network` wrote. Raises: ModelError."""
    try:
        with np.load(io.BytesIO(read_regular(path)), allow_pickle=False) as file:
            plan = json.loads(str(file[_PLAN]))
            layers = tuple(
                Layer(kind, channels, Window(*window), tag, file[f"weights {place}"], file[f"bias {place}"])
                for place, (kind, channels, *window, tag) in enumerate(plan["layers"])
            )
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise ModelError(f"{path} cannot be read as a network: {error}") from None
    red, green, blue = plan["mean"]
    return Encoder((red, green, blue), plan["size"], layers, Metric(**plan["loss"]))
