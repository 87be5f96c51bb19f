"""Rules for tables: how one comes, changes, and goes to the archive."""
