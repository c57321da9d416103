"""`faceindex evaluate`: the group of its commands."""

from __future__ import annotations

import typer

from faceindex.cli import (
    calibrate,
    evaluate_albums,
    evaluate_clusters,
    evaluate_compare,
    evaluate_groups,
    evaluate_identify,
    evaluate_pairs,
    evaluate_robustness,
    evaluate_strangers,
)

app = typer.Typer(help="How good the recipes are, on photos of known people.", no_args_is_help=True)
app.command("lfw")(evaluate_pairs.lfw)
app.command("all-pairs")(evaluate_pairs.all_pairs)
app.command("albums")(evaluate_albums.albums)
app.command("clusters")(evaluate_clusters.clusters)
app.command("compare")(evaluate_compare.compare)
app.command("groups")(evaluate_groups.groups)
app.command("identify")(evaluate_identify.identify)
app.command("strangers")(evaluate_strangers.strangers)
app.command("robustness")(evaluate_robustness.robustness)
app.command("calibrate")(calibrate.calibrate)
