"""Chips disturbed at random: mirrored, jittered as dlib does, and of other colours."""

from __future__ import annotations

import torch
from torch.nn import functional

TURN, SCALE, SHIFT = 3.0, 0.97, 0.02
"""Degrees, least scale and part of the side, at most: those of dlib's jitter_image (image_transforms/random_cropper as
it sets it up), which `--jitter` of a recipe has, too."""

BRIGHTNESS, TINT = 0.15, 0.04
"""Logarithms of the factors of all colours, and of each: standard deviations."""


def disturbed(chips: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each chip mirrored or not, turned, scaled and shifted a little, brighter or darker, redder or bluer.

    chips: uint8 [n, s, s, 3]. generator: on the CPU, so that a GPU draws the same. Returns: float32 [n, s, s, 3], 0 to
    255, on the device of the chips.
    """
    number, side = chips.shape[:2]
    draw = torch.rand(number, 5, generator=generator)
    colours = torch.randn(number, 4, generator=generator)
    angle = torch.deg2rad(TURN * (2 * draw[:, 0] - 1))
    scale = SCALE + (1 - SCALE) * draw[:, 1]
    mirror = torch.where(draw[:, 2] < 0.5, -1.0, 1.0)
    shift = 2 * SHIFT * (2 * draw[:, 3:] - 1)  # of half a side, which is 1 here
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [torch.stack([mirror * cosine, -sine, shift[:, 0]], 1), torch.stack([mirror * sine, cosine, shift[:, 1]], 1)]
    turn = torch.stack(rows, 1).to(chips.device)
    grid = functional.affine_grid(turn, [number, 3, side, side], align_corners=False)
    planes = chips.permute(0, 3, 1, 2).to(torch.float32)
    moved = functional.grid_sample(planes, grid, padding_mode="border", align_corners=False)
    gain = torch.exp(BRIGHTNESS * colours[:, :1] + TINT * colours[:, 1:]).to(chips.device)
    return (moved * gain[:, :, None, None]).clamp(0, 255).permute(0, 2, 3, 1)
