"""Floor 5: what leaves the library for other programs, and what comes in from them."""
