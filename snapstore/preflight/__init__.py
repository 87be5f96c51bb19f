"""The checklist before a deploy: each item a check that can fail, and says how to repair what it found."""
