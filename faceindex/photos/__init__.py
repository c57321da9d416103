"""Floor 1: find photo files, know them by their content, decode them to upright RGB."""
