"""Floor 5: the library on disk: all SQL, segments, the lock, migrations, care. What to write is decided above."""
