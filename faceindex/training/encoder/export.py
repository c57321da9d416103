"""The learnt network as an ONNX file, seen to give what torch gives."""

from __future__ import annotations

import numpy as np
import torch

from faceindex.errors import ModelError
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.onnx_graphs import encoder_model
from faceindex.training.encoder.torch_network import TorchNetwork
from faceindex.types import Pixels

LARGEST_DIFFERENCE = 1e-5
"""Of a number of a vector, as a part of the largest one: float32 sums in another order differ by a tenth of it."""


def exported(network: TorchNetwork, chips: Pixels) -> bytes:
    """The ONNX file. chips: uint8 [n, s, s, 3], for which both must give the same. Raises: ModelError."""
    import onnxruntime

    data = encoder_model(network.network())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    given = session.run([VECTORS], {CHIPS: chips})[0]
    with torch.no_grad():
        wanted = network.eval()(torch.from_numpy(chips)).numpy()
    difference = float(np.abs(given - wanted).max() / np.abs(wanted).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise ModelError(f"the ONNX file gives other vectors than torch: they differ by {difference:.2g}")
    return data
