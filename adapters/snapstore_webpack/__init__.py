"""The webpack adapter of snapstore."""
