"""The losses of `faceindex.training.losses` in torch: the same value and the same gradient; and one to imitate."""

from __future__ import annotations

import torch

from faceindex.training.losses import ALPHA, DISTANCE_THRESHOLD, MARGIN

_LEAST_DISTANCE = 1e-3
_ALMOST_NOTHING = 1e-4  # both as in faceindex.training.losses


def pair_hinge(
    vectors: torch.Tensor, people: torch.Tensor, threshold: float = DISTANCE_THRESHOLD, margin: float = MARGIN
) -> torch.Tensor:
    """dlib's structured metric loss, see `faceindex.training.losses.pair_hinge`; its gradient is dlib's, half of the
    value's derivative.

    vectors: float [n, d]. people: int64 [n]. Raises: ValueError without a pair of one person or of two.
    """
    with torch.no_grad():
        squares = squared_distances(vectors)
        same = people[:, None] == people
        upper = torch.ones_like(same).triu(1)
        first, second = torch.nonzero(same & upper, as_tuple=True)
        count = len(first)
        if not count or count == len(people) * (len(people) - 1) // 2:
            raise ValueError("a batch needs a pair of one person and a pair of two people")
        own = squares[first, second].sqrt()
        far = own >= threshold - margin
        a, b = torch.nonzero((squares <= (threshold + margin) ** 2) & upper & ~same, as_tuple=True)
        near = squares[a, b].sqrt()
        if len(near) > count:
            worst = near <= near.kthvalue(count).values
            a, b, near = a[worst], b[worst], near[worst]
        scale = 1 / (count + _ALMOST_NOTHING)
        value = scale * ((own[far] - (threshold - margin)).sum() + (threshold + margin - near).sum())
        pull = torch.cat([1 / own[far], -1 / near.clamp(min=_LEAST_DISTANCE)])
        one, other = torch.cat([first[far], a]), torch.cat([second[far], b])
    half = scale / 4 * (pull * (vectors[one] - vectors[other]).square().sum(dim=1)).sum()
    return value + (half - half.detach())


def semi_hard_triplets(vectors: torch.Tensor, people: torch.Tensor, alpha: float = ALPHA) -> torch.Tensor:
    """int64 [m, 3]: anchor, positive, negative, as `faceindex.training.losses.semi_hard_triplets` finds them."""
    squares = squared_distances(vectors.detach())
    same = people[:, None] == people
    anchors, positives = torch.nonzero(same & ~torch.eye(len(people), dtype=torch.bool, device=people.device)).T
    reached = squares[anchors, positives]
    strangers = squares[anchors].masked_fill(same[anchors], torch.inf)
    found, negatives = strangers.masked_fill(strangers <= reached[:, None], torch.inf).min(dim=1)
    return torch.stack([anchors, positives, negatives], dim=1)[found < reached + alpha]


def triplet_loss(vectors: torch.Tensor, people: torch.Tensor, alpha: float = ALPHA) -> torch.Tensor:
    """The mean of |a - p|^2 - |a - n|^2 + alpha over `semi_hard_triplets`; 0 without any."""
    triplets = semi_hard_triplets(vectors, people, alpha)
    if not len(triplets):
        return (vectors * 0).sum()
    a, p, n = (vectors[places] for places in triplets.T)
    return ((a - p).square().sum(dim=1) - (a - n).square().sum(dim=1) + alpha).mean()


def imitation_loss(vectors: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """The mean squared distance to what the teacher says of the same chips: float [n, d] both."""
    return (vectors - wanted).square().sum(dim=1).mean()


def squared_distances(vectors: torch.Tensor) -> torch.Tensor:
    """float [n, n], not negative."""
    norms = vectors.square().sum(dim=1)
    return (norms[:, None] + norms - 2 * vectors @ vectors.T).clamp(min=0)
