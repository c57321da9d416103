"""XMP packets as text: face regions and keywords are read, and changed in place."""
