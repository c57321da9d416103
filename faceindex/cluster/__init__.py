"""Floor 7: the same work on Ray, on this machine or on others. The engine is Ray; what is done there is in ingest/,
search/ and clustering/."""
