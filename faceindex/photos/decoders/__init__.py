"""Formats that Pillow alone cannot read, and conversion of samples and colours for a screen."""
