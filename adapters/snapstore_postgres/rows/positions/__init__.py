"""Positions of sequences: where they were, and where they go on."""
