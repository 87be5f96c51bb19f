"""The archive of rows: what is kept there, under which names, and how it comes back."""
