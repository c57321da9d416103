"""Floor 3: model cards, checksums, and weights turned into networks that can run. What a network is for: see faces/."""
