"""The executor for GPUs, run with the CPU: several processes align, one encodes, and its end costs no photo."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
from pooled import photos

from faceindex.errors import MachineError
from faceindex.faces.aligned import AlignedFace, AlignedPhoto
from faceindex.faces.analyse import Analyser
from faceindex.faces.detect import Detection
from faceindex.faces.recipe import recipe
from faceindex.ingest.workers import encoder, encoding_pool
from faceindex.ingest.workers.encoding_pool import EncodingPool
from faceindex.ingest.workers.executor import Analysed, Executor, Task
from faceindex.ingest.workers.in_line import InLine
from faceindex.ingest.workers.local import local_executor
from faceindex.ingest.workers.pool import ProcessPool
from faceindex.ingest.workers.worker import AlignedFile
from faceindex.ingest.workers.worker_process import WorkerProcess
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files
from faceindex.types import AnalysedPhoto


def by(executor: Executor, analyser: Analyser, files: list[FoundFile], *, kill: int = 0) -> dict[str, Analysed]:
    """kill: how many times the encoding process is killed as soon as it is there: it has something to do."""
    answers: dict[str, Analysed] = {}
    left, killed = list(files), list[WorkerProcess]()
    with closing(executor):
        while len(answers) < len(files):
            while left and executor.room:
                executor.submit(Task(left.pop(), analyser))
            process = executor._encoder if isinstance(executor, EncodingPool) else None
            if process and len(killed) < kill and process not in killed:
                process.kill()
                killed.append(process)
            for answer in executor.answers(0.05):
                assert answer.file.path not in answers
                answers[answer.file.path] = answer
    assert len(killed) == kill
    return answers


@pytest.fixture(scope="module")
def files(shared_data: Path) -> list[FoundFile]:
    return [file for file in find_files([shared_data / "album"]) if isinstance(file, FoundFile)][:12]


@pytest.fixture(scope="module")
def usual(files: list[FoundFile]) -> dict[str, Analysed]:
    return by(InLine(), Analyser(recipe()), files)


@pytest.mark.parametrize("kills", [0, 2])
def test_vectors_are_the_usual_ones_even_if_the_encoder_is_killed(
    kills: int, files: list[FoundFile], usual: dict[str, Analysed]
) -> None:
    found = by(EncodingPool(2), Analyser(recipe()), files, kill=kills)
    assert found.keys() == usual.keys()
    for path, answer in found.items():
        photo, expected = answer.photo, usual[path].photo
        assert photo is not None
        assert expected is not None
        assert [face.box for face in photo.faces] == [face.box for face in expected.faces]
        for face, same in zip(photo.faces, expected.faces, strict=True):
            assert np.abs(face.vector - same.vector).max() <= 1e-5
            assert face.quality == pytest.approx(same.quality, abs=1e-5)
    assert sum(len(answer.photo.faces) for answer in found.values() if answer.photo) > 5


def test_a_photo_that_kills_its_decoder_costs_itself_only(tmp_path: Path, hostile: Analyser) -> None:
    found = by(EncodingPool(2), hostile, photos(tmp_path, "a-face", "b-crash", "c-face", "d", "e-killed-face"), kill=1)
    assert {Path(path).stem: answer.error for path, answer in found.items() if not answer.photo} == {
        "b-crash": "its decoder crashed (SIGSEGV)"
    }


def test_an_encoder_that_ends_again_and_again_is_a_circumstance(tmp_path: Path, hostile: Analyser) -> None:
    with pytest.raises(MachineError, match="the process that encodes faces ends again and again: SIGKILL"):
        by(EncodingPool(1), hostile, photos(tmp_path, "a-face"), kill=encoding_pool._DEATHS)


def test_other_devices_than_the_cpu_get_one_encoding_process() -> None:
    assert isinstance(local_executor(2, device="cuda"), EncodingPool)
    assert isinstance(local_executor(2, device="CPU"), ProcessPool)
    assert isinstance(local_executor(0, device="cuda"), InLine)


def test_faces_wait_for_others_only_until_they_are_enough() -> None:
    face = AlignedFace(Detection(0, 0, 8, 8, 1.0), np.zeros((5, 2), np.float32), [], None)
    waiting: SimpleQueue[AlignedFile | None] = SimpleQueue()
    for number in range(5):
        photo = AlignedPhoto(AnalysedPhoto(8, 8, ()), (face, face))
        waiting.put(AlignedFile(FoundFile(str(number), 0, 0, False), photo, Counter()))
    assert [len(encoder._next_batch(waiting, enough=4)) for _ in range(3)] == [2, 2, 1]  # the last after a bounded time
    waiting.put(None)
    assert encoder._next_batch(waiting, enough=4) == []
