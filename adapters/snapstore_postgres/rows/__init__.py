"""Rows: what a restore does so that none is lost, changed or in the way."""
