"""Measuring a deploy: what its metrics were before it, what they are now, and whether that is still good."""
