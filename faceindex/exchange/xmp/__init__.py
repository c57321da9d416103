"""Names in sidecars and photos (XMP), read and written."""
