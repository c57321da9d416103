"""Floor 1: finds photo files, identifies them by content, and decodes them to upright RGB."""
