"""Floor 4: reader -> analyser -> writer. `run.ingest` connects them."""
