"""Values and the types of their columns: what fits another type, what is lost, and what it costs."""
