"""Networks as onnxruntime has optimised them for this machine's processor: made once, and mapped into memory.

They are in ORT format (https://onnxruntime.ai/docs/performance/model-optimizations/ort-format-models.html). Results are
the same to the byte: it is what onnxruntime would make of the network in every process.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.files.writing import make_folder
from faceindex.models.cache import cache_folder, stored
from faceindex.models.cards import model_cards
from faceindex.models.devices import CPU
from faceindex.models.graphs import convert, identity
from faceindex.models.weights import weights
from faceindex.system.machine import processor_lines

if TYPE_CHECKING:
    import onnxruntime


def options() -> onnxruntime.SessionOptions:
    """The options of every session: one thread, and no plans of memory for each size of input."""
    import onnxruntime

    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = chosen.inter_op_num_threads = 1
    chosen.log_severity_level = 3  # errors only: warnings about a user's network help nobody
    chosen.enable_mem_pattern = False  # inputs differ in size, and a memory plan for each would stay for ever
    return chosen


def optimised_session(model: str) -> onnxruntime.InferenceSession:
    """`model` on the CPU. Raises: ModelError if the weights are missing or changed."""
    import onnxruntime

    card, source = model_cards()[model], weights(model)
    made_for = [identity(card), onnxruntime.__version__, _processor()]
    name = hashlib.sha256(json.dumps(made_for).encode()).hexdigest()
    try:
        graph = stored(f"{name}.ort", lambda: _optimised(convert(card, source, one_by_one=True)))
    except OSError:  # nothing can be written into the cache folder
        return _session(convert(card, source, one_by_one=True), options())
    chosen = options()
    chosen.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if isinstance(graph, Path):  # processes share its pages, and the weights are not copied
        chosen.add_session_config_entry("session.use_memory_mapped_ort_model", "1")
        chosen.add_session_config_entry("session.use_ort_model_bytes_for_initializers", "1")
    return _session(graph, chosen)


def _session(graph: Path | bytes, chosen: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, chosen, providers=[CPU])
    session.disable_fallback()
    session._model_bytes = None  # kept for the fallback alone: 38 MB for SFace
    return session


def _optimised(graph: bytes) -> bytes:
    """The ONNX file `graph` in ORT format. Raises: OSError if nothing can be written into the cache folder."""
    from tempfile import TemporaryDirectory

    import onnxruntime

    chosen = options()
    chosen.add_session_config_entry("session.save_model_format", "ORT")
    make_folder(cache_folder())
    with TemporaryDirectory(dir=cache_folder()) as folder:
        made = Path(folder, "optimised.ort")
        chosen.optimized_model_filepath = str(made)
        onnxruntime.InferenceSession(graph, chosen, providers=[CPU])
        return made.read_bytes()


@cache
def _processor() -> str:
    """What optimisation may depend on: the processor's kind and its instructions."""
    kinds = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    if lines := processor_lines():
        return "".join(line for line in lines if line.startswith(kinds))
    import platform

    return f"{platform.machine()} {platform.processor()}"
