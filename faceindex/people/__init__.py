"""Floor 8: what users decide about faces, the albums that follow, and suggestions. The journal is on floor 3, its
rows in store/."""
