"""The image pyramid of dlib's HOG detector, to the bit (resize_image and pyramid_down<6>, 20.0).

Colours lie in planes and are worked on a row at a time, so that the compiler can use wide registers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.faces.kernels import kernel
from faceindex.types import Pixels

Planes = npt.NDArray[np.uint8]
"""uint8 [3, h, w]"""


def colour_planes(pixels: Pixels) -> Planes:
    """uint8 [h, w, 3] as [3, h, w]."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def shrunk_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the next level of the pyramid."""
    return 5 * height // 6, 5 * width // 6


def shrunk(planes: Planes) -> Planes:
    """The next level of the pyramid, 5/6 as large, with dlib's pixels."""
    height, width = shrunk_size(*planes.shape[1:])
    lefts, fractions, singles = column_positions(planes.shape[2], width)
    result = np.empty((3, height, width), dtype=np.uint8)
    _resize(planes, result, lefts, fractions, singles)
    return result


@kernel()
def column_positions(width: int, shrunk_width: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32], int]:
    """Where the columns of an image lie in one that is `width` wide.

    Returns: the pixel to the left of each column, the way from it to the next one, and how many columns are worked
    out in single precision. dlib does so four at a time, adding up the positions, until the last of the
    four would need a pixel beyond the right edge; their rounding errors are part of its results.
    """
    scale = (width - 1) / max(shrunk_width - 1, 1)
    lefts = np.zeros(shrunk_width, dtype=np.uint32)
    fractions = np.zeros(shrunk_width, dtype=np.float32)
    lanes = np.array([np.float32(-4 * scale + lane * scale) for lane in range(4)], dtype=np.float32)
    singles = 0
    while True:
        lanes += np.float32(4 * scale)
        if int(lanes[3]) + 1 >= width:
            break
        for lane in range(min(4, shrunk_width - singles)):
            lefts[singles + lane] = int(lanes[lane])
            fractions[singles + lane] = lanes[lane] - np.float32(int(lanes[lane]))
        singles += 4
    return lefts, fractions, singles


@kernel()
def _resize(
    planes: Planes,
    result: Planes,
    lefts: npt.NDArray[np.uint32],
    fractions: npt.NDArray[np.float32],
    singles: int,
) -> None:
    height, width = planes.shape[1:]
    scale = (height - 1) / max(result.shape[1] - 1, 1)
    corners = np.zeros(width, dtype=np.uint32)
    needed = np.zeros(result.shape[2], dtype=np.uint32)
    y = -scale
    for row in range(result.shape[1]):
        y += scale
        top = int(np.floor(y))
        bottom = min(top + 1, height - 1)
        for colour in range(3):
            above, below = planes[colour, top], planes[colour, bottom]
            _gather_corners(above, below, corners)
            _pick(corners, lefts, needed)
            _interpolate(needed, fractions, y - top, singles, result[colour, row])
            _interpolate_rest(above, below, y - top, singles, result[colour, row])


@kernel()
def _gather_corners(
    above: npt.NDArray[np.uint8], below: npt.NDArray[np.uint8], corners: npt.NDArray[np.uint32]
) -> None:
    """The four pixels that a point between two rows depends on, in the four bytes of one number."""
    for x in range(len(above) - 1):
        upper = np.uint32(above[x]) | np.uint32(above[x + 1]) << np.uint32(8)
        lower = np.uint32(below[x]) | np.uint32(below[x + 1]) << np.uint32(8)
        corners[x] = upper | lower << np.uint32(16)


@kernel()
def _pick(corners: npt.NDArray[np.uint32], lefts: npt.NDArray[np.uint32], needed: npt.NDArray[np.uint32]) -> None:
    """A loop of its own: the compiler does not use wide registers where a loop reads at places it cannot foresee."""
    for x in range(len(needed)):
        needed[x] = corners[lefts[x]]


@kernel()
def _interpolate(
    corners: npt.NDArray[np.uint32],
    fractions: npt.NDArray[np.float32],
    down: float,
    singles: int,
    result: npt.NDArray[np.uint8],
) -> None:
    """down: the way from the upper row to the lower one."""
    low, high = np.float32(down), np.float32(1 - down)
    one, byte = np.float32(1), np.uint32(255)
    for x in range(min(singles, len(result))):
        four = corners[x]
        right = fractions[x]
        left = one - right
        value = (high * left) * np.float32(np.int32(four & byte))
        value += (high * right) * np.float32(np.int32(four >> np.uint32(8) & byte))
        value += (low * left) * np.float32(np.int32(four >> np.uint32(16) & byte))
        value += (low * right) * np.float32(np.int32(four >> np.uint32(24)))
        result[x] = np.uint8(np.int32(value))


@kernel()
def _interpolate_rest(
    above: npt.NDArray[np.uint8],
    below: npt.NDArray[np.uint8],
    down: float,
    singles: int,
    result: npt.NDArray[np.uint8],
) -> None:
    """The columns at the right edge, which dlib works out in double precision."""
    scale = (len(above) - 1) / max(len(result) - 1, 1)
    x = -scale + singles * scale
    for column in range(singles, len(result)):
        x += scale
        left = int(np.floor(x))
        right = min(left + 1, len(above) - 1)
        way = x - left
        upper = (1 - way) * above[left] + way * above[right]
        lower = (1 - way) * below[left] + way * below[right]
        result[column] = np.uint8((1 - down) * upper + down * lower)
