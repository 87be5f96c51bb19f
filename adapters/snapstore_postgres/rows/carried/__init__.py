"""Rows of a table that is made anew: what of it is carried over, and the two actions that do so."""
