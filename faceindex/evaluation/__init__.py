"""Floor 8: how good answers are, measured on labelled faces. The answers themselves are made on the floors below."""
