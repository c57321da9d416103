"""Arrays, by what their rows are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""uint8 [height, width, 3], upright RGB."""

Vectors = npt.NDArray[np.float32]
"""float32 [n, d], one face a row."""

FaceIds = npt.NDArray[np.int64]
"""int64 [n], ids of faces in one library."""

Qualities = npt.NDArray[np.float64]
"""float64 [n], in [0, 1] and higher for better faces; NaN is unknown."""

Labels = npt.NDArray[np.int64]
"""int64 [n], the cluster of each row; -1 is none."""
