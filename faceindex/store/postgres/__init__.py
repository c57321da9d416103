"""A copy of a library in a PostgreSQL database with pgvector, for other programs to search in."""
