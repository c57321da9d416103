"""Photos in the catalog: what is written of them, their paths, and faces matched with those before an edit."""
