"""Looks at rows before anything is changed, and what a plan leaves of what they see."""
