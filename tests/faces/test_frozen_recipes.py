"""Libraries outlive versions: what a shipped recipe made of a face years ago, it makes of it now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.types import Pixels

FINGERPRINTS = {
    "dlib": "14547104f62f7870d91d0bc7f096171cd870888169c8467c88479b4630257f1b",
    "dlib-raw": "a8e01ddae39da7ef88790b9fd0254aa7dc3aba6ae6c48fbf38914a4748146fe2",
    "sface": "057b9e2af3a2168b5568b994fce15834f6943584df00c4e3daa11aeb6de69e9c",
    "facenet": "2af3d5ce2cdc469d7725c3dff79dbbc45a2db13f16a320b85aa9d47f580594bc",
    "sface-upright": "6ec1359126a103c9648a06e00062ebf0e92c46586bcc0a2a8fdaaecf9de25619",
    "sface-dlib": "5a5b736b26d796a4ce844a5d1f23879a8bbe22762d236b963a9491a586d84fb2",
    "openface": "f8b0c876665f82e878ca91583e7a028bf4070a07f48b80cb98250ac193f50296",
}
FROZEN = Path(__file__).with_name("frozen_vectors.npz")
"""float32 [128] of the astronaut by each recipe whose models are in packages, before recipes had second encoders."""


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_fingerprint_is_what_it_was(name: str) -> None:
    assert recipe(name).fingerprint == FINGERPRINTS[name]


@pytest.mark.parametrize("name", ["dlib", "dlib-raw", "sface"])
def test_vector_is_what_it_was(name: str, astronaut: Pixels) -> None:
    face = max(faceindex.analyse(astronaut, recipe=name), key=lambda face: face.score)
    with np.load(FROZEN) as frozen:
        # One processor's kernels round otherwise than another's.
        assert np.abs(face.vector - frozen[name]).max() <= 1e-5
