"""A node works if it has what this machine has: what differs is refused, and what only this user has travels there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from contents import contents
from own_model import WEIGHTS, network, written
from ray_nodes import another_raylet

import faceindex
from faceindex.cluster.executor import RayExecutor
from faceindex.cluster.session import RaySession
from faceindex.errors import MachineError
from faceindex.models.add import add_model
from faceindex.models.cards import ENVIRONMENT, LearntCard, forget_cards, model_cards, recipe_cards
from faceindex.models.heads import add_head, headed_card

pytest.importorskip("ray", reason="the extra `cluster` is not installed")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RaySession]:
    """Ray whose head has no processor for us: nodes come with the tests. No model was added there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT, str(tmp_path_factory.mktemp("models")))
        with RaySession("ray", cpus=0, object_store=100 << 20) as started:
            yield started


@pytest.fixture(scope="module")
def node(session: RaySession) -> Iterator[None]:
    """A node that is as this machine."""
    with another_raylet(session):
        yield


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's folder of models, here."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "models"))
    forget_cards()
    yield tmp_path / "models"
    forget_cards()


def another_version(installed: Path) -> None:
    (installed / "sitecustomize.py").write_text("import faceindex; faceindex.__version__ = '0.0.1'\n")


def other_weights(installed: Path, model: str = "sface") -> None:
    folder = installed / "faceindex" / "models" / "carried"
    folder.mkdir(exist_ok=True)
    (folder / model_cards()[model].file).write_bytes(b"a network, but another one")


def other_landmarks(installed: Path) -> None:
    """Recipe sface needs them for photos that lie on their side alone."""
    other_weights(installed, "shape_predictor_5_face_landmarks")


def another_card(installed: Path) -> None:
    assert model_cards()["sface"].colour == "RGB"
    with (installed / "models" / "sface.toml").open("a") as card:
        card.write('colour = "BGR"\n')


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (another_version, f"it has faceindex 0.0.1, and this is {faceindex.__version__}"),
        (other_weights, r"\S+ is not the file that its model card describes \(sha256 differs\)"),
        (other_landmarks, r"\S+landmarks.dat is not the file that its model card describes \(sha256 differs\)"),
        (another_card, r"its recipe is another one \(fingerprint \w{12}, here \w{12}\)"),
    ],
)
def test_a_node_with_another_installation_is_refused_and_named(
    change: Callable[[Path], None],
    said: str,
    session: RaySession,
    many_photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the only one, so that the command ends with that line; `test_ray_executor` has one beside another."""
    installed = tmp_path / "installed"
    for part in ("faceindex", "models"):
        shutil.copytree(ROOT / part, installed / part, ignore=shutil.ignore_patterns("__pycache__"))
    (installed / "sitecustomize.py").write_text("import faceindex\n")  # before Ray adds the paths of the driver
    change(installed)
    monkeypatch.setenv("PYTHONPATH", str(installed))
    with another_raylet(session), faceindex.Library(tmp_path / "x.faces", recipe="sface") as library:
        with pytest.raises(MachineError, match=rf"^node 127\.0\.0\.1: {said}[^\n]*$"):
            library.ingest([many_photos], executor=RayExecutor(session))
        assert library.status().photos == library.status().failed == 0


def test_weights_that_are_altered_here_go_nowhere(
    session: RaySession, models: Path, many_photos: Path, tmp_path: Path
) -> None:
    add_model(*written(tmp_path, network(WEIGHTS)))
    with faceindex.Library(tmp_path / "x.faces", recipe="mine") as library:
        (models / "mine.onnx").write_bytes(network(WEIGHTS + 1))
        with pytest.raises(faceindex.ModelError, match=r"mine\.onnx is not the file that its model card describes"):
            library.ingest([many_photos], executor=RayExecutor(session))


@pytest.mark.parametrize("name", ["mine", "sface-head"])
def test_a_card_weights_and_a_head_of_the_user_travel_to_nodes(
    name: str, session: RaySession, node: None, models: Path, many_photos: Path, tmp_path: Path
) -> None:
    add_model(*written(tmp_path, network(WEIGHTS)))
    learnt = LearntCard("2026-01-02", "hinge", 100, 0, 200, 0, 10, 0.03, 0.03, 0, 25, 50)
    turned = np.eye(128) + 0.05 * np.random.default_rng(0).standard_normal((128, 128))
    add_head(*headed_card(recipe_cards()["sface"], "sface-head", "With a head", turned, learnt))
    for place, options in (("here", {"workers": 1}), ("ray", {"executor": RayExecutor(session)})):
        with faceindex.Library(tmp_path / place, recipe=name) as library:
            report = library.ingest([many_photos], **options)
            assert (report.new, report.failed, report.workers) == (22, 1, 1)
    assert contents(tmp_path / "ray") == contents(tmp_path / "here")
    assert len([face for face in contents(tmp_path / "ray") if face[3]]) >= 20
