"""Restores beside those who work: what takes long in steps that nobody has to wait for."""
