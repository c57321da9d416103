"""Floor 1: how a process runs: requests to stop, progress, compute threads, no telemetry."""
