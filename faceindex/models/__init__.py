"""Floor 1: model cards, checksums, and weights turned into networks that can run."""
