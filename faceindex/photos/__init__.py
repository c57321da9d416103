"""Floor 3: finds photo files, identifies them by content, decodes them to upright RGB, reads what they say. No
faces."""
