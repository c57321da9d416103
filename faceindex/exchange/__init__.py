"""Floor 5: export to other programs, and import from them."""
