"""What scripts/release does beside building."""
