"""Rows of the tables that ``data`` names: part of the state, and made what the target says row by row."""
