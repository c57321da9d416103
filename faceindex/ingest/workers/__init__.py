"""The processes that analyse photos, and how many of them the machine allows."""
