"""Where photos come from: local files and addresses. They are found, listed and opened here."""
