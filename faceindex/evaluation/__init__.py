"""Floor 5: how good are the answers, as pure functions over arrays."""
