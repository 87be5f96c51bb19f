"""Restores that a team reviews: a branch and a request of the store's remote, approved, then applied."""
