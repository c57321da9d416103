"""Floor 2: pixels to faces. A Recipe names how; an Analyser does it."""
