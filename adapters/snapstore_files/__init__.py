"""The files adapter of snapstore."""
