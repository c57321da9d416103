"""Names in sidecars and in photos, read and written."""
