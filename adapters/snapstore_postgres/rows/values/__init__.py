"""Values of columns in the archive: how they get there, where they lie, and how they come back."""
