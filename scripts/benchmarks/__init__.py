"""Each module that has a function `run` is a benchmark: its name is what `scripts/bench` calls it by."""
