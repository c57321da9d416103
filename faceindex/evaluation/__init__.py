"""Floor 5: how good are the answers: pure functions over arrays, and what they are applied to."""
