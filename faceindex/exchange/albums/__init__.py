"""Albums as folders of links or copies."""
