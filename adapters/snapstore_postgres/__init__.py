"""The postgres adapter of snapstore."""
