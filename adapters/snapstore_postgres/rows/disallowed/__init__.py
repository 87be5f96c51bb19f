"""Rows that the target does not allow: told before anything is changed, deleted where data is given up."""
