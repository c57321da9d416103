"""Where photos come from: local files and addresses, found, listed, opened."""
