"""Arrays, by what their rows are. The types are written as text, so that commands start without NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Pixels: TypeAlias = "npt.NDArray[np.uint8]"
"""uint8 [height, width, 3], upright RGB."""

Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""float32 [n, d], one face a row."""

FaceIds: TypeAlias = "npt.NDArray[np.int64]"
"""int64 [n], ids of faces in one library."""

Qualities: TypeAlias = "npt.NDArray[np.float64]"
"""float64 [n], in [0, 1] and higher for better faces; NaN is unknown."""

Labels: TypeAlias = "npt.NDArray[np.int64]"
"""int64 [n], the cluster of each row; -1 is none."""
