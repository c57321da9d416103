"""Albums exported as folders of links or copies of photos."""
