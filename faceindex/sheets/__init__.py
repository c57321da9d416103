"""Floor 5: answers to look at, as self-contained HTML pages."""
