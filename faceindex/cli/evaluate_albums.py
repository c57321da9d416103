"""`faceindex evaluate albums`."""

from __future__ import annotations

from dataclasses import asdict

from faceindex.cli import evaluate_output as evaluated
from faceindex.cli import options
from faceindex.cli.evaluate_output import faces_as_object, ingested, names, print_drawn, print_faces, rate
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.evaluation.measures import Albums, measure_albums
from faceindex.evaluation.pictures import draw_albums_around
from faceindex.evaluation.plots import require_matplotlib
from faceindex.faces.engine import Engine
from faceindex.plurals import plural


def albums(
    folder: evaluated.Labelled,
    name: options.RecipeName = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    precision: options.Precision = None,
    half: evaluated.Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: evaluated.Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """Make albums as `cluster` does, and compare them with the people who are in them."""
    if plots:
        require_matplotlib()
    chosen = options.recipe_with(name, detector, landmarks, jitter, precision)
    faces = ingested(chosen, folder, half, Engine(engine, device), workers, keep)
    result = measure_albums(faces)
    drawn = draw_albums_around(plots, faces) if plots else []
    if as_json:
        print_json(faces_as_object(faces, half) | albums_as_object(result) | {"plots": names(drawn)})
        return
    print_faces(faces)
    _print_albums(result)
    print_drawn(drawn)


def albums_as_object(result: Albums) -> dict[str, object]:
    """Albums and their score as JSON has them."""
    return (
        {"method": result.method, "threshold": result.threshold}
        | asdict(result.score)
        | {"clicks": result.score.clicks}
    )


def _print_albums(result: Albums) -> None:
    score = result.score
    print_table(
        (f"{result.method} at {result.threshold:g}", "precision#", "recall#", "F#"),
        [
            ("B-cubed", rate(score.bcubed.precision), rate(score.bcubed.recall), rate(score.bcubed.f)),
            ("pairs", rate(score.pairwise.precision), rate(score.pairwise.recall), rate(score.pairwise.f)),
        ],
    )
    print_line(
        f"{plural(score.albums, 'album')}, {plural(score.alone, 'face')} alone; purity {score.purity:.4f}; "
        f"{score.albums_per_person:.2f} albums per person"
    )
    print_line(f"clicks to perfect albums: {score.clicks:,} (moves: {score.moves:,}, merges: {score.merges:,})")
