"""The steps of the catalog's schema, a module each, in the order of their numbers. A step that was released stays."""
