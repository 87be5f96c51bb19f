"""Fastly, by its API."""
