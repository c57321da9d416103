"""Floor 4: reader -> analyser -> writer. `run.ingest` puts them together."""
