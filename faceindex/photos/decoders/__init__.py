"""Formats that need more than Pillow alone, and samples and colours as a screen shows them."""
