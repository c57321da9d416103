"""Floor 2: how a process runs: requests to stop, progress, compute threads, no telemetry. What it does is known
above."""
