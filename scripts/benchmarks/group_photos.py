"""What is known about the photos of groups in the test data: where the faces, or their noses, are."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field

from harness.measure import DATA

from faceindex.evaluation.detection import DetectionScore, score_boxes, score_points
from faceindex.types import Box

GROUPS = DATA / "groups"


@dataclass(slots=True)
class Truth:
    """boxes or noses of the faces in one photo, in its pixels; both empty where nobody is."""

    boxes: list[list[int]] = field(default_factory=list)
    noses: list[list[int]] = field(default_factory=list)

    def score(self, found: list[Box], size: float) -> DetectionScore:
        """Boxes that overlap the true ones (IoU 0.3) or hold the true nose. size: how many times as wide it is now."""
        if self.boxes:
            return score_boxes(found, [Box(*(round(value * size) for value in box)) for box in self.boxes])
        return score_points(found, [(round(x * size), round(y * size)) for x, y in self.noses])


def truth_of_groups() -> dict[str, Truth]:
    """By the name of the photo; empty for photos without people."""
    known = json.loads((GROUPS / "truth.json").read_text(encoding="utf-8"))
    truth: dict[str, Truth] = defaultdict(Truth)
    for photo, boxes in known["boxes_xywh"].items():
        truth[photo].boxes = boxes
    for photo, noses in known["noses_xy"].items():
        truth[photo].noses = noses
    return truth
