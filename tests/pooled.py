"""Photos of nothing, and a pool that they go through."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from PIL import Image

from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers.executor import Analysed, Task
from faceindex.ingest.workers.pool import ProcessPool
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files


def photos(folder: str | Path, *names: str) -> list[FoundFile]:
    for name in names:
        Image.new("RGB", (8, 8)).save(Path(folder, f"{name}.png"))
    return [file for file in find_files([folder]) if isinstance(file, FoundFile)]


def run(analyser: Analyser, files: list[FoundFile], *, workers: int = 2, **limits: Any) -> dict[str, Analysed]:
    answers: dict[str, Analysed] = {}
    left = list(files)
    with closing(ProcessPool(workers, **limits)) as working:
        while left or working.waiting:
            while left and working.room:
                working.submit(Task(left.pop(0), analyser))
            for answer in working.answers(timeout=1):
                name = Path(answer.file.path).stem
                assert name not in answers
                answers[name] = answer
    return answers
