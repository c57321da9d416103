"""Photos in the catalog: their paths, and faces known again after an edit."""
