"""`faceindex train encoder`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli import options
from faceindex.cli.gain_rows import gain_object, print_gains
from faceindex.cli.output import errors, print_json, print_line
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import on_signals
from faceindex.errors import UsageError
from faceindex.evaluation.plots import draw_learning, require_matplotlib
from faceindex.faces.recipe import Recipe
from faceindex.faces.recipe import recipe as recipe_named
from faceindex.faces.trial import try_recipe
from faceindex.models.add import add_model
from faceindex.models.heads import check_new_name
from faceindex.plurals import plural
from faceindex.running.meter import Meter
from faceindex.training.encoder.chips_file import CHIPS, ChipsFile, read_chips
from faceindex.training.encoder.collect import named_in
from faceindex.training.encoder.prepare import check_recipe, prepare
from faceindex.training.encoder.settings import DEVICES, LOSSES, EncoderSettings

if TYPE_CHECKING:
    from faceindex.training.encoder.checkpoint import RunState
    from faceindex.training.encoder.finish import EncoderReport

_DEFAULTS = EncoderSettings()


def encoder(
    run: Annotated[
        Path, typer.Option("--run", metavar="DIR", help="Chips, checkpoints and log. The same command goes on with it.")
    ],
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[LIBRARY|DIR]...", help="Further ones, as after --from.")
    ] = None,
    sources: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="LIBRARY|DIR", help="A library with named people, or a folder per person."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Of the new recipe. Default: the recipe's, with -learnt."),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", metavar="NAME", help="That cuts the chips. Default: the library's, or dlib."),
    ] = None,
    loss: Annotated[str, typer.Option(metavar="|".join(LOSSES), help="What is made small.")] = _DEFAULTS.loss,
    teacher: Annotated[
        str | None, typer.Option(metavar="NAME", help="A recipe whose vectors are imitated, such as sface; no loss.")
    ] = None,
    scratch: Annotated[
        bool, typer.Option("--scratch", help="A small network from nothing, not dlib's ResNet.")
    ] = False,
    few: Annotated[bool, typer.Option("--few", help="Learn from fewer than 100 people, too.")] = False,
    rate: Annotated[float, typer.Option(min=0, help="Learning rate. With --scratch 1e-3 is usual.")] = _DEFAULTS.rate,
    steps: Annotated[int, typer.Option(min=1, help="Steps at most.")] = _DEFAULTS.steps,
    people: Annotated[int, typer.Option(min=2, help="With two faces or more, in a batch.")] = _DEFAULTS.people,
    faces: Annotated[int, typer.Option(min=2, help="Of each of them, at most.")] = _DEFAULTS.faces,
    others: Annotated[int, typer.Option(min=0, help="Further people in a batch, one face each.")] = _DEFAULTS.others,
    seed: Annotated[int, typer.Option(min=0, help="Of batches and disturbances.")] = 0,
    device: Annotated[str, typer.Option(metavar="|".join(DEVICES), help="That torch learns on.")] = "cpu",
    threads: options.Threads = 1,
    prepare_only: Annotated[bool, typer.Option("--prepare", help="Cut the chips, and stop.")] = False,
    jpeg: Annotated[bool, typer.Option("--jpeg", help="Chips as JPEG: a fifth of the bytes, to carry away.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure, and keep no recipe.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw losses and rates into this file.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Learn dlib's ResNet further, or a small network, and say what it gains on people who were not learnt from.

    It becomes a recipe. `faceindex reencode --recipe NAME NEW.faces` makes a library with it.
    """
    if plot:
        require_matplotlib()
    if loss not in LOSSES:
        raise UsageError(f"no loss is called {loss}; there are {', '.join(LOSSES)}")
    if device not in DEVICES:
        raise UsageError(f"torch learns on {' or '.join(DEVICES)}, not on {device}")
    if name is not None:
        check_new_name(name)
    if not prepare_only:
        _require_torch()
    places = [*(sources or ()), *(more or ())]
    settings = EncoderSettings(loss, rate, steps, people, faces, others, seed, threads)
    with progress_bar(places) as progress:
        meter = Meter(progress)
        with on_signals(meter.stop.set):
            chips = _chips(run, places, recipe, teacher, meter, scratch=scratch, few=few, seed=seed, jpeg=jpeg)
            if prepare_only:
                _print_prepared(run, chips, as_json=as_json)
                return
            chosen = name or f"{chips.settings.recipe}-learnt"
            check_new_name(chosen)
            state, report = _learnt(run, chips, settings, chosen, device, meter)
    kept = report.refusal is None and not dry_run
    if kept:
        _keep(run, report)
    drawn = draw_learning(plot, chosen, state.losses, state.looks, *report.curves) if plot else None
    if as_json:
        print_json(_as_object(report, state, kept=kept) | {"plot": None if drawn is None else str(drawn)})
    else:
        _print(report, state)
        if drawn:
            print_line(str(drawn))
        if kept:
            print_line(
                f"kept as recipe {chosen}; `faceindex reencode --recipe {chosen} NEW.faces` makes a library with it"
            )
    if report.refusal is not None:
        errors.print(f"the network is not kept: {report.refusal}", markup=False)
        raise typer.Exit(1)


def _require_torch() -> None:
    if find_spec("torch") is None:
        raise UsageError("learning a network needs torch: pip install 'faceindex[train]'")


def _chips(
    run: Path,
    places: Sequence[Path],
    name: str | None,
    teacher: str | None,
    meter: Meter,
    *,
    scratch: bool,
    few: bool,
    seed: int,
    jpeg: bool,
) -> ChipsFile:
    """Those of the run, cut now if it is a new one."""
    if (run / CHIPS).exists():
        chips = read_chips(run)
        _check_same(run, chips, name, teacher, scratch=scratch)
        return chips
    if not places:
        raise UsageError("say what to learn from: --from LIBRARY, or --from DIR with a folder per person")
    asked = recipe_named(name) if name else None
    taught = recipe_named(teacher) if teacher else None
    if asked:
        check_recipe(asked, taught, scratch=scratch)
    found, library = named_in(places, asked, few=few)
    chosen: Recipe = library or recipe_named("dlib")
    check_recipe(chosen, taught, scratch=scratch)
    chips, missing = prepare(
        run, found, chosen, taught, meter, scratch=scratch, few=few, seed=seed, kind="JPEG" if jpeg else "PNG"
    )
    if missing:
        errors.print(f"{plural(missing, 'face')} could not be found again in the photos and are left out", markup=False)
    return chips


def _check_same(run: Path, chips: ChipsFile, name: str | None, teacher: str | None, *, scratch: bool) -> None:
    former = chips.settings
    for what, given, was in (
        ("recipe", name or former.recipe, former.recipe),
        ("teacher", teacher or former.teacher, former.teacher),
        ("--scratch", scratch or former.scratch, former.scratch),
    ):
        if given != was:
            raise UsageError(f"the chips in {run} were cut with {what} {was}, not {given}; choose another --run")


def _learnt(
    run: Path, chips: ChipsFile, settings: EncoderSettings, name: str, device: str, meter: Meter
) -> tuple[RunState, EncoderReport]:
    # Imported here: torch takes seconds to load.
    from faceindex.training.encoder.descent import learn_encoder
    from faceindex.training.encoder.finish import finish

    state = learn_encoder(run, chips, settings, device, meter)
    meter.stage("measuring")
    return state, finish(run, chips, state, settings, name, device)


def _keep(run: Path, report: EncoderReport) -> None:
    from faceindex.training.encoder.finish import write_files

    try:
        network, card = write_files(run, report)
    except OSError as error:
        raise UsageError(f"cannot write to {run}: {error.strerror or error}") from error
    add_model(network, card, try_recipe)


def _print_prepared(run: Path, chips: ChipsFile, *, as_json: bool) -> None:
    people = len(set(chips.people.tolist()))
    if as_json:
        print_json({"run": str(run), "people": people, "faces": len(chips.people)})
        return
    print_line(f"{plural(len(chips.people), 'face')} of {plural(people, 'person', 'people')} in {run}")


def _as_object(report: EncoderReport, state: RunState, *, kept: bool) -> dict[str, object]:
    people, faces = report.held_out
    return {
        "recipe": report.recipe.name,
        "kept": kept,
        "refused": report.refusal,
        "learnt": asdict(report.model.learnt) if report.model.learnt else None,
        "held_out": {"people": people, "faces": faces},
        "points": [{"far": far} | gain_object(gain) for far, gain in report.gains.items()],
        "albums_f": {"before": report.albums[0], "after": report.albums[1]},
        "identification": None if report.named is None else gain_object(report.named),
        "match_threshold": report.recipe.match_threshold,
        "cluster_threshold": report.recipe.cluster_threshold,
        "steps": state.step,
        "validation": [{"step": step, "loss": loss} for step, loss in state.looks],
    }


def _print(report: EncoderReport, state: RunState) -> None:
    people, faces = report.held_out
    print_line(
        f"measured on {plural(people, 'person', 'people')} not learnt from, {plural(faces, 'face')}; "
        f"step {state.best_step} of {state.step}"
    )
    print_gains(report.gains, report.albums, report.named, report.recipe)
