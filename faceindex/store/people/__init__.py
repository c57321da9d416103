"""People in the catalog: acts, names, imported names, public ids."""
