"""XMP packets as text: face regions and keywords, read and changed in place."""
