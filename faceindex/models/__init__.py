"""Floor 1: model cards, checksums, and weights turned into runnable networks."""
