"""Telling people what happens. Whatever goes wrong with that is a warning, and stops nothing."""
