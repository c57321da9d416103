"""Floor 7: crops of faces and previews of photos, made in worker processes and cached in the library's folder."""
