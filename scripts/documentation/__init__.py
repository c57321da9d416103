"""What the documentation holds that is written by programs: commands, the HTTP API, JSON shapes, plots."""
