"""Floor 4: pixels to faces: a Recipe names how, an Analyser does it. No library is known here."""
